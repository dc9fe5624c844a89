"""When a deferred delivery is tried again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.outbound.retry import next_try, next_try_of_relay

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
MINUTES = [5, 10, 20, 40, 80, 160, 240, 240, 240]
SECONDS = [2, 4, 8, 16, 32, 60, 60]


@pytest.mark.parametrize(("attempt", "minutes"), list(enumerate(MINUTES, 1)))
def test_a_recipient_is_tried_later_each_time(attempt: int, minutes: int) -> None:
    pause = next_try("draft-1-approval-1", attempt, NOW) - NOW
    assert timedelta(minutes=minutes) * 0.8 <= pause <= timedelta(minutes=minutes) * 1.2


@pytest.mark.parametrize(("attempt", "seconds"), list(enumerate(SECONDS, 1)))
def test_a_relay_is_tried_soon(attempt: int, seconds: int) -> None:
    pause = next_try_of_relay("draft-1-approval-1", attempt, NOW) - NOW
    assert timedelta(seconds=seconds) * 0.8 <= pause <= timedelta(seconds=seconds) * 1.2


@given(key=st.text(), attempt=st.integers(1, 10_000))
def test_a_pause_is_bounded_and_the_same_for_the_same_key(key: str, attempt: int) -> None:
    pause, relay = next_try(key, attempt, NOW) - NOW, next_try_of_relay(key, attempt, NOW) - NOW
    assert timedelta(minutes=4) <= pause <= timedelta(hours=4.8)
    assert timedelta(seconds=1.6) <= relay <= timedelta(seconds=72)
    assert next_try(key, attempt, NOW) - NOW == pause


def test_many_mails_deferred_at_once_do_not_come_back_at_once() -> None:
    moments = {next_try(f"draft-{number}-approval-1", 1, NOW) for number in range(100)}
    assert len(moments) > 50
    assert max(moments) - min(moments) > timedelta(minutes=1)


def test_two_days_hold_enough_tries() -> None:
    at, attempts = NOW, 0
    while at - NOW < timedelta(hours=48):
        attempts += 1
        at = next_try("draft-1-approval-1", attempts, at)
    assert 14 <= attempts <= 22
