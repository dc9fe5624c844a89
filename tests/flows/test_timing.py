"""When steps are due and mails may leave: a table worked out by hand, summer time, and what holds for every moment."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailer.flows.definition import Lapse, Lapses, Step
from mailer.flows.timing import after, due_at, next_time
from mailer.hours import Calendar, Interval, parse_intervals, weekdays
from mailer.windows import is_open, next_open
from mailer.zones import zones_of

BERLIN, NEW_YORK, HONOLULU = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Pacific/Honolulu")
APIA, LORD_HOWE, UTC_ZONE = ZoneInfo("Pacific/Apia"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("UTC")
WEEKDAYS = weekdays(BERLIN)
DAY = parse_intervals(["09:00-20:00"])[0]


def wall(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    """A time on the wall; a star means the second time that it is shown."""
    moment = datetime.fromisoformat(text.rstrip("*")).replace(tzinfo=zone, fold=text.endswith("*"))
    return moment.astimezone(UTC)


def minute(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


@pytest.mark.parametrize(
    ("start", "lapse", "then"),
    [
        ("2027-01-04 10:00", Lapse(timedelta(days=3)), "2027-01-07 10:00"),
        ("2027-01-04 10:00", Lapse(timedelta(hours=6)), "2027-01-04 16:00"),
        # Days are time that passes: over a change of summer time the wall shows another hour.
        ("2027-03-27 10:00", Lapse(timedelta(days=1)), "2027-03-28 11:00"),
        ("2026-10-24 10:00", Lapse(timedelta(days=1)), "2026-10-25 09:00"),
        # Friday to Monday, and from the weekend to the first day of the week.
        ("2027-01-08 15:30", Lapse(business_days=1), "2027-01-11 15:30"),
        ("2027-01-09 15:30", Lapse(business_days=1), "2027-01-11 15:30"),
        ("2027-01-10 23:59", Lapse(business_days=3), "2027-01-13 23:59"),
        # Business days keep the time on the wall.
        ("2027-03-26 10:00", Lapse(business_days=1), "2027-03-29 10:00"),
        ("2026-10-23 10:00", Lapse(business_days=1), "2026-10-26 10:00"),
    ],
)
def test_waits(start: str, lapse: Lapse, then: str) -> None:
    assert after(wall(start), lapse, WEEKDAYS) == wall(then)


def test_holidays_and_closed_days_are_no_business_days() -> None:
    week = (parse_intervals(["09:00-17:00"]),) * 5 + ((),) * 2
    office = Calendar(
        "office", BERLIN, week, regions=("DE",), closed=((wall("2026-12-28 12:00").date(), "stocktaking"),)
    )
    # The 25th and 26th are holidays, then a weekend, then the shop counts its goods.
    assert after(wall("2026-12-24 11:00"), Lapse(business_days=1), office) == wall("2026-12-29 11:00")


def test_a_calendar_without_business_days_is_told_and_does_not_run_for_ever() -> None:
    never = Calendar("never", BERLIN, ((),) * 7)
    with pytest.raises(ValueError, match='"never" has no business day'):
        after(wall("2027-01-04 10:00"), Lapse(business_days=1), never)


@pytest.mark.parametrize(
    ("moment", "at", "then"),
    [
        ("2027-01-04 09:59", "10:00", "2027-01-04 10:00"),
        ("2027-01-04 10:00", "10:00", "2027-01-04 10:00"),
        ("2027-01-04 10:01", "10:00", "2027-01-05 10:00"),
        # 02:30 does not exist on the 28th of March: the first moment after it is 03:00.
        ("2027-03-28 00:00", "02:30", "2027-03-28 03:00"),
        ("2027-03-28 04:00", "02:30", "2027-03-29 02:30"),
        # 02:30 comes twice on the 25th of October 2026 and the 31st of October 2027; once is enough.
        ("2026-10-25 00:00", "02:30", "2026-10-25 02:30"),
        ("2026-10-25 02:31", "02:30", "2026-10-26 02:30"),
        ("2027-10-31 00:00", "02:30", "2027-10-31 02:30"),
        ("2027-10-31 02:00*", "02:30", "2027-11-01 02:30"),
        ("2027-03-27 10:30", "10:00", "2027-03-28 10:00"),
        ("2026-10-24 10:30", "10:00", "2026-10-25 10:00"),
    ],
)
def test_at_an_hour_of_the_day(moment: str, at: str, then: str) -> None:
    assert next_time(wall(moment), minute(at), BERLIN) == wall(then)


def test_the_day_that_samoa_left_out_has_no_ten_oclock() -> None:
    left = wall("2011-12-29 12:00", APIA)
    assert next_time(left, minute("10:00"), APIA) == wall("2011-12-31 00:00", APIA)


@pytest.mark.parametrize(
    ("moment", "window", "then"),
    [
        ("2027-01-04 08:59", "09:00-20:00", "2027-01-04 09:00"),
        ("2027-01-04 09:00", "09:00-20:00", "2027-01-04 09:00"),
        ("2027-01-04 19:59", "09:00-20:00", "2027-01-04 19:59"),
        ("2027-01-04 20:00", "09:00-20:00", "2027-01-05 09:00"),
        ("2027-03-27 21:00", "09:00-20:00", "2027-03-28 09:00"),
        ("2026-10-24 21:00", "09:00-20:00", "2026-10-25 09:00"),
        # A window within the hour that is left out opens a day later.
        ("2027-03-28 01:00", "02:00-03:00", "2027-03-29 02:00"),
        ("2027-03-28 01:00", "02:30-04:00", "2027-03-28 03:00"),
        # Within the hour that comes twice it is open twice, and shut in between.
        ("2026-10-25 02:20", "02:00-02:30", "2026-10-25 02:20"),
        ("2026-10-25 02:40", "02:00-02:30", "2026-10-25 02:00*"),
        ("2026-10-25 02:10*", "02:30-05:00", "2026-10-25 02:30*"),
        ("2027-10-31 01:59", "02:30-05:00", "2027-10-31 02:30"),
    ],
)
def test_quiet_hours(moment: str, window: str, then: str) -> None:
    (hours,) = parse_intervals([window])
    assert next_open(wall(moment), hours, [BERLIN]) == wall(then)


def test_without_a_window_every_hour_is_decent() -> None:
    assert next_open(wall("2027-01-04 03:00"), None, [BERLIN]) == wall("2027-01-04 03:00")
    assert is_open(wall("2027-01-04 03:00"), None, [BERLIN])
    assert not is_open(wall("2027-01-04 03:00"), DAY, [BERLIN])


def test_where_the_zone_is_not_known_it_is_day_in_all_of_them() -> None:
    # 09:00 in Honolulu is 14:00 in New York in winter, where the window ends at 20:00.
    zones = zones_of("US")
    assert next_open(wall("2027-01-04 09:00", NEW_YORK), DAY, zones) == wall("2027-01-04 09:00", HONOLULU)
    assert next_open(wall("2027-01-04 20:00", NEW_YORK), DAY, zones) == wall("2027-01-05 09:00", HONOLULU)


def test_zones_that_share_no_hour_are_read_by_the_first() -> None:
    (short,) = parse_intervals(["09:00-10:00"])
    assert next_open(wall("2027-01-04 08:00", NEW_YORK), short, [NEW_YORK, HONOLULU]) == wall(
        "2027-01-04 09:00", NEW_YORK
    )


@pytest.mark.parametrize(
    ("home", "at_once", "then"),
    [
        (True, False, "2027-01-08 10:00"),  # three days are over at noon, so it is ten on the next day
        (False, False, "2027-01-10 10:00"),
        (True, True, "2027-01-05 10:00"),  # the fallback has waited already
    ],
)
def test_when_a_step_is_due(home: bool, at_once: bool, then: str) -> None:
    wait = Lapses(Lapse(timedelta(days=3)), Lapse(timedelta(days=5)))
    step = Step("ask", "review_invitation", wait, at=minute("10:00"))
    anchor = wall("2027-01-04 12:00")
    assert due_at(step, anchor, home=home, zone=BERLIN, calendar=WEEKDAYS, at_once=at_once) == wall(then)


ZONES = st.sampled_from([BERLIN, NEW_YORK, HONOLULU, APIA, LORD_HOWE, UTC_ZONE, ZoneInfo("Asia/Kathmandu")])
MOMENTS = st.datetimes(
    min_value=datetime(2026, 1, 1),  # noqa: DTZ001
    max_value=datetime(2028, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
WINDOWS = st.tuples(st.integers(0, 1439), st.integers(1, 1440)).filter(lambda pair: pair[0] < pair[1])


@given(MOMENTS, WINDOWS, ZONES)
@example(datetime(2026, 10, 25, 0, 59, 59, tzinfo=UTC), (150, 180), BERLIN)
@example(datetime(2027, 3, 28, 0, 59, 59, 999999, tzinfo=UTC), (120, 180), BERLIN)
def test_a_mail_leaves_within_the_window_and_never_before(
    moment: datetime, hours: tuple[int, int], zone: ZoneInfo
) -> None:
    window = Interval(*hours)
    found = next_open(moment, window, [zone])
    shown = found.astimezone(zone)
    assert found >= moment
    assert window.start <= shown.hour * 60 + shown.minute < window.end
    assert next_open(found, window, [zone]) == found
    # Two days at most: the day on which the clocks jump over a window has none.
    assert found - moment <= timedelta(days=2, hours=2)


@given(MOMENTS, st.lists(ZONES, min_size=2, max_size=4), st.integers(0, 20))
def test_several_zones_are_all_within_the_window_or_at_least_the_first(
    moment: datetime, zones: list[ZoneInfo], begin: int
) -> None:
    window = Interval(begin * 60, 24 * 60 if begin > 12 else (begin + 11) * 60)
    found = next_open(moment, window, zones)
    inside = [window.start <= one.hour * 60 + one.minute < window.end for one in map(found.astimezone, zones)]
    assert found >= moment
    assert inside[0]
    assert next_open(found, window, zones) == found


LAPSES = st.one_of(
    st.timedeltas(min_value=timedelta(), max_value=timedelta(days=60)).map(Lapse),
    st.integers(1, 30).map(lambda days: Lapse(business_days=days)),
)


@given(MOMENTS, LAPSES, st.none() | st.integers(0, 1439), ZONES)
def test_a_step_is_never_due_before_its_wait_is_over(
    anchor: datetime, lapse: Lapse, at: int | None, zone: ZoneInfo
) -> None:
    step = Step("ask", "review_invitation", Lapses(lapse, lapse), at=at)
    due = due_at(step, anchor, home=True, zone=zone, calendar=weekdays(zone))
    assert due >= anchor + lapse.span
    assert (due.astimezone(zone).date() - anchor.astimezone(zone).date()).days >= lapse.business_days
    over = after(anchor, lapse, weekdays(zone))
    assert over <= due <= over + timedelta(days=2, hours=2)
    if lapse.business_days:
        assert over.astimezone(zone).weekday() < 5
