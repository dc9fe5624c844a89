"""What changes between two looks at a passage, or between two workers: the newest counts, and nothing goes twice."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select, update

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.events import record_event
from mailer.flows import enroll
from mailer.flows.advance import Advancer, look
from mailer.flows.record import record
from mailer.flows.verdict import Item
from mailer.model import (
    Conversation,
    ConversationState,
    Customer,
    Enrollment,
    EnrollmentState,
    Order,
    StepOutcome,
    open_alarms,
)
from mailer.outbound.consent import ConsentTerms
from mailer.rendering.catalog import Catalog
from tests.build import ANA, TEMPLATES
from tests.flows.line import TERMS, Line, flow_text

# Consent to feedback is tested elsewhere.
OPEN_TERMS = replace(TERMS, consent=ConsentTerms(frozenset()))
DAY = timedelta(days=1)
ASKS, CAPPED = 'give_up_after = "60d"', 'cap = "1 per 24h"\nif_capped = "wait"'
REMINDS = '[[step]]\nid = "remind"\nwait = "7d"\nif = "not run.rated"\nsend = "review_reminder"'
BY_FALLBACK = (
    'event = "order.delivered"\nper = "order"\nfallback = { event = "order.placed", home = "12d", abroad = "12d" }'
)


@pytest.fixture
def line(db: Database, clock: FrozenClock) -> Line:
    return Line(db, clock, terms=OPEN_TERMS).open()


def act(line: Line, verb: Callable[[Session], Any]) -> Any:
    return line.db.run_here(verb)


def happens(line: Line, kind: str, subject: tuple[str, int], **data: Any) -> Callable[[Session], Any]:
    now = line.clock.now()
    about = {"order_id": 1, "address": ANA, "at": now, "now": now}
    return lambda session: record_event(session, kind, subject, key=f"{kind}:{now}", data=data, **about)


def talk(line: Line, state: ConversationState) -> Callable[[Session], Any]:
    def say(session: Session) -> None:
        customer = session.exec(select(Customer.id).where(Customer.address == ANA)).one() or 0
        now = line.clock.now()
        row = Conversation(id=90, customer_id=customer, state=state, subject="", created_at=now, updated_at=now)
        session.merge(row)

    return say


def pay_back_a_part(session: Session) -> None:
    session.exec(update(Order).values(payment_state="partially_refunded"))


def test_a_reminder_that_waits_does_not_go_to_who_has_rated_meanwhile(line: Line) -> None:
    line.flow("review", flow_text(kind="feedback", leave=ASKS, send="review_invitation", more=REMINDS))
    line.order()
    line.turn()
    line.clock.current += timedelta(days=7)
    line.turn("enroll", "advance")
    assert len(line.deliveries()) == 2, "the reminder is queued"
    act(line, talk(line, ConversationState.NEEDS_ANSWER))
    act(line, happens(line, "conversation.opened", ("conversation", 90)))
    line.wait(days=1)
    act(line, happens(line, "rating.received", ("order", 1), value=4, question="satisfaction", enrollment_id=1))
    act(line, talk(line, ConversationState.CLOSED))
    line.wait(hours=1)
    assert len(line.relay.mails) == 1, line.told()
    assert line.steps()[1].outcome is StepOutcome.SKIPPED
    assert "not run.rated" in line.steps()[1].reason


def test_who_was_let_in_by_the_fallback_is_asked_again_when_it_is_due(line: Line) -> None:
    line.flow("review", flow_text(trigger=BY_FALLBACK, enter='skip_if = ["order.partly_refunded"]'))
    line.order()
    line.turn()
    act(line, pay_back_a_part)
    line.wait(days=13)
    assert not line.relay.mails, line.told()
    assert line.enrollments()[0].reason == "skip if order.partly_refunded"


def test_a_condition_that_cannot_be_asked_again_holds(line: Line) -> None:
    line.flow("review", flow_text(trigger=BY_FALLBACK, enter='skip_if = ["order.partly_refunded"]'))
    line.order()
    line.turn()
    line.flow("review", flow_text(trigger=BY_FALLBACK, enter='skip_if = ["order.number > 5"]'))
    line.wait(days=13)
    assert "[enter] cannot be worked out" in line.enrollments()[0].reason
    assert not line.relay.mails


def test_the_trigger_of_who_is_outside_by_now_ends_what_its_fallback_began(line: Line) -> None:
    line.flow("review", flow_text(trigger=BY_FALLBACK, enter='skip_if = ["order.partly_refunded"]'))
    line.order()
    line.turn()
    act(line, pay_back_a_part)
    act(line, happens(line, "order.delivered", ("order", 1)))
    line.turn()
    assert [(one.state, one.reason) for one in line.enrollments()] == [
        (EnrollmentState.EXITED, "skip if order.partly_refunded")
    ]


def test_an_event_of_the_customer_from_before_ends_nothing(line: Line) -> None:
    """Who left once and agreed again may be asked; who leaves while the fallback is awaited is not."""
    leave = 'on = ["customer.opted_out", "order.canceled"]\ngive_up_after = "90d"'
    line.flow("review", flow_text(trigger=BY_FALLBACK, leave=leave))
    now, left = line.clock.now(), "customer.opted_out"
    about = {"address": ANA, "now": now, "data": {"stream": "marketing"}}
    act(line, lambda session: record_event(session, left, ("customer", 1), key="1", at=now - 99 * DAY, **about))
    line.order()
    line.turn()
    assert line.enrollments()[0].state is EnrollmentState.ACTIVE, line.told()
    act(line, lambda session: record_event(session, left, ("customer", 1), key="2", at=now, **about))
    line.turn()
    assert line.enrollments()[0].reason == left


def test_who_asked_about_the_order_of_another_is_the_one_whom_the_survey_asks(line: Line) -> None:
    trigger = 'event = "conversation.closed"\nper = "conversation"'
    line.flow("survey", flow_text(kind="feedback", trigger=trigger, leave=ASKS, send="service_survey"))
    line.order()
    now = line.clock.now()

    def closed(session: Session) -> None:
        other = Customer(address="other@customer.test", created_at=now)
        session.add(other)
        session.flush()
        about = {"order_id": 1, "created_at": now, "updated_at": now}
        state = ConversationState.CLOSED
        session.add(Conversation(id=90, customer_id=other.id or 0, state=state, subject="", **about))
        told = {"order_id": 1, "address": other.address, "at": now, "now": now, "data": {"answered": True}}
        record_event(session, "conversation.closed", ("conversation", 90), key="c", **told)

    act(line, closed)
    line.turn()
    assert [to for _, to, _ in line.relay.mails] == ["other@customer.test"], line.told()


def test_of_two_workers_the_trigger_counts_though_the_fallback_was_faster(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    line.flow("review", flow_text(trigger=BY_FALLBACK, step='wait = "3d"'))
    line.order()
    line.turn()
    seen: list[Enrollment | None] = []
    newest = enroll._newest

    def too_early(session: Session, *about: Any) -> Enrollment | None:
        # The first look comes before the other worker's commit.
        seen.append(newest(session, *about) if seen else None)
        return seen[-1]

    monkeypatch.setattr(enroll, "_newest", too_early)
    act(line, happens(line, "order.delivered", ("order", 1)))
    line.turn("enroll")
    only = line.enrollments()[0]
    assert len(seen) == 2
    assert (only.by_fallback, only.due_at) == (False, line.clock.now() + 3 * DAY)


def test_a_mail_whose_facts_never_rest_is_written_now_and_then_and_somebody_hears_of_it(line: Line) -> None:
    line.flow("plain", flow_text())
    line.order()
    line.turn("enroll")
    for number in range(12):
        line.turn("advance")
        act(line, lambda session, number=number: session.exec(update(Order).values(number=f"#{number}")))
        line.turn("deliver")
    assert len(line.deliveries()) == 5, line.told()
    assert line.enrollments()[0].state is EnrollmentState.PAUSED
    assert [(one.kind, one.subject) for one in act(line, open_alarms)] == [("flow", "plain")]
    line.wait(hours=1)
    assert len(line.relay.mails) == 1, "as they rest now, it goes"
    assert act(line, open_alarms) == []


def test_of_two_workers_that_write_to_one_address_the_second_counts_the_first(line: Line) -> None:
    if line.db.is_sqlite:
        pytest.skip("of an SQLite file there is one worker")
    for name in ("one", "two"):
        line.flow(name, flow_text(kind="feedback", leave=ASKS, send="review_invitation", send_on=CAPPED))
    line.order()
    line.turn("enroll")
    _record_at_once(line, _written(line))
    assert len(line.deliveries()) == 1, line.told()
    line.turn()
    assert len(line.relay.mails) == 1


def _written(line: Line) -> list[Item]:
    advancer = Advancer(line.db, line.clock, line.clock, lambda: line.flows, Catalog(TEMPLATES), line.terms)
    now = line.clock.now()
    return advancer._write_all(line.db.read_here(look, line.flows, line.terms, 100, now=now), now)


def _record_at_once(line: Line, items: list[Item]) -> None:
    now = line.clock.now()
    recorded, other_began = threading.Event(), threading.Event()

    def first(session: Session) -> None:
        record(session, items[:1], line.flows, line.terms, now=now, wall=now)
        session.flush()
        recorded.set()
        other_began.wait(5)

    def second(session: Session) -> None:
        recorded.wait(5)
        # It has to wait for the first one's commit.
        threading.Timer(0.3, other_began.set).start()
        record(session, items[1:], line.flows, line.terms, now=now, wall=now)

    threads = [threading.Thread(target=line.db.run_here, args=(verb,)) for verb in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
