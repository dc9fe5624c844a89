"""What our pages say, in the customer's language: words/LL.toml, one table for each page.

words/informal/LL.toml holds only what differs where the shop addresses people informally."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from mailer.rendering import locales

_WORDS = Path(__file__).parent / "words"
_DEFAULT = "en"


@dataclass(frozen=True)
class Wording:
    """The words of one language, by "table.key"."""

    language: str
    texts: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """One text with its values in it. Raises KeyError for a text that does not exist."""
        text = self.texts[key]
        return text.format(**values) if values else text

    @property
    def gap(self) -> str:
        """What stands between two sentences."""
        return "" if self.language in ("zh", "ja") else " "

    def megabytes(self, size: int) -> str:
        """A number of bytes in MB, as in 10 or 0.3."""
        return locales.number(f"{size / 1_000_000:.3g}", self.language)

    def day(self, day: date) -> str:
        """A date in full."""
        return locales.day(day, self.language)


@lru_cache
def wording(language: str, *, formal: bool = True) -> Wording:
    """The words of a language that we have; where customers are addressed informally, with what differs then."""
    files = [_WORDS / f"{language}.toml", *([] if formal else [_WORDS / "informal" / f"{language}.toml"])]
    return Wording(language, {key: text for file in files if file.exists() for key, text in _texts(file)})


@lru_cache
def languages() -> tuple[str, ...]:
    """Those that we have words of."""
    return tuple(sorted(file.stem for file in _WORDS.glob("*.toml")))


def best(*wanted: str | None, formal: bool = True) -> Wording:
    """The first of these languages that we have words of, as `de` for de-AT; else English."""
    bases = [(one or "").replace("_", "-").split("-")[0].lower() for one in wanted]
    return wording(next((base for base in bases if base in languages()), _DEFAULT), formal=formal)


def asked_by_browser(accept_language: str) -> str | None:
    """The first language of an Accept-Language header (RFC 9110, 12.5.4) that we have words of."""
    named = (part.split(";")[0].strip().split("-")[0].lower() for part in accept_language[:200].split(","))
    return next((one for one in named if one in languages()), None)


def _texts(file: Path) -> Iterator[tuple[str, str]]:
    for table, texts in tomllib.loads(file.read_text(encoding="utf-8")).items():
        yield from ((f"{table}.{key}", text) for key, text in texts.items())
