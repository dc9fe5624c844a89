"""[flows] of config.toml: the calendar by which business days are counted has to be one that has any."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from mailer.flows_config import FlowsConfig, flows_problems
from mailer.hours import parse_intervals
from mailer.office import CalendarConfig

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = {"office": CalendarConfig(sat=parse_intervals(["09:00-12:00"]), closed={date(2027, 1, 9): "stocktaking"})}


@pytest.mark.parametrize(
    ("calendar", "problems"),
    [
        ("weekdays", []),
        ("office", []),
        ("always", ['flows.calendar: "always" has no business days; name another, as "weekdays"']),
        ("ofice", ['flows.calendar: there is no calendar "ofice"; there are weekdays, office']),
    ],
)
def test_the_calendar_is_one_that_is_there(calendar: str, problems: list[str]) -> None:
    assert flows_problems(FlowsConfig(calendar=calendar), OFFICE) == problems


def test_business_days_are_those_of_the_calendar() -> None:
    saturdays = FlowsConfig(calendar="office").business_days(OFFICE, BERLIN)
    plain = FlowsConfig().business_days(OFFICE, BERLIN)
    days = [date(2027, 1, 8), date(2027, 1, 9), date(2027, 1, 16)]
    assert [bool(saturdays.day(day)[0]) for day in days] == [False, False, True]
    assert [bool(plain.day(day)[0]) for day in days] == [True, False, False]
