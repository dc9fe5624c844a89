"""What sections of config.toml are made of: the base of all, and values that are checked as they are read."""

import re
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from email.utils import parseaddr
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from mailer.calendars import parse_span, parse_zone

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_PERCENT = re.compile(r"(\d+(?:[.,]\d+)?)\s?[%％]")


class Section(BaseModel):
    """A table of config.toml; a key that it does not have is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _span(value: object) -> object:
    return parse_span(value) if isinstance(value, str) else value


def _zone_name(value: str) -> str:
    parse_zone(value)
    return value


def plain_address(value: str) -> str:
    """A mail address as it stands between the angle brackets. Raises ValueError."""
    name, address = parseaddr(value)
    if name or address != value or "@" not in address or not value.isascii() or any(c.isspace() for c in value):
        raise ValueError(f'"{value}" is not a plain mail address; write it as in care@shop.example')
    return value


def _listen(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65_535:
        raise ValueError(f'"{value}" is not a listening address; write it as in 127.0.0.1:8025')
    return value


def _https(value: str) -> str:
    if not value.startswith("https://"):
        raise ValueError(f'"{value}" must begin with https://, as it is asked for secrets')
    return value


def _public(value: str) -> str:
    parts = urlsplit(value)
    local = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
    plain = value.isascii() and value.isprintable() and not any(char in value for char in ' <>"?#@')
    if value and not (parts.hostname and plain and parts.path in ("", "/") and (parts.scheme == "https" or local)):
        raise ValueError(
            f'"{value}" is not an address for customers; write it without a path, as in https://mail.example.com'
        )
    return value.rstrip("/")


def _words(value: object) -> object:
    """Text, or a table of texts by language."""
    texts = value if isinstance(value, dict) else {"en": value}
    for language, text in texts.items():
        if not isinstance(text, str) or not text.strip():
            raise ValueError('it must be a text, or a table by language as in { en = "Hello", de = "Hallo" }')
        if not _LANGUAGE.fullmatch(str(language)):
            raise ValueError(f'"{language}" is not a language; write it as in en, de or pt-BR')
    if not texts:
        raise ValueError("the table by language is empty")
    return value


def _benefit(value: object) -> object:
    """Words that promise something; nobody gives more than all."""
    for text in value.values() if isinstance(value, dict) else (value,):
        if any(float(number.replace(",", ".")) > 100 for number in _PERCENT.findall(str(text))):
            raise ValueError(f'"{text}": more than 100 % cannot be meant')
    return value


def _link(value: object) -> object:
    for link in value.values() if isinstance(value, dict) else (value,):
        text = str(link)
        if not text.startswith("https://") or any(c.isspace() or c in "<>" for c in text) or "." not in text:
            raise ValueError(f'"{link}" is not a link; write it as in https://shop.example/page')
    return value


def _amount(value: object) -> object:
    """Money as text, as in "4.90"; numbers of TOML are taken too."""
    text = f"{value:.2f}" if isinstance(value, float) else str(value)
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if isinstance(value, bool) or not amount.is_finite() or amount < 0 or "E" in text.upper():
        raise ValueError(f'"{value}" is not an amount; write it as in "4.90"')
    return text


def _currency(value: str) -> str:
    if not (len(value) == 3 and value.isascii() and value.isalpha() and value.isupper()):
        raise ValueError(f'"{value}" is not a currency; write its three capitals, as in EUR')
    return value


def _region(value: str) -> str:
    if value in ("*", "EU"):
        return value
    if not (len(value) == 2 and value.isascii() and value.isalpha() and value.isupper()) or value == "UK":
        raise ValueError(f'"{value}" is not a country; write two capitals as in DE or GB, "EU", or "*" for all others')
    return value


def _country_or_all(value: str) -> str:
    if value == "EU":
        raise ValueError('"EU" is no country; name the countries, or "*" for all')
    return _region(value)


def _address_or_domain(value: str) -> str:
    plain_address(value if "@" in value else f"anybody@{value}")
    return value


Span = Annotated[timedelta, BeforeValidator(_span)]
ZoneName = Annotated[str, AfterValidator(_zone_name)]
Address = Annotated[str, AfterValidator(plain_address)]

AddressOrDomain = Annotated[str, AfterValidator(_address_or_domain)]
Listen = Annotated[str, AfterValidator(_listen)]
HttpsUrl = Annotated[str, AfterValidator(_https)]
PublicUrl = Annotated[str, AfterValidator(_public)]
Words = Annotated[str | dict[str, str], BeforeValidator(_words)]
Benefit = Annotated[str | dict[str, str], BeforeValidator(_benefit), BeforeValidator(_words)]
Link = Annotated[str | dict[str, str], BeforeValidator(_link), BeforeValidator(_words)]
Amount = Annotated[str, BeforeValidator(_amount)]
Currency = Annotated[str, AfterValidator(_currency)]
Region = Annotated[str, AfterValidator(_region)]
CountryOrAll = Annotated[str, AfterValidator(_country_or_all)]
