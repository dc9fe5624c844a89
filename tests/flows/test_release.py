"""A batch waits for a person, who sees it first; a mail that was skipped goes anyway where that is lawful."""

from datetime import timedelta

import pytest
from sqlmodel import Session

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.errors import Conflict, InputError, NotFound
from mailer.flows.looked_at import CHANGED, Shown, look_code, marks, show, waiting
from mailer.flows.release import release, send_skipped_anyway, skip_batch
from mailer.model import EnrollmentState, SendAnyway, StepOutcome, Stream, SuppressionCause
from mailer.orders.ingest import ingest
from mailer.orders.source import parse_payload
from mailer.outbound.suppress import suppress
from mailer.rendering.shelf import TemplateShelf
from tests.build import ANA, TEMPLATES, agent, payload
from tests.flows.line import TERMS, Line, flow_text
from tests.rendering.revisions import published

SECOND = '[[step]]\nid = "second"\nwait = "2d"\nsend = "order_confirmation"\n'


@pytest.fixture
def line(db: Database, clock: FrozenClock) -> Line:
    return Line(db, clock).open()


def batched(line: Line, *numbers: str, more: str = "") -> list[Shown]:
    """What a person sees of the batch of a manual flow that these orders came into."""
    line.flow("plain", flow_text(status="manual", more=more))
    for number in numbers:
        line.order(name=number, id=number)
    line.turn()
    return looked_at(line)


def looked_at(line: Line) -> list[Shown]:
    now = line.clock.now()
    some = line.db.read_here(waiting, line.flows["plain"], TERMS, limit=50, now=now)
    return [show(one, line.catalog, TERMS, wall=now) for one in some]


def let_go(line: Line, shown: list[Shown]) -> int:
    return line.db.run_here(release, line.flows["plain"], marks(shown), by="maria", now=line.clock.now())


def test_a_manual_flow_shows_its_batch_and_sends_nothing(line: Line) -> None:
    shown = batched(line, "#1", "#2")
    assert [one.sheet.passage.enrollment.address for one in shown] == [ANA, ANA]
    assert all(one.written is not None and one.mark for one in shown)
    assert line.relay.mails == []
    assert {one.state for one in line.enrollments()} == {EnrollmentState.PAUSED}


def test_a_released_batch_goes_once(line: Line) -> None:
    shown = batched(line, "#1", "#2")
    for expected in (2, 0):
        assert let_go(line, shown) == expected
        line.turn()
    assert len(line.relay.mails) == 2


def test_what_came_after_the_look_is_not_let_go(line: Line) -> None:
    shown = batched(line, "#1")
    line.order(name="#2", id="#2")
    line.turn()
    assert let_go(line, shown) == 1
    line.turn()
    assert len(line.relay.mails) == 1
    assert len(looked_at(line)) == 1


def test_one_that_is_left_out_waits_for_the_next_look(line: Line) -> None:
    shown = batched(line, "#1", "#2", "#3")
    assert let_go(line, [shown[0], shown[2]]) == 2
    line.turn()
    assert [one.step_id for one in looked_at(line)] == [shown[1].step_id]


def test_what_reads_otherwise_than_it_did_is_looked_at_again(line: Line) -> None:
    shown = batched(line, "#1", "#2")
    before = {one.step_id: one.mark for one in shown}
    line.clock.current += timedelta(minutes=5)
    told = payload(line.clock.now(), name="#1", id="#1", total_price="12.00")
    line.db.run_here(ingest, parse_payload(told), now=line.clock.now())
    assert let_go(line, shown) == 2
    line.turn()
    assert len(line.relay.mails) == 1, "the other one reads as it did"
    [again] = looked_at(line)
    assert again.mark != before[again.step_id]
    assert any(step.reason == CHANGED for step in line.steps())
    let_go(line, [again])
    line.turn()
    assert len(line.relay.mails) == 2


def test_a_mail_whose_template_was_published_after_the_look_is_not_sent_unseen(line: Line) -> None:
    shelf = TemplateShelf(line.db, line.clock, TEMPLATES)
    line.catalog = shelf.catalog
    name = "lifecycle/order_confirmation.en.html"
    shown = batched(line, "#1", "#2")
    assert let_go(line, shown[:1]) == 1
    text = line.catalog.text(name)
    other = text.replace("</h1>", " It reads otherwise.</h1>") if "</h1>" in text else f"{text}\n<p>Otherwise.</p>"
    line.db.run_here(published, other, line.clock.now(), line.catalog, name)
    assert let_go(line, shown[1:]) == 1, "a person may still press the button: the mail is judged when it is written"
    shelf.read_here()
    line.turn()
    assert line.relay.mails == []
    again = looked_at(line)
    assert [one.step_id for one in again] == [one.step_id for one in shown]
    assert {one.mark for one in again}.isdisjoint(one.mark for one in shown)
    assert all("therwise" in one.written.mail.text for one in again if one.written)
    let_go(line, again)
    line.turn()
    assert len(line.relay.mails) == 2


def test_the_mark_stays_while_the_mail_does(line: Line) -> None:
    shown = batched(line, "#1")
    line.clock.current += timedelta(hours=30)
    assert [one.mark for one in looked_at(line)] == [one.mark for one in shown]
    assert look_code(looked_at(line)) == look_code(shown)
    line.order(name="#2", id="#2")
    line.turn()
    assert look_code(looked_at(line)) != look_code(shown)


def test_the_next_step_is_batched_again(line: Line) -> None:
    let_go(line, batched(line, "#1", more=SECOND))
    line.turn()
    line.wait(days=3)
    assert [one.outcome for one in line.steps()] == [StepOutcome.QUEUED, StepOutcome.BATCHED]
    assert len(line.relay.mails) == 1


def test_what_speaks_against_a_released_mail_still_holds(line: Line) -> None:
    shown = batched(line, "#1")
    now = line.clock.now()
    line.db.run_here(suppress, ANA, Stream.ALL, SuppressionCause.BOUNCES, "it came back", now=now)
    let_go(line, shown)
    line.turn()
    [step] = line.steps()
    assert step.outcome is StepOutcome.SKIPPED
    assert line.relay.mails == []


def skip(line: Line, shown: list[Shown]) -> int:
    steps = [one.step_id for one in shown]
    return line.db.run_here(skip_batch, line.flows["plain"], steps, by="maria", now=line.clock.now())


def test_a_skipped_batch_goes_on_with_the_next_step(line: Line) -> None:
    assert skip(line, batched(line, "#1", more=SECOND)) == 1
    line.turn()
    [enrollment] = line.enrollments()
    [step] = line.steps()
    assert (enrollment.step, step.outcome, step.reason) == ("second", StepOutcome.SKIPPED, "maria skipped it")


def test_the_last_step_skipped_finishes_the_flow(line: Line) -> None:
    skip(line, batched(line, "#1"))
    assert [one.state for one in line.enrollments()] == [EnrollmentState.FINISHED]


def test_a_flow_that_became_live_needs_nobody(line: Line) -> None:
    shown = batched(line, "#1")
    line.flow("plain", flow_text())
    let_go(line, shown)
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
