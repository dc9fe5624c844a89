"""Quiet hours: one rule for flows, which decide, and for the guard, which asks again."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mailer.hours import Interval
from mailer.outbound.passage import quiet_until
from mailer.windows import is_open, next_open
from mailer.zones import zones_of

NIGHT = datetime(2026, 11, 22, 3, tzinfo=UTC)
SHORT = Interval(9 * 60, 12 * 60)


@pytest.mark.parametrize("country", ["US", "RU", "CA", "AU", "BR", "ID", "MX", "KZ", "DE"])
@pytest.mark.parametrize("window", [SHORT, Interval(9 * 60, 20 * 60)])
def test_when_a_flow_may_send_the_guard_lets_it_go(country: str, window: Interval) -> None:
    zones = zones_of(country)
    opens = next_open(NIGHT, window, zones)
    assert opens - NIGHT <= timedelta(days=2)
    assert quiet_until(window, zones, opens) is None
    assert quiet_until(window, zones, NIGHT) == (opens if opens > NIGHT else None)


def test_where_zones_share_no_hour_the_first_one_counts() -> None:
    zones = [ZoneInfo("Europe/Moscow"), ZoneInfo("Asia/Kamchatka")]
    opens = next_open(NIGHT, SHORT, zones)
    assert opens.astimezone(zones[0]).hour == 9
    assert is_open(opens, SHORT, zones)


def test_without_a_window_it_is_never_night() -> None:
    assert quiet_until(None, [ZoneInfo("Asia/Tokyo")], NIGHT) is None
