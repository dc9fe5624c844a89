"""What somebody who asks before an order tells of themselves: the country, and how many for which company."""

import re
from collections.abc import Sequence
from functools import lru_cache

from babel import Locale, UnknownLocaleError

from mailer.model import Intent

# Only these are about a country: elsewhere one that is named may be anything.
_WHERE = frozenset(
    {Intent.SHIPPING_QUESTION, Intent.CUSTOMS_TAX, Intent.COMBINED_SHIPPING, Intent.WHOLESALE, Intent.STOCK}
)
_ALSO = {"usa": "US", "u s a": "US", "uk": "GB", "u k": "GB", "england": "GB", "scotland": "GB", "holland": "NL"}
# Not countries, though they stand in the list of territories.
_NO_COUNTRIES = frozenset({"EU", "EZ", "UN", "ZZ", "XA", "XB", "QO"})
_FORMS = r"GmbH|AG|KG|OHG|UG|Ltd|Limited|LLC|Inc|Corp|PLC|SARL|SAS|SA|SRL|SL|SpA|AB|AS|ApS|BV|NV|Oy"
_COMPANY = re.compile(rf"((?:[^\W\d_][\w&'’-]{{0,30}} ){{1,4}}(?:{_FORMS}))(?!\w)")
_CHINESE_COMPANY = re.compile(r"(?:我们是|我是|来自)?([\u4e00-\u9fff]{2,20}公司)")
_NUMBER = re.compile(r"(?<![\d#.,/+-])(?<!\d )(\d{2,5})(?! \d|[\d%/:-]|[.,]\d|\s?(?:€|\$|£|%|EUR|USD|GBP|CHF))")
_YEARS = range(1990, 2040)
_MOST = 5_000


def told_before_an_order(intents: Sequence[str], text: str, languages: Sequence[str]) -> dict[str, object]:
    """The values under `asked.` that a mail with these intents tells in its own words."""
    found: dict[str, object | None] = {}
    if _WHERE & set(intents):
        found["asked.country"] = country_in(text, languages)
    if Intent.WHOLESALE in intents:
        found |= {"asked.quantity": quantity_in(text), "asked.company": company_in(text)}
    return {path: value for path, value in found.items() if value is not None}


def country_in(text: str, languages: Sequence[str]) -> str | None:
    """The code of the one country that is named in one of these languages; None for several: which one is meant?"""
    words = _plain(text[:_MOST])
    named = {code for language in languages for name, code in _names(language) if _holds(words, name)}
    return next(iter(named)) if len(named) == 1 else None


def quantity_in(text: str) -> int | None:
    """How many are wanted: the first number that is no year, price or share."""
    numbers = (int(match[1]) for match in _NUMBER.finditer(text[:_MOST]))
    return next((one for one in numbers if one not in _YEARS), None)


def company_in(text: str) -> str | None:
    """A name with its legal form."""
    found = _COMPANY.search(text[:_MOST])
    if found:
        # What stands before the name in a sentence is written small.
        words = found[1].split()
        start = next((place for place, word in enumerate(words) if word[0].isupper()), 0)
        return " ".join(words[start:]) if len(words) - start > 1 else None
    chinese = _CHINESE_COMPANY.search(text[:_MOST])
    return chinese[1] if chinese else None


@lru_cache
def _names(language: str) -> tuple[tuple[str, str], ...]:
    """Every country's name and code."""
    try:
        territories = Locale.parse(language.replace("-", "_")).territories
    except (UnknownLocaleError, ValueError):
        return ()
    known = {
        _plain(name).strip(): code
        for code, name in territories.items()
        if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRIES
    }
    return tuple({**known, **_ALSO}.items())


def _plain(text: str) -> str:
    words = re.sub(r"[\W_]+", " ", text.casefold())
    return f" {words.strip()} "


def _holds(words: str, name: str) -> bool:
    # Chinese and Japanese are written without blanks.
    return name in words if name > "\u3000" else f" {name} " in words
