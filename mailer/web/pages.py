"""HTML from pages/*.html: values escaped, texts in the viewer's language, times in the viewer's zone."""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

from mailer.calendars import parse_zone
from mailer.config import Settings
from mailer.rendering.environment import pages_environment, speak
from mailer.signing import digest
from mailer.web.languages import LANGUAGES, Clockwork, translations
from mailer.web.sayings import Sayings

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
BUNDLE = _HERE / "bundle"
# One for each language and zone that somebody looks from.
_SIGHTS = 32
_COMMAND = re.compile(r"`([^`\n]+)`")


class Pages:
    """The pages of one console."""

    def __init__(self, settings: Settings) -> None:
        self._zone = settings.shop.zone
        self._everywhere = {
            "shop": settings.shop.name,
            "shop_zone": settings.shop.zone,
            "languages": LANGUAGES,
            "remote_pictures": settings.web.remote_pictures,
            # The address changes with the bytes, so browsers may keep the file for ever.
            "style": digest((STATIC / "console.css").read_bytes())[:12],
            "script": _script(),
            # What a page need not know: who looks, where they are, and what they wrote.
            "person": None,
            "place": "",
            "kept": "",
        }
        self._environment = lru_cache(_SIGHTS)(self._made)

    def render(
        self,
        file: str,
        /,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        language: str = "en",
        **values: Any,
    ) -> HTMLResponse:
        """The page of that name, as `person` reads it; `language` is for pages without a person."""
        person = values.get("person")
        language, zone = (person.language, person.zone or self._zone) if person else (language, self._zone)
        page = self._environment(language, zone).get_template(file)
        return HTMLResponse(page.render(**values), status, headers)

    def _made(self, language: str, zone_name: str) -> Any:
        zone, words, said = parse_zone(zone_name), Clockwork(language), Sayings(language)
        environment = pages_environment(_HERE / "pages")
        speak(environment, translations(language))
        environment.filters.update(
            moment=lambda at: words.moment(at.astimezone(zone)),
            time=lambda at: f"{at.astimezone(zone):%H:%M:%S}",
            clock=lambda at, in_zone=None: f"{at.astimezone(parse_zone(in_zone) if in_zone else zone):%H:%M}",
            # A moment on the wall of another zone.
            wall=lambda at, in_zone: words.moment(at.astimezone(parse_zone(in_zone))),
            day=words.day,
            span=words.span,
            left=words.left,
            ago=words.ago,
            # Words of enums and sentences of rooms.
            said=said,
            with_code=with_code,
        )
        environment.globals.update(self._everywhere, language=language, zone=zone_name, said=said)
        return environment


def with_code(words: str) -> Markup:
    """Sentences are made for terminals too, where commands stand between backticks; in pages they are <code>."""
    return Markup(_COMMAND.sub(r"<code>\1</code>", str(escape(words))))  # noqa: S704  # it is escaped first


def _script() -> str:
    """The address of the bundle; "" when it was not built."""
    manifest = BUNDLE / "manifest.json"
    if not manifest.is_file():
        return ""
    file: str = json.loads(manifest.read_text(encoding="utf-8"))["src/console.js"]["file"]
    return f"/bundle/{file}"
