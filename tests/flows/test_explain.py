"""`mailer why`: what was, and every gate before what comes."""

from datetime import timedelta

import pytest

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.errors import NotFound
from mailer.flows.explain import Chapter, explain, find_order
from tests.flows.line import TERMS, Line, flow_text


@pytest.fixture
def line(db: Database, clock: FrozenClock) -> Line:
    return Line(db, clock).open()


def chapters(line: Line) -> list[Chapter]:
    def read(session: object) -> list[Chapter]:
        order = find_order(session, "#1001")  # type: ignore[arg-type]
        return explain(session, order, line.flows, TERMS, now=line.clock.now())  # type: ignore[arg-type]

    return line.db.read_here(read)


def test_the_past_and_the_gates_of_what_comes(line: Line) -> None:
    reminder = '[[step]]\nid = "second"\nwait = "9d"\nif = "not run.rated"\nsend = "review_reminder"\n'
    reminder += '[[step]]\nid = "third"\nwait = "1d"\nsend = "review_reminder"\n'
    line.flow(
        "plain",
        flow_text(kind="feedback", send="review_invitation", leave='give_up_after = "45d"', more=reminder),
    )
    line.order()
    line.turn()
    line.clock.current += timedelta(hours=12)
    [chapter] = chapters(line)
    assert chapter.standing.startswith("active at step second; now: wait")
    happened = sorted((one.what, one.step) for one in chapter.past)
    assert happened == [("enter", ""), ("queued", "first"), ("sent", "first")]
    answers = {gate.name: gate.is_open for gate in chapter.gates}
    assert answers["due"] is False
    assert answers["open matters"] is True
    assert answers["condition"] is True
    assert chapter.then == ["third: review_reminder, 1 d after the step before"]


def test_a_flow_that_it_is_not_in_says_why(line: Line) -> None:
    line.order()
    line.turn()
    line.flow("draft", flow_text(status="draft"))
    line.flow("later", flow_text(trigger='event = "order.delivered"\nper = "order"'))
    line.flow("never", flow_text(trigger='event = "order.delivered"\nper = "order"', enter='only_if = ["order.home"]'))
    assert [one.standing for one in chapters(line)] == [
        "not in it: the flow is a draft",
        "not in it: it waits for order.delivered",
        "not in it: only if order.home",
    ]


def test_an_order_that_nobody_told_of(line: Line) -> None:
    with pytest.raises(NotFound, match="no order 77"):
        line.db.read_here(find_order, "77")
