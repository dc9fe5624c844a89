"""Do two texts in two languages say the same numbers, days, links, names and order numbers? Warnings, not proof."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from babel.numbers import get_decimal_symbol, get_group_symbol

from mailer.rendering.locales import babel_locale

_LINK = re.compile(r"https?://[^\s<>]+")
_CODE = re.compile(r"#\d[\w-]*|\b(?=[A-Z0-9-]*\d)(?=[A-Z0-9-]*[A-Z])[A-Z0-9-]{5,}\b")
_TIME = re.compile(r"\b\d{1,2}[:：]\d{2}\b")
_CJK_DAY = re.compile(r"(?:\d{4}\s*年\s*)?(\d{1,2})\s*月\s*(\d{1,2})\s*日")
_ISO_DAY = re.compile(r"\b\d{4}-(\d{2})-(\d{2})\b")
_NUMBER = re.compile(r"\d(?:[\d.,'’\u00a0\u202f]*\d)?")


@dataclass(frozen=True)
class Difference:
    """What stands on one side only."""

    kind: str
    left: tuple[str, ...]
    right: tuple[str, ...]


@dataclass(frozen=True)
class Said:
    """A text with its language."""

    text: str
    locale: str


def differences(left: Said, right: Said, names: Iterable[str]) -> list[Difference]:
    """Everything that one side says and the other does not, by kind."""
    known = [name for name in dict.fromkeys(names) if name]
    ours, theirs = (dict(_values(side, known)) for side in (left, right))
    found = (Difference(kind, *_only(ours[kind], theirs[kind])) for kind in ours)
    return [one for one in found if one.left or one.right]


def _only(ours: Sequence[str], theirs: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(one for one in ours if one not in theirs), tuple(one for one in theirs if one not in ours)


def _values(side: Said, names: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """What a text says of each kind; what was understood is taken out before the next."""
    text, links = _taken(_LINK, side.text)
    yield "links", [link.rstrip(".,;)") for link in links]
    yield "names", [name for name in names if name in text]
    for name in names:
        text = text.replace(name, " ")
    text, codes = _taken(_CODE, text)
    yield "order numbers", codes
    text, days = _days(text, side.locale)
    yield "days", days
    text, times = _taken(_TIME, text)
    yield "times", [time.replace("：", ":").zfill(5) for time in times]
    yield "numbers", list(dict.fromkeys(_plain(one, side.locale) for one in _NUMBER.findall(text)))


def _taken(pattern: re.Pattern[str], text: str) -> tuple[str, list[str]]:
    return pattern.sub(" ", text), list(dict.fromkeys(pattern.findall(text)))


def _days(text: str, locale: str) -> tuple[str, list[str]]:
    found: list[str] = []

    def note(month: int, day: int) -> str:
        found.append(f"{month:02}-{day:02}")
        return " "

    for pattern in (_CJK_DAY, _ISO_DAY):
        text = pattern.sub(lambda match: note(int(match[1]), int(match[2])), text)
    if months := _months(babel_locale(locale).language):
        pattern, numbers = months
        text = pattern.sub(lambda match: note(numbers[match[2].casefold()], int(match[1] or match[3])), text)
    return text, list(dict.fromkeys(found))


@lru_cache
def _months(language: str) -> tuple[re.Pattern[str], dict[str, int]] | None:
    """How a language writes a day with the month's name: before or behind the number, with or without a year."""
    known = babel_locale(language).months
    names = {
        name.casefold().rstrip("."): number
        for context in ("format", "stand-alone")
        for width in ("wide", "abbreviated")
        for number, name in known[context][width].items()
        if not name[0].isdigit()
    }
    if not names:
        return None
    words = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    before = r"(\d{1,2})(?:\.|er|º|th|st|nd|rd)?\s+(?:de\s+)?"
    behind = r"\s+(\d{1,2})(?!\d)"
    year = r"(?:,?\s+(?:de\s+)?\d{4})?"
    pattern = rf"(?:{before})?\b({words})\b\.?(?(1)|{behind}){year}"
    return re.compile(pattern, re.IGNORECASE), names


def _plain(number: str, locale: str) -> str:
    """`1.234,50` and `1,234.5` as the same number."""
    known = babel_locale(locale)
    group, point = get_group_symbol(known), get_decimal_symbol(known)
    bare = number.replace("\u00a0", "").replace("\u202f", "").replace("’", "").replace("'", "")
    if re.fullmatch(rf"\d{{1,3}}(?:{re.escape(group)}\d{{3}})+(?:{re.escape(point)}\d+)?", bare):
        bare = bare.replace(group, "")
    try:
        return str(Decimal(bare.replace(point, ".")).normalize())
    except InvalidOperation:
        return number
