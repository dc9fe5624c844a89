"""In which time zones a recipient may live: by country and province, from zones.toml and Babel's table of countries."""

import tomllib
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

from babel.core import get_global


@lru_cache(maxsize=2000)
def zones_of(country: str | None, province: str = "") -> tuple[ZoneInfo, ...]:
    """The zones there, the principal one first; none when the country is not known.

    `country` is its two capitals, `province` a code or a name as shops write it ("NY", "US-NY", "New York").
    """
    code = (country or "").strip().upper()
    of_province = _provinces(code).get(_key(province.upper().removeprefix(f"{code}-")), ())
    return tuple(ZoneInfo(name) for name in of_province or _of_country(code))


def _of_country(code: str) -> tuple[str, ...]:
    if code in (several := _several()):
        return tuple(several[code]["zones"])
    # Babel's "ZZ" and numbers are not countries.
    known = get_global("territory_zones").get(code, ()) if code.isalpha() and code != "ZZ" else ()
    return tuple(known[:1])


@lru_cache
def _several() -> Mapping[str, Any]:
    return tomllib.loads(resources.files("mailer").joinpath("zones.toml").read_text("utf-8"))


@lru_cache
def _provinces(code: str) -> Mapping[str, tuple[str, ...]]:
    """The zones of each province by its code, its name, and both."""
    found: dict[str, tuple[str, ...]] = {}
    for zone, provinces in _several().get(code, {}).get("provinces", {}).items():
        for province in provinces:
            short, _, name = province.partition(" ")
            for word in (short, name):
                there = found.get(_key(word), ())
                found[_key(word)] = there if zone in there else (*there, zone)
    return found


def _key(word: str) -> str:
    """As provinces are compared: without case, accents, blanks and signs."""
    plain = unicodedata.normalize("NFKD", word).casefold()
    return "".join(char for char in plain if char.isalnum())
