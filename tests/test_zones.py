"""Where recipients live: countries with one zone, with several, and provinces as shops write them."""

from zoneinfo import ZoneInfo

import pytest
from babel.core import get_global

from mailer.zones import zones_of


@pytest.mark.parametrize(
    ("country", "province", "zones"),
    [
        ("DE", "", ["Europe/Berlin"]),
        ("de", "", ["Europe/Berlin"]),
        ("CN", "", ["Asia/Shanghai"]),
        ("JP", "Tokyo", ["Asia/Tokyo"]),
        ("ES", "", ["Europe/Madrid", "Atlantic/Canary"]),
        ("ES", "Santa Cruz de Tenerife", ["Atlantic/Canary"]),
        ("US", "NY", ["America/New_York"]),
        ("US", "new york", ["America/New_York"]),
        ("US", "US-CA", ["America/Los_Angeles"]),
        ("US", "Hawaii", ["Pacific/Honolulu"]),
        ("US", "Idaho", ["America/Boise", "America/Los_Angeles"]),
        ("CA", "QC", ["America/Toronto"]),
        ("CA", "Québec", ["America/Toronto"]),
        ("AU", "Western Australia", ["Australia/Perth"]),
        ("BR", "Sao Paulo", ["America/Sao_Paulo"]),
        ("BR", "AM", ["America/Manaus"]),
        ("MX", "Quintana Roo", ["America/Cancun"]),
        ("RU", "Kamchatka Krai", ["Asia/Kamchatka"]),
        ("RU", "MOW", ["Europe/Moscow"]),
        (None, "NY", []),
        ("", "", []),
        ("ZZ", "", []),
        ("XX", "", []),
        ("001", "", []),
    ],
)
def test_zones(country: str | None, province: str, zones: list[str]) -> None:
    assert [zone.key for zone in zones_of(country, province)] == zones


@pytest.mark.parametrize("country", ["US", "CA", "AU", "BR", "MX", "RU"])
def test_a_large_country_without_a_province_is_all_of_its_zones(country: str) -> None:
    zones = zones_of(country)
    assert len(zones) > 2
    assert zones_of(country, "Atlantis") == zones


def test_every_country_has_a_principal_zone() -> None:
    countries = [code for code in get_global("territory_zones") if code.isalpha() and code != "ZZ"]
    assert len(countries) > 240
    assert [code for code in countries if not zones_of(code)] == []
    assert all(isinstance(zone, ZoneInfo) for code in countries for zone in zones_of(code))


@pytest.mark.parametrize(
    ("country", "provinces"),
    [
        (
            "US",
            "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO "
            "MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY",
        ),
        ("CA", "AB BC MB NB NL NS NT NU ON PE QC SK YT"),
        ("AU", "ACT NSW NT QLD SA TAS VIC WA"),
        ("BR", "AC AL AP AM BA CE DF ES GO MA MT MS MG PA PB PR PE PI RJ RN RS RO RR SC SP SE TO"),
    ],
)
def test_no_province_is_left_out(country: str, provinces: str) -> None:
    everywhere = zones_of(country)
    assert [code for code in provinces.split() if zones_of(country, code) == everywhere] == []
