"""Never more in any minute or day than config says, however the mails come."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.outbound.pace import Bucket, Rate, full, take

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)


def leaving(rate: Rate, gaps: list[float]) -> list[datetime]:
    """When mails leave that ask again as soon as they may, with these pauses between them."""
    bucket, now, left = full(rate, NOW), NOW, []
    for gap in gaps:
        now += timedelta(seconds=gap)
        while isinstance(answer := take(bucket, rate, now), timedelta):
            assert answer > timedelta()
            now += answer
        bucket = answer
        left.append(now)
    return left


@settings(max_examples=60, deadline=None)
@given(
    per_minute=st.integers(1, 120),
    gaps=st.lists(st.one_of(st.just(0.0), st.floats(0, 30)), min_size=1, max_size=200),
)
def test_no_minute_holds_more_than_it_may(per_minute: int, gaps: list[float]) -> None:
    left = leaving(Rate(per_minute), gaps)
    for number, at in enumerate(left):
        assert sum(at <= other < at + MINUTE - SECOND / 1000 for other in left[number:]) <= per_minute


@settings(max_examples=30, deadline=None)
@given(per_day=st.integers(1, 40), gaps=st.lists(st.floats(0, 20_000), min_size=1, max_size=120))
def test_no_24_hours_hold_more_than_they_may(per_day: int, gaps: list[float]) -> None:
    left = leaving(Rate(per_day=per_day), gaps)
    for number, at in enumerate(left):
        assert sum(at <= other < at + DAY for other in left[number:]) <= per_day


@pytest.mark.parametrize("per_minute", [2, 6, 30, 60, 600])
def test_a_steady_stream_gets_at_least_five_sixths_of_it(per_minute: int) -> None:
    left = leaving(Rate(per_minute), [0.0] * (3 * per_minute))
    minutes = (left[-1] - left[0]).total_seconds() / 60
    assert len(left) / minutes >= per_minute * (0.8 if per_minute >= 6 else 0.5)


def test_a_clock_that_goes_back_fills_nothing_and_blocks_nothing() -> None:
    rate = Rate(60)
    empty = Bucket(0.0, NOW)
    assert isinstance(take(empty, rate, NOW - DAY), timedelta)
    assert take(Bucket(1.0, NOW), rate, NOW - DAY) == Bucket(0.0, NOW - DAY, {str(_hour(NOW - DAY)): 1})
    forward = take(empty, rate, NOW + 400 * DAY)
    assert isinstance(forward, Bucket)
    assert forward.tokens == 9.0


def test_without_a_limit_all_may_go() -> None:
    assert leaving(Rate(), [0.0] * 500) == [NOW] * 500


def _hour(at: datetime) -> int:
    return int(at.timestamp() // 3600)
