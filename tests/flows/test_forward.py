"""Bringing people forward after a publish: some hundreds at a time, nobody lost, nobody twice."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import col, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.flows import forward
from mailer.flows.files import take_flows
from mailer.flows.parse import parse_flow
from mailer.model import Enrollment, FlowForward
from tests.flows.line import TERMS, Line, flow_text

LONG = flow_text().replace('send = "order_confirmation"', 'send = "order_confirmation"\nwait = "29d"')
SHORT = LONG.replace('"29d"', '"12d"')


class Waiting:
    """Twelve orders that wait 29 days."""

    def __init__(self, db: Database, clock: FrozenClock) -> None:
        self.db, self.clock = db, clock
        self.take(LONG)
        self.line = Line(db, clock, self.flows).open()
        for number in range(12):
            self.line.order(name=f"#{number}", id=number + 1)
        self.line.turn()

    def take(self, text: str) -> None:
        """As the shelf does when the text of the flow changed."""
        self.flows = {"plain": parse_flow("plain", text)}
        self.db.run_here(take_flows, self.flows, {}, terms=TERMS, now=self.clock.now())

    def carry(self) -> bool:
        """One batch."""
        return asyncio.run(forward.carry_forward(self.db, self.flows, TERMS, now=self.clock.now()))

    def spans(self) -> list[int]:
        """In how many days each of them is due."""
        rows = self.db.read_here(lambda session: session.exec(select(Enrollment).order_by(col(Enrollment.id))).all())
        return [round((one.due_at - one.anchor_at) / timedelta(days=1)) for one in rows if one.due_at]

    def mark(self) -> FlowForward | None:
        """What is still to be done."""
        return next(iter(self.db.read_here(forward.marks)), None)


@pytest.fixture
def waiting(db: Database, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> Waiting:
    monkeypatch.setattr(forward, "_AT_ONCE", 5)
    return Waiting(db, clock)


def test_a_publish_only_writes_down_and_batches_carry_it_out(waiting: Waiting) -> None:
    assert waiting.spans() == [29] * 12
    waiting.take(SHORT)
    assert (waiting.spans(), waiting.mark().waiting) == ([29] * 12, 12)
    assert waiting.carry()
    assert waiting.spans() == [12] * 5 + [29] * 7
    assert (waiting.mark().looked_at, waiting.mark().moved) == (5, 5)
    while waiting.carry():
        pass
    assert waiting.spans() == [12] * 12
    assert waiting.mark() is None


def test_who_was_changed_between_look_and_move_is_looked_at_again(waiting: Waiting) -> None:
    waiting.take(SHORT)
    now = waiting.clock.now()
    batch = waiting.db.read_here(forward.look, waiting.flows, TERMS, now=now)
    third = batch.earlier[2][0]
    waiting.db.run_here(lambda session: setattr(session.get(Enrollment, third), "version", 77))
    assert waiting.db.run_here(forward.move, batch, now=now)
    assert waiting.spans()[:5] == [12, 12, 29, 12, 12]
    # A second process that looked at the same changes nothing.
    assert not waiting.db.run_here(forward.move, batch, now=now)
    while waiting.carry():
        pass
    assert waiting.spans() == [12] * 12


def test_a_second_publish_in_between_begins_anew_with_its_own_text(waiting: Waiting) -> None:
    waiting.take(SHORT)
    waiting.carry()
    old = waiting.flows
    waiting.take(SHORT.replace('"12d"', '"11d"'))
    new, waiting.flows = waiting.flows, old
    # A process that knows only the text before leaves it alone.
    assert not waiting.carry()
    waiting.flows = new
    while waiting.carry():
        pass
    assert waiting.spans() == [11] * 12


def test_what_a_person_is_told_before_is_counted_or_reckoned(waiting: Waiting, monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = parse_flow("plain", LONG), parse_flow("plain", SHORT)
    now = waiting.clock.now()
    told = waiting.db.read_here(forward.prospect, before, after, TERMS, now=now)
    assert (told.forward, told.at_once, told.exact, told.is_many) == (12, 0, True, False)
    later = now + timedelta(days=15)
    assert waiting.db.read_here(forward.prospect, before, after, TERMS, now=later).at_once == 12
    assert waiting.db.read_here(forward.prospect, after, before, TERMS, now=now).forward == 0
    monkeypatch.setattr(forward, "_LOOKED_AT", 4)
    reckoned = waiting.db.read_here(forward.prospect, before, after, TERMS, now=now)
    assert (reckoned.forward, reckoned.exact) == (12, False)
    monkeypatch.setattr(forward, "MOST_COUNTED", 8)
    assert waiting.db.read_here(forward.prospect, before, after, TERMS, now=now).is_many
