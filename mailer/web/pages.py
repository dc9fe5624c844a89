"""HTML from pages/*.html: one environment for a console, values escaped, times in the shop's zone."""

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from starlette.responses import HTMLResponse

from mailer.calendars import in_words, parse_zone, time_left
from mailer.config import Settings
from mailer.rendering.environment import pages_environment
from mailer.signing import digest

_HERE = Path(__file__).parent
STATIC = _HERE / "static"


class Pages:
    """The pages of one console."""

    def __init__(self, settings: Settings) -> None:
        zone = parse_zone(settings.shop.zone)
        self._environment = pages_environment(_HERE / "pages")
        self._environment.filters.update(
            moment=lambda at: say_moment(at.astimezone(zone)),
            time=lambda at: f"{at.astimezone(zone):%H:%M:%S}",
            left=time_left,
            ago=lambda at, now: f"{in_words(now - at)} ago",
            day=say_day,
        )
        # The address changes with the bytes, so browsers may keep the file for ever.
        style = digest((STATIC / "console.css").read_bytes())[:12]
        self._environment.globals.update(shop=settings.shop.name, zone=settings.shop.zone, style=style)
        # What a page need not know: who looks, and what they wrote.
        self._environment.globals.update(person=None, kept="")

    def render(
        self, file: str, /, *, status: int = 200, headers: Mapping[str, str] | None = None, **values: Any
    ) -> HTMLResponse:
        """The page of that name."""
        return HTMLResponse(self._environment.get_template(file).render(**values), status, headers)


def say_moment(at: datetime) -> str:
    """As in `22 Nov 2026, 12:00`."""
    return f"{say_day(at)}, {at:%H:%M}"


def say_day(day: date) -> str:
    """As in `22 Nov 2026`."""
    return f"{day.day} {day:%b %Y}"
