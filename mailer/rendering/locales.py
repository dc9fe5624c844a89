"""Dates, money, numbers and countries as a language writes them (Babel). An unknown language never fails a mail."""

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time
from babel.numbers import format_currency, format_decimal

Amount = str | int | float
_FIRST = re.compile(r"\b1 (?=[^\W\d])")


@lru_cache(maxsize=500)
def babel_locale(tag: str) -> Locale:
    """The closest language that Babel knows: `de-XX` is written as `de`, `zh-CN` as `zh_Hans_CN`, `zz` as English."""
    parts = tag.replace("_", "-").split("-")
    for length in range(len(parts), 0, -1):
        try:
            return Locale.parse("_".join(parts[:length]))
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")


def day(value: object, locale: str) -> str:
    """A date in full: Friday, November 27, 2026."""
    # Without a value, Babel would say today.
    if not isinstance(value, date):
        raise TypeError(f"`day` needs a date, not {value!r}")
    return _ordinal(format_date(value, "full", locale=babel_locale(locale)), locale)


def moment(value: object, locale: str) -> str:
    """Day and time, without the year."""
    if not isinstance(value, datetime):
        raise TypeError(f"`moment` needs a date with a time, not {value!r}")
    known = babel_locale(locale)
    both = str(known.datetime_formats["short"])
    on = _ordinal(format_skeleton("MMMMd", value, locale=known), locale)
    at = format_time(value, "HH:mm", locale=known)
    return both.replace("{1}", on).replace("{0}", at).replace("'", "")


def money(value: Amount, currency: object, locale: str) -> str:
    """An amount with its currency; what is no number is left as the shop wrote it."""
    amount, code = _decimal(value), str(currency or "")
    if amount is None:
        return f"{value} {code}".strip()
    return format_currency(amount, code, locale=babel_locale(locale)) if code else number(value, locale)


def number(value: Amount, locale: str) -> str:
    """A number with the separators of the language."""
    amount = _decimal(value)
    return str(value) if amount is None else format_decimal(amount, locale=babel_locale(locale))


def country(value: object, locale: str) -> str:
    """The name of a country from its code; what is no code is left as it is."""
    return str(babel_locale(locale).territories.get(str(value).upper(), value))


def _ordinal(written: str, locale: str) -> str:
    """French counts the first of a month, and no other day."""
    return _FIRST.sub("1er ", written) if babel_locale(locale).language == "fr" else written


def _decimal(value: Amount | None) -> Decimal | None:
    if value is None:
        raise TypeError("an amount that is not known cannot be written")
    try:
        amount = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and abs(amount) < 10**15 else None
