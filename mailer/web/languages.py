"""The languages of the console: English as it is written, the others from gettext catalogues, catalogues/LL.po.

Pages say `_("text")`; Python names a text for later with `N_("text")`. `make messages` brings the catalogues up to
date, and a test fails while a text is not translated.
"""

import gettext
import io
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from mailer.wording import N_

__all__ = ["CATALOGUES", "LANGUAGES", "N_", "Clockwork", "preferred", "translations"]

CATALOGUES = Path(__file__).parent / "catalogues"

# As in the `lang` of a page, with its own name for itself.
LANGUAGES = {"en": "English", "zh-Hans": "简体中文"}

# By the first part of what a browser asks for: en-GB and zh-TW are served too.
_OURS = {"en": "en", "zh": "zh-Hans"}


@lru_cache
def translations(language: str) -> gettext.NullTranslations:
    """What `_` stands on in this language; English for one that we do not have."""
    path = CATALOGUES / f"{language}.po"
    if not path.is_file():
        return gettext.NullTranslations()
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language.replace("-", "_"))
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def preferred(accept_language: str) -> str:
    """The language for somebody who is not signed in, by their browser (RFC 9110, 12.5.4)."""
    liked = sorted(map(_weighed, accept_language.lower().split(",")), key=lambda one: -one[0])
    for weight, tag in liked:
        language = _OURS.get(tag.partition("-")[0])
        if language and weight > 0:
            return language
    return "en"


def _weighed(wanted: str) -> tuple[float, str]:
    tag, _, rest = wanted.partition(";")
    name, _, weight = rest.partition("=")
    try:
        return (float(weight) if name.strip() == "q" else 1.0), tag.strip()
    except ValueError:
        return 0.0, tag.strip()


class Clockwork:
    """Says moments, days and spans in one language."""

    def __init__(self, language: str) -> None:
        self._is_chinese = language.startswith("zh")
        self._say = translations(language).gettext

    def day(self, day: date) -> str:
        """As in `22 Nov 2026`."""
        if self._is_chinese:
            return f"{day.year}年{day.month}月{day.day}日"
        return f"{day.day} {day:%b %Y}"

    def moment(self, at: datetime) -> str:
        """As in `22 Nov 2026, 12:00`."""
        return f"{self.day(at)}{' ' if self._is_chinese else ', '}{at:%H:%M}"

    def span(self, span: timedelta) -> str:
        """Two units at most: `2 h 10 min`."""
        seconds = int(abs(span.total_seconds()))
        parts = []
        for size, unit in ((86_400, N_("d")), (3_600, N_("h")), (60, N_("min")), (1, N_("s"))):
            count, seconds = divmod(seconds, size)
            if count:
                parts.append(f"{count} {self._say(unit)}")
        return " ".join(parts[:2]) or f"0 {self._say('s')}"

    def left(self, due_at: datetime, now: datetime) -> str:
        """How a deadline stands: `due in 2 h 10 min` or `overdue by 5 min`."""
        span = due_at - now
        words = N_("due in {span}") if span >= timedelta() else N_("overdue by {span}")
        return self._say(words).format(span=self.span(span))

    def ago(self, at: datetime, now: datetime) -> str:
        """As in `3 min ago`."""
        return self._say(N_("{span} ago")).format(span=self.span(now - at))
