"""A batch waits for a person, who sees it first; a mail that was skipped goes anyway where that is lawful."""

from dataclasses import replace

import pytest
from sqlmodel import Session

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.errors import Conflict, InputError, NotFound
from mailer.flows.release import Batch, batch_of, release, send_skipped_anyway, skip_batch
from mailer.model import EnrollmentState, SendAnyway, StepOutcome, Stream, SuppressionCause
from mailer.outbound.suppress import suppress
from tests.build import ANA, agent
from tests.flows.line import TERMS, Line, flow_text

SECOND = '[[step]]\nid = "second"\nwait = "2d"\nsend = "order_confirmation"\n'


@pytest.fixture
def line(db: Database, clock: FrozenClock) -> Line:
    return Line(db, clock).open()


def batched(line: Line, *numbers: str, more: str = "") -> Batch:
    line.flow("plain", flow_text(status="manual", more=more))
    for number in numbers:
        line.order(name=number, id=number)
    line.turn()
    return line.db.read_here(batch_of, line.flows["plain"], TERMS, now=line.clock.now())


def test_a_manual_flow_shows_its_batch_and_sends_nothing(line: Line) -> None:
    batch = batched(line, "#1", "#2")
    assert (batch.count, batch.by_step, batch.recipients) == (2, {"first": 2}, [ANA, ANA])
    assert batch.sample is not None
    assert line.relay.mails == []
    assert {one.state for one in line.enrollments()} == {EnrollmentState.PAUSED}


def test_a_released_batch_goes_once(line: Line) -> None:
    batched(line, "#1", "#2")
    for expected in (2, 0):
        assert line.db.run_here(release, line.flows["plain"], by="maria", now=line.clock.now()) == expected
        line.turn()
    assert len(line.relay.mails) == 2


def test_the_next_step_is_batched_again(line: Line) -> None:
    batched(line, "#1", more=SECOND)
    line.db.run_here(release, line.flows["plain"], by="maria", now=line.clock.now())
    line.turn()
    line.wait(days=3)
    assert [one.outcome for one in line.steps()] == [StepOutcome.QUEUED, StepOutcome.BATCHED]
    assert len(line.relay.mails) == 1


def test_what_speaks_against_a_released_mail_still_holds(line: Line) -> None:
    batched(line, "#1")
    now = line.clock.now()
    line.db.run_here(suppress, ANA, Stream.ALL, SuppressionCause.BOUNCES, "it came back", now=now)
    line.db.run_here(release, line.flows["plain"], by="maria", now=now)
    line.turn()
    [step] = line.steps()
    assert step.outcome is StepOutcome.SKIPPED
    assert line.relay.mails == []


def test_a_skipped_batch_goes_on_with_the_next_step(line: Line) -> None:
    batched(line, "#1", more=SECOND)
    assert line.db.run_here(skip_batch, line.flows["plain"], by="maria", now=line.clock.now()) == 1
    line.turn()
    [enrollment] = line.enrollments()
    [step] = line.steps()
    assert (enrollment.step, step.outcome, step.reason) == ("second", StepOutcome.SKIPPED, "maria skipped it")


def test_the_last_step_skipped_finishes_the_flow(line: Line) -> None:
    batched(line, "#1")
    line.db.run_here(skip_batch, line.flows["plain"], by="maria", now=line.clock.now())
    assert [one.state for one in line.enrollments()] == [EnrollmentState.FINISHED]


def test_a_flow_that_became_live_needs_nobody(line: Line) -> None:
    batched(line, "#1")
    flow = line.flow("plain", flow_text())
    line.db.run_here(release, replace(flow), by="maria", now=line.clock.now())
    line.turn()
    assert len(line.relay.mails) == 1


def skipped(line: Line, kind: str = "transactional") -> int:
    """An order mail that was not sent, as mails to Ana had come back; the id of its step."""
    line.flow("plain", flow_text(kind=kind, send="order_confirmation", more=SECOND))
    now = line.clock.now()
    line.db.run_here(suppress, ANA, Stream.ALL, SuppressionCause.BOUNCES, "it came back", now=now)
    line.order()
    line.turn()
    [step] = line.steps()
    assert step.outcome is StepOutcome.SKIPPED
    return step.id or 0


def test_a_skipped_order_mail_goes_anyway_with_name_and_reason(line: Line) -> None:
    step = skipped(line)
    now = line.clock.now()
    who = line.db.run_here(agent, now)
    line.db.run_here(send_skipped_anyway, step, agent_id=who, reason="she called", now=now)
    line.turn()
    assert len(line.relay.mails) == 1

    def read(session: Session) -> SendAnyway:
        return session.get_one(SendAnyway, 1)

    kept = line.db.read_here(read)
    assert (kept.agent_id, kept.reason) == (who, "she called")
    assert "it came back" in kept.overruled
    # The step behind it was not due yet, and is not run twice.
    assert line.enrollments()[0].step == "second"


def test_what_cannot_be_sent_anyway(line: Line) -> None:
    step = skipped(line)
    now = line.clock.now()
    who = line.db.run_here(agent, now)
    with pytest.raises(InputError, match="say why"):
        line.db.run_here(send_skipped_anyway, step, agent_id=who, reason=" ", now=now)
    with pytest.raises(NotFound):
        line.db.run_here(send_skipped_anyway, 99, agent_id=who, reason="she called", now=now)
    line.db.run_here(send_skipped_anyway, step, agent_id=who, reason="she called", now=now)
    with pytest.raises(Conflict, match="not skipped"):
        line.db.run_here(send_skipped_anyway, step, agent_id=who, reason="she called", now=now)


def test_consent_is_not_an_agents_to_give(line: Line) -> None:
    step = skipped(line, kind="feedback")
    now = line.clock.now()
    who = line.db.run_here(agent, now)
    with pytest.raises(Conflict, match="without the recipient's consent"):
        line.db.run_here(send_skipped_anyway, step, agent_id=who, reason="she called", now=now)
