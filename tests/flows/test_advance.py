"""A due step becomes a mail, waits, is skipped or ends, and each of it says why."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from typing import Any

import pytest
from sqlmodel import Session, col, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.events import record_event
from mailer.flows.advance import look
from mailer.flows.enroll import events_to_take, take
from mailer.flows.mail import write_mail
from mailer.flows.record import record
from mailer.model import (
    Conversation,
    ConversationState,
    DeliveryState,
    Draft,
    DraftState,
    Enrollment,
    EnrollmentState,
    Incident,
    IncidentKind,
    Message,
    Order,
    StepOutcome,
    Stream,
    SuppressionCause,
    open_alarms,
)
from mailer.outbound.hold import stop_flow
from mailer.outbound.suppress import suppress
from mailer.rendering.catalog import Catalog
from mailer.sources_config import SourceBook, SourceConfig
from tests.build import ANA, TEMPLATES, asked, customer_mail, parcel
from tests.flows.line import TERMS, Line, flow_text

E, S, D = EnrollmentState, StepOutcome, DeliveryState
DAY = 'between = "09:00-20:00"\ntimezone = "Europe/Berlin"'


@pytest.fixture
def line(db: Database, clock: FrozenClock) -> Line:
    return Line(db, clock).open()


def act(line: Line, verb: Callable[[Session], Any]) -> Any:
    return line.db.run_here(verb)


def talk(line: Line, state: ConversationState) -> None:
    """Ana's conversation about her order has this state, and flows hear of it."""

    def write(session: Session) -> None:
        known = select(Conversation).where(Conversation.order_id == 1, col(Conversation.flow_key).is_(None))
        found = session.exec(known).first()
        conversation = found or session.get_one(Conversation, customer_mail(session, now, order=1).conversation_id)
        conversation.state = state
        kind = "conversation.closed" if state is ConversationState.CLOSED else "conversation.opened"
        about = ("conversation", conversation.id or 0)
        record_event(session, kind, about, key=f"{kind}:{now}", order_id=1, address=ANA, at=now, now=now)

    now = line.clock.now()
    act(line, write)


def only(line: Line) -> tuple[EnrollmentState, str]:
    [enrollment] = line.enrollments()
    return enrollment.state, enrollment.reason


def test_a_due_step_is_sent_once_as_the_flow_says(line: Line) -> None:
    line.flow("plain", flow_text(kind="feedback", send="review_invitation"))
    line.order()
    line.turn()
    [(_, to, raw)] = line.relay.mails
    mail = message_from_bytes(raw)
    [step] = line.steps()
    [delivery] = line.deliveries()
    assert to == ANA
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "https://mail.shop.test/unsubscribe/" in mail["List-Unsubscribe"]
    assert (delivery.kind, delivery.key, delivery.enrollment_id) == ("feedback", "flow:plain:order:1:first:1", 1)
    assert (step.outcome, step.template, step.sent_at) == (
        S.QUEUED,
        "lifecycle/review_invitation.en.html",
        line.clock.now(),
    )
    assert "lifecycle/review_invitation.en.html" in step.made_from


def test_its_mails_stand_in_a_closed_conversation_of_the_order(line: Line) -> None:
    line.flow("plain", flow_text(more='[[step]]\nid = "second"\nwait = "1d"\nsend = "order_confirmation"'))
    line.order()
    line.turn()
    line.wait(days=2)

    def read(session: Session) -> tuple[Conversation, int]:
        conversation = session.exec(select(Conversation)).one()
        return conversation, len(session.exec(select(Message.id)).all())

    conversation, mails = line.db.read_here(read)
    assert (conversation.flow_key, conversation.state, mails) == ("order:1", ConversationState.CLOSED, 2)
    assert only(line) == (E.FINISHED, "")


def test_the_next_wait_counts_from_when_the_mail_was_sent(line: Line) -> None:
    line.flow("plain", flow_text(more='[[step]]\nid = "second"\nwait = "2d"\nsend = "order_confirmation"'))
    line.order()
    line.turn("enroll", "advance")
    line.clock.current += timedelta(hours=30)
    line.turn()
    assert len(line.relay.mails) == 1
    line.wait(hours=40)
    assert len(line.relay.mails) == 1
    line.wait(hours=9)
    assert len(line.relay.mails) == 2


def test_the_next_step_waits_for_the_mail_before_it(line: Line) -> None:
    line.flow("plain", flow_text(more='[[step]]\nid = "second"\nsend = "order_confirmation"'))
    line.order()
    line.turn("enroll", "advance")
    line.wait(minutes=1)
    assert only(line)[0] is E.FINISHED
    assert [one.sent_at is not None for one in line.steps()] == [True, True]


def test_quiet_hours_are_kept(line: Line) -> None:
    line.flow("plain", flow_text(send_on=DAY))
    line.clock.current += timedelta(hours=11)
    line.order()
    line.turn()
    state, reason = only(line)
    assert line.relay.mails == []
    assert (state, reason[:17]) == (E.ACTIVE, "quiet hours until")
    line.wait(hours=11)
    [(at, _, _)] = line.relay.mails
    assert f"{at.astimezone(TERMS.zone):%H:%M}" == "09:00"


def test_what_is_open_holds_and_releases(line: Line) -> None:
    line.flow("plain", flow_text(kind="feedback", send="review_invitation", leave='pause = ["conversation.open"]'))
    line.order()
    line.turn("enroll")
    talk(line, ConversationState.NEEDS_PERSON)
    line.turn()
    assert only(line) == (E.PAUSED, "a conversation of this customer is open")
    line.wait(days=3)
    assert line.relay.mails == []
    talk(line, ConversationState.CLOSED)
    line.turn()
    assert len(line.relay.mails) == 1
    assert any(note.startswith("hold first a conversation") for note in line.notes())


def test_a_story_that_lives_in_the_past_wakes_a_mail_by_our_clock(line: Line) -> None:
    line.flow("plain", flow_text(kind="feedback", send="review_invitation"))
    line.order()
    line.turn("enroll", "advance")
    talk(line, ConversationState.NEEDS_PERSON)
    line.turn("deliver")
    wall = line.clock.now()
    events = line.db.read_here(events_to_take, 10)
    line.db.run_here(take, events, {}, TERMS, now=wall - timedelta(days=20), wall=wall)
    [delivery] = line.deliveries()
    assert (delivery.state, delivery.next_attempt_at) == (D.QUEUED, wall)


def test_what_opens_behind_the_queue_holds_the_mail_there(line: Line) -> None:
    line.flow("plain", flow_text(kind="feedback", send="review_invitation"))
    line.order()
    line.turn("enroll", "advance")
    talk(line, ConversationState.NEEDS_PERSON)
    line.turn("deliver")
    [delivery] = line.deliveries()
    assert (delivery.state, delivery.reason) == (D.QUEUED, "waits: something happened that flows have not read yet")
    line.wait(minutes=1)
    assert line.deliveries()[0].reason == "waits: conversation.open"
    line.wait(days=6)
    assert line.relay.mails == []
    talk(line, ConversationState.CLOSED)
    line.turn()
    assert [one.state for one in line.deliveries()] == [D.SENT]


def test_changed_facts_are_written_anew_and_sent_once(line: Line) -> None:
    line.flow("plain", flow_text())
    line.order()
    line.turn("enroll", "advance")
    line.order(
        updated_at=line.clock.now().isoformat(),
        line_items=[{"id": "900", "title": "Wool shirt", "variant_title": "M", "quantity": 2}],
    )
    line.turn()
    assert [(one.state, one.key[-2:]) for one in line.deliveries()] == [(D.WITHHELD, ":1"), (D.SENT, ":2")]
    [step] = line.steps()
    assert (step.outcome, step.attempt) == (S.QUEUED, 2)
    assert b"Wool shirt" in line.relay.mails[0][2]


def test_an_order_that_moved_house_is_told_to_the_new_address(line: Line) -> None:
    line.flow("plain", flow_text())
    line.order()
    line.turn("enroll", "advance")
    line.order(email="new@customer.test", updated_at=line.clock.now().isoformat())
    line.turn()
    assert [to for _, to, _ in line.relay.mails] == ["new@customer.test"]


def test_nobody_may_write_there(line: Line) -> None:
    line.flow("plain", flow_text(kind="feedback", send="review_invitation"))
    line.order()
    line.turn("enroll", "advance")
    now = line.clock.now()
    act(line, lambda s: suppress(s, ANA, Stream.FEEDBACK, SuppressionCause.COMPLAINT, "they complained", now=now))
    line.turn()
    [step] = line.steps()
    [delivery] = line.deliveries()
    assert (delivery.state, step.outcome) == (D.WITHHELD, S.SKIPPED)
    assert "they complained" in step.reason
    line.order(name="#2", id="2")
    line.turn()
    assert "they complained" in line.steps()[1].reason
    assert line.relay.mails == []


def test_who_was_not_asked_in_germany_is_not_asked_for_a_review(line: Line) -> None:
    line.flow("plain", flow_text(kind="feedback", send="review_invitation"))
    line.order(shipping_address={"name": "Ana", "country_code": "DE"})
    line.turn()
    [step] = line.steps()
    assert (step.outcome, "never agreed to surveys" in step.reason) == (S.SKIPPED, True)


def test_the_cap_holds_over_all_flows_of_feedback_and_marketing(line: Line) -> None:
    capped = 'cap = "1 per 24h"'
    line.flow("one", flow_text(kind="feedback", send="review_invitation", send_on=capped))
    line.flow("two", flow_text(kind="feedback", send="satisfaction_survey", send_on=capped))
    line.order()
    line.turn()
    assert len(line.relay.mails) == 1
    line.wait(hours=23)
    assert len(line.relay.mails) == 1
    line.wait(hours=2)
    assert len(line.relay.mails) == 2


def test_what_the_platform_sends_itself_is_not_sent_twice(line: Line) -> None:
    book = SourceBook({"api": SourceConfig(kind="api", platform_sends=("order_confirmation",))})
    line.terms = replace(TERMS, sources=book)
    line.flow("plain", flow_text())
    line.order()
    line.turn()
    [step] = line.steps()
    assert (step.outcome, step.reason) == (S.SKIPPED, "the shop's platform sends this itself (platform_sends)")


def test_a_flow_that_became_a_draft_waits(line: Line) -> None:
    line.flow("plain", flow_text(step='wait = "9d"'))
    line.order()
    line.turn()
    line.flow("plain", flow_text(step='wait = "9d"', status="draft"))
    line.wait(days=20)
    assert only(line) == (E.PAUSED, "the flow is a draft")
    line.flow("plain", flow_text(step='wait = "9d"'))
    line.wait(hours=7)
    assert only(line) == (E.FINISHED, "")


def test_a_stopped_flow_is_left_alone(line: Line) -> None:
    line.flow("plain", flow_text())
    line.order()
    now = line.clock.now()
    act(line, lambda session: stop_flow(session, "plain", by="maria", reason="look", now=now))
    line.turn()
    assert only(line) == (E.ACTIVE, "")
    assert line.relay.mails == []


def test_a_fact_that_is_missing_holds_the_mail_and_says_where_to_add_it(line: Line) -> None:
    line.flow("plain", flow_text(send="delay_notice"))
    line.order()
    line.turn()
    state, reason = only(line)
    assert state is E.PAUSED
    assert reason.startswith("needs facts: delay.kind")


def test_a_template_that_is_not_there_raises_an_alarm(line: Line) -> None:
    line.flow("plain", flow_text(send="nothing_of_that_name"))
    line.order()
    line.turn()
    assert only(line)[0] is E.PAUSED
    assert [(one.kind, one.subject) for one in line.db.read_here(open_alarms)] == [("flow", "plain")]


def _late(line: Line) -> None:
    def write(session: Session) -> None:
        late = Incident(key="1", kind=IncidentKind.OVERDUE, order_id=1, promised_on=now.date(), opened_at=now)
        session.add(late)
        session.flush()
        given = {"order_id": 1, "address": ANA, "at": now, "now": now, "data": {"needs_person": False}}
        record_event(session, "delay.opened", ("delay", late.id or 0), key="delay.opened:1", **given)  # type: ignore[arg-type]

    now = line.clock.now()
    act(line, write)


DELAY = 'event = "delay.opened"\nper = "delay"'


def test_who_asked_already_hears_of_the_delay_in_that_conversation(line: Line) -> None:
    line.flow("delay_notice", flow_text(trigger=DELAY, send="delay_notice"))
    case = act(line, lambda session: asked(session, line.clock.now() - timedelta(hours=1)))
    _late(line)
    line.turn()
    [step] = line.steps()
    assert (step.outcome, line.relay.mails) == (S.IN_CONVERSATION, [])

    def read(session: Session) -> tuple[Draft, Order]:
        return session.get_one(Draft, case.draft), session.get_one(Order, 1)

    draft, order = line.db.read_here(read)
    assert draft.state is DraftState.PENDING
    # `replies.refresh` looks at drafts that are older than what we know of their order.
    assert order.recorded_at > draft.updated_at


def test_whom_we_answered_hears_of_the_delay_in_the_same_thread(line: Line) -> None:
    line.flow("delay_notice", flow_text(trigger=DELAY, send="delay_notice"))
    line.order()
    talk(line, ConversationState.WAITING)
    _late(line)
    line.turn()
    [(_, _, raw)] = line.relay.mails
    assert message_from_bytes(raw)["In-Reply-To"] == "<letter.0@customer.test>"

    def read(session: Session) -> Conversation:
        sent = session.exec(select(Message).where(Message.direction == "out")).one()
        return session.get_one(Conversation, sent.conversation_id)

    conversation = line.db.read_here(read)
    assert (conversation.flow_key, conversation.state) == (None, ConversationState.WAITING)


def test_a_parcel_that_left_two_days_ago_is_no_news(line: Line) -> None:
    trigger = 'event = "shipment.shipped"\nper = "shipment"'
    line.flow("plain", flow_text(trigger=trigger, send="shipping_notice", step='expires = "48h"'))
    line.order(fulfillments=[parcel(line.clock.now() - timedelta(hours=49))])
    line.turn()
    [step] = line.steps()
    assert (step.outcome, step.reason) == (S.SKIPPED, "expired 2 d after it was due")


def test_of_two_workers_that_read_the_same_rows_one_records(line: Line) -> None:
    line.flow("plain", flow_text())
    line.order()
    line.turn("enroll")
    now = line.clock.now()
    found = line.db.read_here(look, line.flows, TERMS, 10, now=now)
    [item] = found.items
    mail = write_mail(found.sheets[1], Catalog(TEMPLATES), TERMS, wall=now)
    for _ in range(2):
        line.db.run_here(record, [replace(item, written=mail)], line.flows, TERMS, now=now, wall=now)
    assert len(line.deliveries()) == 1


def test_what_opened_between_reading_and_recording_counts(line: Line) -> None:
    line.flow("plain", flow_text(kind="feedback", send="review_invitation"))
    line.order()
    line.turn("enroll")
    now = line.clock.now()
    found = line.db.read_here(look, line.flows, TERMS, 10, now=now)
    [item] = found.items
    mail = write_mail(found.sheets[1], Catalog(TEMPLATES), TERMS, wall=now)
    talk(line, ConversationState.NEEDS_PERSON)
    line.db.run_here(record, [replace(item, written=mail)], line.flows, TERMS, now=now, wall=now)
    assert line.deliveries() == []
    assert only(line) == (E.PAUSED, "a conversation of this customer is open")


def test_a_step_that_was_decided_is_never_decided_again(line: Line) -> None:
    """However its passage came back to it: the row of the step says so."""
    line.flow("plain", flow_text(more='[[step]]\nid = "second"\nwait = "9d"\nsend = "order_confirmation"'))
    line.order()
    line.turn()

    def back(session: Session) -> None:
        enrollment = session.get_one(Enrollment, 1)
        enrollment.step, enrollment.due_at, enrollment.version = "first", line.clock.now(), 9

    act(line, back)
    line.turn()
    assert len(line.relay.mails) == 1
    assert line.enrollments()[0].step == "second"
