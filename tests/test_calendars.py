"""Spans, zones and times of day: what people write, what is refused, and how it is said back."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.calendars import in_words, parse_span, parse_time_of_day, parse_zone, time_left

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("30s", timedelta(seconds=30)),
        ("250ms", timedelta(milliseconds=250)),
        ("5m", timedelta(minutes=5)),
        ("24h", timedelta(hours=24)),
        ("3d", timedelta(days=3)),
        ("2w", timedelta(weeks=2)),
        ("1h30m", timedelta(minutes=90)),
        (" 1 H 30 M ", timedelta(minutes=90)),
        ("1.5h", timedelta(minutes=90)),
        ("0s", timedelta()),
    ],
)
def test_a_span_is_read_as_people_write_it(text: str, span: timedelta) -> None:
    assert parse_span(text) == span


@pytest.mark.parametrize("text", ["", " ", "5", "s", "-5s", "5 minutes", "1.5.h", "5s!", "1h,30m", "9999999999999w"])
def test_what_is_no_span_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match="time"):
        parse_span(text)


@given(st.lists(st.tuples(st.integers(0, 9_999), st.sampled_from(sorted(SECONDS))), min_size=1, max_size=5))
def test_the_parts_of_a_span_add_up(parts: list[tuple[int, str]]) -> None:
    text = "".join(f"{number}{unit}" for number, unit in parts)
    seconds = sum(number * SECONDS[unit] for number, unit in parts)
    assert parse_span(text).total_seconds() == pytest.approx(seconds)


@given(st.text(max_size=40))
def test_any_text_is_a_span_or_a_value_error(text: str) -> None:
    try:
        assert parse_span(text) >= timedelta()
    except ValueError as error:
        assert str(error)


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/Sao_Paulo"])
def test_a_zone_is_known_by_its_iana_name(name: str) -> None:
    assert str(parse_zone(name)) == name


@pytest.mark.parametrize("name", ["", "Berlin", "../../etc/passwd", "/etc/passwd", "Europe", "a\0b"])
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a time zone"):
        parse_zone(name)


def test_a_time_of_day_has_hours_and_minutes() -> None:
    assert parse_time_of_day("03:10") == time(3, 10)
    assert parse_time_of_day("7:05") == time(7, 5)


@pytest.mark.parametrize("text", ["24:00", "12:60", "12", "12:5", "", "noon", "12:30:00"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a time of day"):
        parse_time_of_day(text)


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(), "0 s"),
        (timedelta(milliseconds=400), "0 s"),
        (timedelta(seconds=45), "45 s"),
        (timedelta(hours=2, minutes=10, seconds=5), "2 h 10 min"),
        (timedelta(days=3), "3 d"),
        (timedelta(days=1, seconds=7), "1 d 7 s"),
        (timedelta(minutes=-5), "5 min"),
    ],
)
def test_a_span_is_said_in_two_units_at_most(span: timedelta, words: str) -> None:
    assert in_words(span) == words


@pytest.mark.parametrize(
    ("minutes", "words"), [(130, "due in 2 h 10 min"), (0, "due in 0 s"), (-5, "overdue by 5 min")]
)
def test_a_deadline_says_how_it_stands(minutes: int, words: str) -> None:
    assert time_left(NOW + timedelta(minutes=minutes), NOW) == words
