"""Public holidays by country or region. The only file that asks the holidays library, and only when one is named.

Loading it takes 40 ms and 11 MB, each country up to 8 MB more; a shop without `holidays` in its calendars pays nothing.
"""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache


def check_region(code: str) -> str:
    """The code of a country or of one of its regions, as in `DE` or `DE-BY`. Raises ValueError."""
    from holidays import list_supported_countries  # noqa: PLC0415 - most shops never need it

    country, _, region = code.partition("-")
    regions = list_supported_countries().get(country)
    if regions is None:
        raise ValueError(f'"{code}": no holidays are known for the country "{country}"; write it as in DE or DE-BY')
    if region and region not in regions:
        known = f"known are {', '.join(regions)}" if regions else f"{country} has none that differ"
        raise ValueError(f'"{code}": {country} has no region "{region}"; {known}')
    return code


@lru_cache(maxsize=256)
def holidays_of(code: str, year: int) -> Mapping[date, str]:
    """The holidays of a year there, with their names in English where the library has them."""
    from holidays import country_holidays  # noqa: PLC0415 - most shops never need it

    country, _, region = code.partition("-")
    found = country_holidays(country, subdiv=region or None, years=year, expand=False, language="en_US")
    return dict(found.items())
