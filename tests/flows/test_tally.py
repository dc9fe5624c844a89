"""Flows in numbers: who is in them, what they sent, and how many reached what they are for."""

from datetime import timedelta

import pytest

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.events import record_event
from mailer.flows.tally import Tally, tally
from tests.flows.line import Line, flow_text


@pytest.fixture
def line(db: Database, clock: FrozenClock) -> Line:
    return Line(db, clock).open()


def with_goal(goal: str, **parts: str) -> str:
    return flow_text(**parts).replace("[trigger]", f'goal = "{goal}"\n[trigger]')


def happens(line: Line, kind: str, key: str, address: str = "ana@customer.test") -> None:
    line.clock.current += timedelta(minutes=1)
    now = line.clock.now()
    line.db.run_here(record_event, kind, ("order", 1), key=key, order_id=1, address=address, at=now, now=now)
    line.turn("enroll")


def test_nobody_entered_nothing_is_told(line: Line) -> None:
    assert line.db.read_here(tally) == []


def test_passages_mails_and_goals_are_counted_each_once(line: Line) -> None:
    line.flow("plain", with_goal("review.received"))
    line.flow("later", flow_text(step='wait = "9d"'))
    line.order()
    line.turn()
    # Two reviews of two products: the passage reached its goal once.
    happens(line, "review.received", "review.received:1")
    happens(line, "review.received", "review.received:2")
    assert line.db.read_here(tally) == [
        Tally("later", active=1, paused=0, finished=0, exited=0, sent=0, skipped=0, reached=0),
        Tally("plain", active=0, paused=0, finished=1, exited=0, sent=1, skipped=0, reached=1),
    ]


def test_what_let_somebody_in_is_not_the_goal_and_another_customers_order_neither(line: Line) -> None:
    line.flow("plain", with_goal("order.placed", trigger='event = "order.placed"\nper = "customer"'))
    line.order()
    line.turn()
    happens(line, "order.placed", "order.placed:other", address="bo@customer.test")
    assert line.db.read_here(tally)[0].reached == 0
    happens(line, "order.placed", "order.placed:again")
    assert line.db.read_here(tally)[0].reached == 1
