"""What else a mail names: sizes, colours, amounts, dates, the reason of a return, products of the shop."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from babel.dates import get_month_names

from mailer.triage.lexicon import Lexicon
from mailer.triage.patterns import Patterns
from mailer.triage.tokens import fold, tokens

_LETTERS = r"(?:[2-7]?X{1,4}[SL]|XS|S|M|L)"
_SIZE_NAMES = (
    r"sizes?|gr(?:ö|oe)(?:ß|ss)e|gr\.|tailles?|tallas?|taglia|maat|tamanho|rozmiar|storlek|størrelse"
    r"|サイズ|尺码|尺寸|码"
)
_NUMBER = r"[0-9]{1,3}(?:[.,]5)?"
_END = r"(?![0-9A-Za-z])"
_SIZE = re.compile(
    rf"(?i:{_SIZE_NAMES})\s?(?::|is|ist|est|es|eu|us|uk|de|是)?\s?({_LETTERS}|{_NUMBER}){_END}"
    rf"|(?<![0-9A-Za-z'’])([2-7]?X{{1,4}}[SL]|XS){_END}|(?:EU|UK|US)\s?([0-9]{{1,2}}(?:[.,]5)?){_END}"
    rf"|({_LETTERS}|[0-9]{{2}})\s?[码碼号]"
)
_CURRENCY = r"(?:€|\$|£|¥|￥|zł|kr|EUR|USD|GBP|CHF|CNY|RMB|euros?|dollars?|pounds?|元|块)"
_SUM = r"[0-9]{1,7}(?:[.,][0-9]{1,3})*"
_AMOUNT = re.compile(rf"{_CURRENCY}\s?{_SUM}|(?<![0-9]){_SUM}\s?{_CURRENCY}(?![A-Za-z])", re.IGNORECASE)
_DAY = r"[0-9]{1,2}(?:\.|st|nd|rd|th|er|º)?"
_DATE = re.compile(
    r"(?<![0-9])(?:[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|[0-9]{1,2}[./-][0-9]{1,2}[./-](?:[0-9]{4}|[0-9]{2})"
    r"|[0-9]{1,2}\.[0-9]{1,2}\.)(?![0-9])|(?:[0-9]{4}年)?[0-9]{1,2}月[0-9]{1,2}[日号]"
)
_MOST = 5
_MOST_TEXT = 20_000
# A product's title is long: so much of it, and so many of its words, must be named.
_NAMED, _NAMED_WORDS = 0.6, 2
_SHORT_WORD = 3


@dataclass(frozen=True)
class Ware:
    """A product as customers may name it."""

    id: int
    sku: str
    title: str


class Details:
    """What one language's words let us find."""

    def __init__(self, words: Lexicon) -> None:
        self._language = words.language
        self._reasons = Patterns(words.reasons, words.same, gap=1)
        self._colours = Patterns(words.colours, {}, gap=0)

    def find(self, subject: str, own_words: str, wares: Iterable[Ware] = ()) -> dict[str, Any]:
        """Each detail that there is, by its name."""
        text = f"{subject}\n{own_words}"[:_MOST_TEXT]
        spoken = tokens(text)
        named = products_named(spoken, text, wares)
        found = {
            "size": _size(text),
            "colour": next((one.key for one in self._colours.found(spoken)), None),
            "product": named[0].title if named else None,
            "amounts": [match[0].strip() for match in _AMOUNT.finditer(text)][:_MOST],
            "dates": self._dates(text),
            "reason": self._reason(spoken),
            "product_ids": [ware.id for ware in named],
        }
        return {name: value for name, value in found.items() if value}

    def _reason(self, spoken: tuple[str, ...]) -> str | None:
        """Why something goes back, in the words of PRODUCT, section 5; the one that is told most."""
        told = Counter(one.key for one in self._reasons.found(spoken))
        return told.most_common(1)[0][0] if told else None

    def _dates(self, text: str) -> list[str]:
        found = [*_DATE.finditer(text), *_dates_in_words(self._language).finditer(text)]
        return list(dict.fromkeys(match[0] for match in sorted(found, key=lambda match: match.start())))[:_MOST]


def products_named(spoken: tuple[str, ...], text: str, wares: Iterable[Ware]) -> list[Ware]:
    """The products that a mail names, by sku or by most words of the title, the best first."""
    said = {_singular(word) for word in spoken}
    plain = "".join(spoken)
    rated = [(_share(ware, said, plain, text), ware) for ware in wares]
    named = [(share, ware) for share, ware in rated if share >= _NAMED]
    return [ware for _, ware in sorted(named, key=lambda pair: -pair[0])][:_MOST]


def _share(ware: Ware, said: set[str], plain: str, text: str) -> float:
    """How much of a product's name a mail has (0 to 1; above for its sku)."""
    if len(ware.sku) > _SHORT_WORD and ware.sku in text:
        return 2.0
    words = _title_words(ware.title)
    if not words:
        return 1.0 if ware.title and ware.title.casefold() in plain else 0.0
    hits = sum(word in said for word in words)
    return hits / len(words) if hits >= min(_NAMED_WORDS, len(words)) else 0.0


# As many as a storefront's products that a mail may name: they are looked through for every mail.
@lru_cache(maxsize=5_000)
def _title_words(title: str) -> tuple[str, ...]:
    return tuple(_singular(word) for word in tokens(title) if len(word) >= _SHORT_WORD)


def _singular(word: str) -> str:
    return fold(word).removesuffix("s")


def _size(text: str) -> str | None:
    match = _SIZE.search(text)
    return next((group.upper() for group in match.groups() if group), None) if match else None


@cache
def _dates_in_words(language: str) -> re.Pattern[str]:
    """A day and a month's name, in either order."""
    names: set[str] = set()
    for one in {language, "en"}:
        for width in ("wide", "abbreviated"):
            months: Mapping[int, str] = get_month_names(width, locale=one)
            names |= {name.rstrip(".") for name in months.values() if not name[0].isdigit()}
    written = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    year = r"(?:,?\s(?:de\s)?[0-9]{4})?"
    return re.compile(
        rf"(?<![0-9]){_DAY}\s(?:de\s|of\s)?(?:{written})(?![^\W\d_])\.?{year}|(?<![^\W\d_])(?:{written})\.?\s{_DAY}(?![0-9]){year}",
        re.IGNORECASE,
    )
