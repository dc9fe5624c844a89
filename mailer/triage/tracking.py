"""Tracking numbers, known by their check digits; without one, by the words that stand before them."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice

from mailer.triage.lexicon import named

_BEFORE, _AFTER = r"(?<![0-9A-Za-z])", r"(?![0-9A-Za-z])"
# People copy them with the blanks that the carrier prints.
_UPS, _POST, _DHL = r"1Z(?: ?[0-9A-Z]){16}", r"[A-Z]{2}(?: ?[0-9]){9} ?[A-Z]{2}", r"J?JD(?: ?[0-9]){10,20}"
_ANY = re.compile(rf"{_BEFORE}({_UPS}|{_POST}|{_DHL}){_AFTER}", re.IGNORECASE)
_DIGITS = re.compile(rf"{_BEFORE}([0-9](?: ?[0-9]){{9,33}}){_AFTER}")
_CALLED = r"[\s:.,#=(\[\"'-]|n[°ºor]\.?|num(?:ber|mer|ero|éro|er)?|id|is|ist|est|es|è|是|为|号|は|:"
_FREE = re.compile(rf"{_BEFORE}((?=[A-Za-z]{{0,8}}[0-9])[0-9A-Za-z]{{8,34}}){_AFTER}")
_MOST = 5
_MOST_CANDIDATES = 60
_NAME = 60


def tracking_numbers(text: str) -> tuple[str, ...]:
    """The tracking numbers of a text without their blanks, those with a telling shape first."""
    plain = unicodedata.normalize("NFKC", text)
    return tuple(dict.fromkeys([*_shaped(plain), *_called(plain), *_long(plain)]))[:_MOST]


def _shaped(text: str) -> Iterator[str]:
    for match in _ANY.finditer(text):
        number = _bare(match[1])
        if number.startswith(("JD", "JJD")) or (ups(number) if number.startswith("1Z") else postal(number)):
            yield number


def _called(text: str) -> Iterator[str]:
    """What the customer calls a tracking number, whatever its carrier checks."""
    for match in islice(_FREE.finditer(text), _MOST_CANDIDATES):
        number = _bare(match[1])
        before = text[max(0, match.start() - _NAME) : match.start()]
        if sum(map(str.isdigit, number)) >= 6 and _tracking_name().search(before):
            yield number


def _long(text: str) -> Iterator[str]:
    """Digits alone are a tracking number only in a carrier's length and with its check digit."""
    carriers = text.casefold()
    for match in _DIGITS.finditer(text):
        number = _bare(match[1])
        if any(check(number) for length, sign, check in _LONG if len(number) in length and sign in carriers):
            yield number


def ups(number: str) -> bool:
    """UPS, 1Z and 16 signs: from the left every second one counts twice, a letter as a digit; modulo 10."""
    digits = [int(sign) if sign.isdigit() else (ord(sign) - 3) % 10 for sign in number[2:]]
    return (sum(digits[0:-1:2]) + 2 * sum(digits[1:-1:2]) + digits[-1]) % 10 == 0


def postal(number: str) -> bool:
    """The posts of the world (UPU S10), two letters, nine digits, a country: weights, modulo 11."""
    digits = [int(sign) for sign in number[2:11]]
    rest = 11 - sum(digit * weight for digit, weight in zip(digits, (8, 6, 4, 2, 3, 5, 9, 7), strict=False)) % 11
    return digits[8] == {10: 0, 11: 5}.get(rest, rest)


def fedex(number: str) -> bool:
    """FedEx Express, 12 digits: weights 3, 1, 7, modulo 11."""
    weights = (3, 1, 7) * 4
    return sum(int(sign) * weight for sign, weight in zip(number[:-1], weights, strict=False)) % 11 % 10 == int(
        number[-1]
    )


def threes(number: str) -> bool:
    """FedEx Ground and USPS: from the right every second digit counts three times; modulo 10."""
    digits = [int(sign) for sign in reversed(number)]
    return (sum(digits[0::2]) + 3 * sum(digits[1::2])) % 10 == 0


def sevens(number: str) -> bool:
    """DHL Express, ten digits: the first nine modulo 7."""
    return int(number[:-1]) % 7 == int(number[-1])


def _usps(number: str) -> bool:
    return number.startswith("9") and threes(number)


def _smartpost(number: str) -> bool:
    return threes("92" + number) or threes(number)


# The lengths of a carrier's numbers, what must be said of it in the text (short ones may be anything), its check.
_LONG: tuple[tuple[tuple[int, ...], str, Callable[[str], bool]], ...] = (
    ((20, 22), "", _usps),
    ((20,), "usps", threes),
    ((15,), "", threes),
    ((12,), "fedex", fedex),
    ((20,), "fedex", _smartpost),
    ((10,), "dhl", sevens),
)


@cache
def _tracking_name() -> re.Pattern[str]:
    names = sorted({*named("names", "tracking"), "tracking"}, key=len, reverse=True)
    written = "|".join(r"\s{1,3}".join(map(re.escape, one.split())) for one in names)
    return re.compile(rf"(?:{written})(?:{_CALLED}){{0,12}}$", re.IGNORECASE)


def _bare(number: str) -> str:
    return number.replace(" ", "").upper()
