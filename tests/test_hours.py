"""Open hours: a table of deadlines worked out by hand, mistakes told in words, and what holds for every calendar."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.hours import (
    Calendar,
    Interval,
    Limit,
    after,
    after_days,
    always,
    open_between,
    open_spans,
    parse_intervals,
    parse_limit,
    stretches,
    weekdays,
)
from mailer.public_holidays import check_region
from tests import clock_cases

BERLIN = ZoneInfo("Europe/Berlin")
NOTHING, MINUTE, HOUR = timedelta(), timedelta(minutes=1), timedelta(hours=1)


def calendar(zone: str, days: str, *hours: str, regions: tuple[str, ...] = ()) -> Calendar:
    """Open at these hours on the days that are marked with x, Monday first."""
    week = tuple(parse_intervals(hours) if day == "x" else () for day in days)
    return Calendar("office", ZoneInfo(zone), week, regions)


OFFICE = calendar("Europe/Berlin", "xxxxx..", "09:00-12:30", "13:30-18:00", regions=("DE-BY",))
CALENDARS = {
    "OFFICE": OFFICE,
    "STRAIGHT": calendar("Europe/Berlin", "xxxxx..", "09:00-18:00"),
    "ALWAYS": always(BERLIN),
    "WEEKDAYS": weekdays(BERLIN),
    "NIGHT": calendar("Europe/Berlin", "xxxxxxx", "00:00-06:00", "22:00-24:00"),
    "GAP": calendar("Europe/Berlin", "xxxxxxx", "02:30-04:00"),
    "NEW_YORK": calendar("America/New_York", "xxxxx..", "09:00-17:00", regions=("US",)),
    "LORD_HOWE": calendar("Australia/Lord_Howe", "xxxxxxx", "00:00-06:00"),
    "KATHMANDU": calendar("Asia/Kathmandu", "xxxxx.x", "10:00-17:00"),
    "APIA": calendar("Pacific/Apia", "xxxxx..", "08:00-16:30"),
    "SHIFTS": calendar("UTC", "xxxxxx.", "06:00-14:00", "14:00-22:00"),
}
CASES = [
    (name, *(part.strip() for part in line.split("|")))
    for name in CALENDARS
    for line in getattr(clock_cases, name).strip().splitlines()
]


def moment(text: str, zone: ZoneInfo) -> datetime:
    """A time on the wall as the table writes it, and its weekday must be true."""
    fold = text.endswith("*")
    wall = datetime.fromisoformat(text[4:].rstrip("*"))
    assert f"{wall:%a}" == text[:3], text
    return wall.replace(tzinfo=zone, fold=int(fold)).astimezone(UTC)


def test_the_table_is_long_enough() -> None:
    assert len(CASES) == len(set(CASES)) >= 200


@pytest.mark.parametrize(("name", "start", "limit", "due"), CASES, ids=lambda value: value.replace(" ", "_"))
def test_a_clock_breaks_when_the_table_says(name: str, start: str, limit: str, due: str) -> None:
    hours = CALENDARS[name]
    begin, expected = moment(start, hours.zone), moment(due, hours.zone)
    found = parse_limit(limit).end(hours, begin)
    assert found == expected, f"{found.astimezone(hours.zone)}"
    if not parse_limit(limit).days:
        assert open_between(hours, begin, found) == parse_limit(limit).span


@pytest.mark.parametrize(
    ("zone", "day", "hours", "length"),
    [
        ("Europe/Berlin", date(2026, 3, 29), "09:00-18:00", 9),
        ("Europe/Berlin", date(2026, 10, 25), "09:00-18:00", 9),
        ("Europe/Berlin", date(2026, 3, 29), "00:00-24:00", 23),
        ("Europe/Berlin", date(2026, 10, 25), "00:00-24:00", 25),
        ("Europe/Berlin", date(2026, 3, 29), "02:00-03:00", 0),
        ("Europe/Berlin", date(2026, 10, 25), "02:00-03:00", 2),
        ("Australia/Lord_Howe", date(2026, 10, 4), "00:00-24:00", 23.5),
        ("Australia/Lord_Howe", date(2026, 4, 5), "00:00-24:00", 24.5),
        ("America/Santiago", date(2026, 9, 6), "00:00-24:00", 23),
        ("Pacific/Apia", date(2011, 12, 30), "00:00-24:00", 0),
        ("Asia/Kathmandu", date(2026, 3, 29), "00:00-24:00", 24),
    ],
)
def test_a_day_has_the_time_that_really_passes(zone: str, day: date, hours: str, length: float) -> None:
    spans = open_spans(calendar(zone, "xxxxxxx", hours), day)
    assert sum((end - start for start, end in spans), NOTHING) == length * HOUR


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["9-18"], '"9" is not a time of day'),
        (["09:00"], '"09:00" is no span of the day; write it as in 09:00-12:30'),
        (["18:00-09:00"], 'ends before it starts; for a shift over midnight write "18:00-24:00" on this day'),
        (["09:00-09:00"], "ends before it starts"),
        (["09:00-24:01"], '"24:01" is not a time of day'),
        (["13:00-18:00", "09:00-13:30"], "09:00-13:30 and 13:00-18:00 overlap"),
        (["8-9", "10:00-09:00"], "ends before it starts"),
    ],
)
def test_hours_that_cannot_be_are_told_in_words(texts: list[str], words: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_intervals(texts)
    assert words in str(caught.value)


def test_every_mistake_of_a_day_is_told_at_once() -> None:
    with pytest.raises(ValueError) as caught:
        parse_intervals(["8-9", "10:00-09:00", "11:00-13:00", "12:00-14:00"])
    for words in ('"8" is not', '"10:00-09:00" ends before', "11:00-13:00 and 12:00-14:00 overlap"):
        assert words in str(caught.value)


@pytest.mark.parametrize("text", ["", "0h", "0 working days", "three days", "1.5 working days"])
def test_a_limit_that_is_none_is_a_mistake(text: str) -> None:
    with pytest.raises(ValueError):
        parse_limit(text)


def test_limits_are_said_as_they_are_written() -> None:
    assert [str(parse_limit(text)) for text in ("24h", "1 working day", "10 working days")] == [
        "1 d",
        "1 working day",
        "10 working days",
    ]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("XX", 'no holidays are known for the country "XX"'),
        ("de", "no holidays"),
        ("DE-XX", 'DE has no region "XX"'),
    ],
)
def test_an_unknown_country_or_region_is_told_with_those_that_are_known(code: str, words: str) -> None:
    with pytest.raises(ValueError) as caught:
        check_region(code)
    assert words in str(caught.value)


def test_own_days_win_over_holidays_and_the_week() -> None:
    closed, christmas = date(2026, 12, 24), date(2026, 12, 25)
    hours = Calendar(
        "x", BERLIN, OFFICE.week, ("DE",), ((closed, "stocktaking"),), ((christmas, parse_intervals(["10:00-11:00"])),)
    )
    assert hours.day(closed) == ((), "stocktaking")
    assert hours.day(christmas) == ((Interval(600, 660),), "")
    assert hours.day(date(2026, 12, 26)) == ((), "Saturday")
    assert hours.day(date(2027, 1, 1)) == ((), "New Year's Day (DE)")


def test_a_calendar_without_open_time_is_found_out() -> None:
    never = Calendar("never", BERLIN, ((),) * 7)
    assert not never.is_ever_open()
    with pytest.raises(ValueError, match="no open time"):
        after(never, datetime(2026, 11, 22, tzinfo=UTC), HOUR)
    with pytest.raises(ValueError, match="no working day"):
        after_days(never, datetime(2026, 11, 22, tzinfo=UTC), 1)
    assert OFFICE.is_ever_open()


def test_the_time_between_is_told_stretch_by_stretch() -> None:
    start = datetime(2026, 12, 24, 17, tzinfo=BERLIN)
    found = [
        (f"{one.start.astimezone(BERLIN):%d %H:%M}", f"{one.end.astimezone(BERLIN):%d %H:%M}", one.counted, one.why)
        for one in stretches(OFFICE, start, datetime(2026, 12, 28, 14, tzinfo=BERLIN))
    ]
    assert found == [
        ("24 17:00", "24 18:00", True, ""),
        ("24 18:00", "25 00:00", False, "closed"),
        ("25 00:00", "26 00:00", False, "Christmas Day (DE-BY)"),
        ("26 00:00", "27 00:00", False, "Saturday"),
        ("27 00:00", "28 00:00", False, "Sunday"),
        ("28 00:00", "28 09:00", False, "closed"),
        ("28 09:00", "28 12:30", True, ""),
        ("28 12:30", "28 13:30", False, "closed"),
        ("28 13:30", "28 14:00", True, ""),
    ]


ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "UTC",
         "America/Santiago", "Africa/Cairo", "America/St_Johns"]  # fmt: skip


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    def day() -> tuple[Interval, ...]:
        edges = sorted(draw(st.sets(st.integers(0, 96), max_size=6)))
        return tuple(Interval(15 * a, 15 * b) for a, b in zip(edges[::2], edges[1::2], strict=False))

    week = [day() for _ in range(7)]
    week[draw(st.integers(0, 6))] = parse_intervals(["09:00-17:00"])
    regions = draw(st.sampled_from([(), ("DE",), ("DE-BY",), ("US",), ("CN",), ("AU", "NZ")]))
    off = draw(st.dictionaries(st.dates(date(2026, 1, 1), date(2027, 12, 31)), st.just("off"), max_size=5))
    return Calendar("x", ZoneInfo(draw(st.sampled_from(ZONES))), tuple(week), regions, tuple(sorted(off.items())))


_FROM, _SECONDS = datetime(2026, 1, 1, tzinfo=UTC), 2 * 365 * 86_400
MOMENTS = st.integers(0, _SECONDS).map(lambda seconds: _FROM + timedelta(seconds=seconds))
SPANS = st.integers(1, 60 * 3_600).map(lambda seconds: timedelta(seconds=seconds))


@settings(max_examples=300, deadline=None)
@given(calendars(), MOMENTS, SPANS)
def test_from_start_to_end_lies_exactly_the_limit(hours: Calendar, start: datetime, span: timedelta) -> None:
    end = after(hours, start, span)
    assert end >= start + span
    assert open_between(hours, start, end) == span
    # It is the first such moment.
    assert open_between(hours, start, end - timedelta(seconds=1)) == span - timedelta(seconds=1)


@settings(max_examples=200, deadline=None)
@given(calendars(), MOMENTS, MOMENTS, MOMENTS)
def test_open_time_is_never_negative_and_adds_up(hours: Calendar, a: datetime, b: datetime, c: datetime) -> None:
    first, middle, last = sorted([a, b, c])
    whole = open_between(hours, first, last)
    assert NOTHING <= open_between(hours, first, middle) <= whole <= last - first
    assert open_between(hours, first, middle) + open_between(hours, middle, last) == whole
    if middle > first:
        assert open_between(hours, middle, first) == NOTHING


@settings(max_examples=200, deadline=None)
@given(calendars(), MOMENTS, MOMENTS, SPANS)
def test_who_starts_later_breaks_no_earlier(hours: Calendar, a: datetime, b: datetime, span: timedelta) -> None:
    first, second = sorted([a, b])
    assert after(hours, first, span) <= after(hours, second, span)
    assert after_days(hours, first, 3) <= after_days(hours, second, 3)


@settings(max_examples=100, deadline=None)
@given(calendars(), MOMENTS, st.timedeltas(NOTHING, timedelta(days=30)))
def test_stretches_leave_no_gap_and_sum_up_to_the_open_time(hours: Calendar, start: datetime, span: timedelta) -> None:
    end = start + span
    found = list(stretches(hours, start, end))
    assert sum((one.open_time for one in found), NOTHING) == open_between(hours, start, end)
    assert [one.start for one in found[1:]] == [one.end for one in found[:-1]]
    if found:
        assert (found[0].start, found[-1].end) == (start, end)
    assert all(one.start < one.end for one in found)


@settings(max_examples=100, deadline=None)
@given(calendars(), MOMENTS, st.integers(1, 10))
def test_working_days_end_with_the_last_hours_of_a_day(hours: Calendar, start: datetime, days: int) -> None:
    end = after_days(hours, start, days)
    assert end > start
    own = start.astimezone(hours.zone).date()
    dates = [day for number in range(1, 400) if open_spans(hours, day := own + timedelta(days=number))]
    assert end == open_spans(hours, dates[days - 1])[-1][1]
    assert Limit(days=days).end(hours, start) == end
