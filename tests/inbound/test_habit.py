"""A silence is unusual by the shop's own weeks: cases of mailboxes and moments."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from mailer.inbound.habit import unusual_silence

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
WEEKS = 4


def office_hours(per_hour: int, weekend: int = 0) -> Iterator[datetime]:
    """So many mails in each hour from 9 to 17, Monday to Friday, fewer at weekends, for four weeks from MONDAY."""
    for day in range(7 * WEEKS):
        start = MONDAY + timedelta(days=day)
        count = per_hour if start.weekday() < 5 else weekend
        for hour in range(9, 17):
            for number in range(count):
                yield start + timedelta(hours=hour, minutes=number * 60 / max(count, 1))


def at(day: int, hour: float) -> datetime:
    """Day 0 is the Monday after the weeks that were learnt; the last hour of mail before it counts too."""
    return MONDAY + timedelta(weeks=WEEKS, days=day, hours=hour)


BUSY, CALM = list(office_hours(10, weekend=1)), list(office_hours(1))


@pytest.mark.parametrize(
    ("arrivals", "now", "expected"),
    [
        pytest.param([], at(0, 12), None, id="nothing is known"),
        pytest.param(BUSY, at(0, 3), None, id="a night is silent"),
        pytest.param(BUSY, at(0, 9.5), None, id="half an hour of a Monday"),
        pytest.param(BUSY, at(0, 10), 11, id="an hour of a Monday in a busy shop"),
        pytest.param(BUSY, at(0, 13), 41, id="a Monday morning"),
        pytest.param([*BUSY, at(0, 9.9)], at(0, 10.4), None, id="a mail came half an hour ago"),
        pytest.param(CALM, at(0, 13), None, id="a Monday morning in a calm shop"),
        pytest.param(CALM, at(1, 9), 9, id="a whole Monday in a calm shop"),
        pytest.param(CALM[:80], MONDAY + timedelta(days=13, hours=23), None, id="a weekend in a calm shop"),
        pytest.param(BUSY[:200], at(0, 13), None, id="less than two weeks are known"),
    ],
)
def test_a_silence_is_unusual_against_the_habit_of_weekday_and_hour(
    arrivals: list[datetime], now: datetime, expected: float | None
) -> None:
    found = unusual_silence(arrivals, now)
    assert (None if found is None else round(found)) == expected


def test_a_mailbox_that_was_given_up_long_ago_costs_no_endless_count() -> None:
    assert (unusual_silence(BUSY, at(0, 0) + timedelta(days=10_000)) or 0) < 2_000
