"""What a mail names: order numbers, as candidates that `match` compares with the orders that exist."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice

from mailer.model import number_key
from mailer.triage.lexicon import named
from mailer.triage.tracking import tracking_numbers

# No \b: it does not see the border between a digit and a Chinese or Japanese word.
_BEFORE, _AFTER = r"(?<![0-9A-Za-z])", r"(?![0-9A-Za-z])"
_SHAPE = r"[A-Za-z]{0,8}[-_/]?[0-9]{3,16}(?:[-_/][0-9A-Za-z]{1,12}){0,3}"
_JOINED = r"(?=[A-Z0-9]{0,5}[0-9])[A-Z][A-Z0-9]{2,5}[-_][A-Z0-9]{2,12}(?:-[A-Z0-9]{1,12}){0,2}"
_MIXED = rf"{_JOINED}|(?=(?:[A-Z]*[0-9]){{3}})[A-Z0-9]{{6,16}}"
_MARKED = re.compile(rf"#\s?({_SHAPE}|{_MIXED}|[0-9]{{1,2}}){_AFTER}")
_BARE = re.compile(rf"{_BEFORE}({_SHAPE}){_AFTER}")
# What may stand between the name of a number and the number.
_LINK = (
    r"(?:\s|[:.,#=(\[\"'«»“„”‘’*_/\-–—°º]"
    r"|n[°ºor]\.?|num(?:ber|mer|ero|éro|er)?\.?|número|numéro|номер|id\b|is\b|ist\b|est\b|es\b|è\b|é\b|lautet"
    r"|with|mit|met|med|avec|con|com|von|of|de\b|的|是|为|為|号码|号|號|は|の|코드|번호|는|은)"
)
# Beside these a number is no order's: amounts, times, measures, ordinals.
_UNIT_AFTER = re.compile(
    r"^\s?(?:€|\$|£|¥|%|元|块|円|eur|usd|gbp|chf|euros?|dollars?|pounds?|cm|mm|kg|g\b|ml|days?|tage?|jours?|d[ií]as?"
    r"|天|月|日|年|pm|am|uhr|h\b|x\b|°|st\b|nd\b|rd\b|th\b|pcs|stück|times|mal|[.,:/][0-9])",
    re.IGNORECASE,
)
_UNIT_BEFORE = re.compile(r"(?:€|\$|£|¥|eur|usd|gbp|chf|[+0-9][.,:/ ]|\+|[(])\s?$", re.IGNORECASE)
_YEAR = re.compile(r"^(?:19|20)[0-9]{2}(?:[-/][0-9]{1,2}){0,2}$")
_CANDIDATE = re.compile(rf"{_BEFORE}({_SHAPE}|{_MIXED}){_AFTER}")
_MOST = 20
_MOST_CANDIDATES = 60
_NAME = 60
_MOST_TEXT = 50_000
_NEAR = 24


@dataclass(frozen=True)
class Shape:
    """How the shop's own order numbers look: their signs in a row, each digit a 9."""

    masks: frozenset[str] = frozenset()

    def fits(self, number: str) -> bool:
        """Whether a number may be one of the shop's; without orders, any may."""
        return not self.masks or _mask(number) in self.masks


def shape_of(numbers: Iterable[str]) -> Shape:
    """The shape of these order numbers; a digit more than any has is still theirs, as shops grow."""
    masks = {_mask(number) for number in numbers}
    return Shape(frozenset(masks | {re.sub(r"9(?=[^9]*$)", "99", mask) for mask in masks}))


def order_numbers(subject: str, own_words: str) -> tuple[str, ...]:
    """Whatever may be an order number, the likeliest first: marked with #, named an order, then bare."""
    text = _text(subject, own_words)
    found = [*_marked(text), *_named_numbers(text), *(match[1] for match in _BARE.finditer(text))]
    return tuple(dict.fromkeys(found))[:_MOST]


def claims_number(subject: str, own_words: str, shape: Shape | None = None) -> str | None:
    """The number that the customer plainly calls an order number; None when there is only a bare one or none.

    Of several it is the one in the shape of the shop's own.
    """
    text = _text(subject, own_words)
    parcels = {number_key(one) for one in tracking_numbers(text)}
    found = [*_marked(text), *_named_numbers(text)]
    # "I ordered in 2026" names none, "order 2026" may.
    meant = [one for one in found if number_key(one) not in parcels]
    return next((one for one in meant if shape is not None and shape.fits(one)), next(iter(meant), None))


def likely_number(subject: str, own_words: str, known: str = "") -> str | None:
    """The one order number of a mail when there are no orders to compare with, or only the `known` one."""
    numbers = order_numbers(subject, own_words)
    if own := next((one for one in numbers if known and number_key(one) == number_key(known)), None):
        return own
    return claims_number(subject, own_words) or next(_bare_ones(_text(subject, own_words)), None)


def _bare_ones(text: str) -> Iterator[str]:
    """Numbers without a name that are long enough for an order and look like nothing else."""
    parcels = {number_key(one) for one in tracking_numbers(text)}
    for match in _BARE.finditer(text):
        number = match[1]
        before, after = text[max(0, match.start() - _NEAR) : match.start()], text[match.end() : match.end() + _NEAR]
        other = _UNIT_BEFORE.search(before) or _UNIT_AFTER.search(after) or _YEAR.match(number)
        if other or number_key(number) in parcels or _other_name().search(before):
            continue
        if sum(map(str.isdigit, number)) >= (4 if number[0].isalpha() else 5):
            yield number


def _marked(text: str) -> list[str]:
    return [match[1] for match in _MARKED.finditer(text)]


def _named_numbers(text: str) -> list[str]:
    """Numbers after one of their names in any language, looked for from the number backwards: there are few."""
    found = islice(_CANDIDATE.finditer(text), _MOST_CANDIDATES)
    return [match[1] for match in found if _order_name().search(text[max(0, match.start() - _NAME) : match.start()])]


@cache
def _order_name() -> re.Pattern[str]:
    """An order's name at the end of a text. "Number" alone is no name: telephones and houses have numbers."""
    names = sorted({*named("names", "order"), "order"}, key=len, reverse=True)
    written = "|".join(rf"(?<![^\W\d_]){_flexible(one)}" if one[0] < "\u2e80" else _flexible(one) for one in names)
    return re.compile(rf"(?:{written}){_LINK}{{0,12}}$", re.IGNORECASE)


@cache
def _other_name() -> re.Pattern[str]:
    names = {*named("names", "phone"), *named("names", "tracking")}
    return re.compile(rf"(?:{'|'.join(map(_flexible, names))})[^\n]{{0,16}}$", re.IGNORECASE)


def _flexible(name: str) -> str:
    return r"\s{1,3}".join(re.escape(word) for word in name.split())


def _mask(number: str) -> str:
    return re.sub(r"[0-9]", "9", number_key(number))


def _text(subject: str, own_words: str) -> str:
    return unicodedata.normalize("NFKC", f"{subject}\n{own_words}"[:_MOST_TEXT])
