"""Guessing gets slower and slower."""

from datetime import datetime, timedelta

import pytest

from mailer.web.throttle import Throttle


@pytest.mark.parametrize(
    ("tries", "seconds"), [(0, 0), (4, 0), (5, 30), (6, 60), (7, 120), (9, 480), (10, 900), (40, 900)]
)
def test_after_five_tries_each_waits_longer(now: datetime, tries: int, seconds: int) -> None:
    throttle = Throttle()
    for _ in range(tries):
        throttle.count("ana", now)
    assert throttle.wait("ana", now) == timedelta(seconds=seconds)
    assert throttle.wait("ANA", now) == timedelta(seconds=seconds)
    assert throttle.wait("bob", now) == timedelta()


def test_waiting_ends_and_an_hour_forgets(now: datetime) -> None:
    throttle = Throttle()
    for _ in range(5):
        throttle.count("ana", now)
    assert throttle.wait("ana", now + timedelta(seconds=30)) == timedelta()
    throttle.count("ana", now + timedelta(hours=2))
    assert throttle.wait("ana", now + timedelta(hours=2)) == timedelta()


def test_a_right_password_forgets(now: datetime) -> None:
    throttle = Throttle()
    for _ in range(9):
        throttle.count("ana", now)
    throttle.forget("ana")
    assert throttle.wait("ana", now) == timedelta()


def test_made_up_names_do_not_fill_the_memory(now: datetime) -> None:
    throttle = Throttle()
    for number in range(3_000):
        throttle.count(f"name {number}", now + timedelta(minutes=number))
    assert len(throttle._tries) <= 1_000
