"""The demo's rules: kept by a line that works, and each break of one is seen."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.demo.rules import Told, answers, flow_report
from mailer.model import (
    Blob,
    Conversation,
    ConversationState,
    Customer,
    Delivery,
    Direction,
    Enrollment,
    EnrollmentState,
    FlowStep,
    Message,
    MessageState,
    Rating,
    StepOutcome,
)
from tests.build import parcel
from tests.flows.line import Line
from tests.flows.test_line import _shipped_flow

Mails = list[tuple[str, bytes]]


@pytest.fixture
def line(db: Database, clock: FrozenClock) -> Line:
    """A line on which one shipping notice went out, by day."""
    found = Line(db, clock).open()
    found.flow("shipping_notice", _shipped_flow("shipping_notice"))
    found.order(fulfillments=[parcel(clock.now() - timedelta(hours=2))])
    found.turn()
    return found


@pytest.fixture
def mails(line: Line) -> Mails:
    assert len(line.relay.mails) == 1
    return [(address, raw) for _, address, raw in line.relay.mails]


def told(line: Line, **changes: Any) -> Told:
    zone = ZoneInfo("Europe/Berlin")
    usual = Told(lambda real: real, timedelta(minutes=1), line.flows, zone, line.clock.now())
    return replace(usual, **changes)


def broken(line: Line, mails: Mails, **changes: Any) -> dict[str, int]:
    rules = line.db.read_here(flow_report, mails, told(line, **changes))["rules"]
    return {name: count for name, count in rules.items() if count}


def test_a_line_that_works_breaks_no_rule_and_is_counted(line: Line, mails: Mails) -> None:
    assert broken(line, mails) == {}
    assert line.db.read_here(flow_report, mails, told(line))["flows"] == {
        "shipping_notice": {"sent": 1, "finished": 1},
    }


def test_a_mail_that_arrives_twice_or_never_is_seen(line: Line, mails: Mails) -> None:
    assert broken(line, mails * 2) == {"twice": 1}
    assert broken(line, []) == {"lost": 1}


def test_a_mail_of_which_no_row_tells_is_seen(line: Line, mails: Mails) -> None:
    address, raw = mails[0]
    stranger = b"\n".join(
        b"Message-ID: <nobody@shop.test>" if one.lower().startswith(b"message-id:") else one for one in raw.splitlines()
    )
    assert broken(line, [*mails, (address, stranger)]) == {"unknown": 1}


@pytest.mark.parametrize(("hour", "seen"), [(3, 1), (7, 1), (12, 0), (23, 1)])
def test_a_mail_in_quiet_hours_is_seen(line: Line, mails: Mails, hour: int, seen: int) -> None:
    def at(real: datetime) -> datetime:
        return real.astimezone(ZoneInfo("Europe/Berlin")).replace(hour=hour, minute=30)

    assert broken(line, mails, at=at).get("in_quiet_hours", 0) == seen


def test_a_mail_after_the_end_of_its_passage_is_seen(line: Line, mails: Mails) -> None:
    def end(session: Session, before: timedelta) -> None:
        row = session.exec(select(Enrollment)).one()
        row.state, row.reason, row.ended_at = EnrollmentState.EXITED, "order.canceled", line.clock.now() - before

    line.db.run_here(end, timedelta(hours=1))
    assert broken(line, mails) == {"after_exit": 1}
    line.db.run_here(end, timedelta())
    assert broken(line, mails) == {}


def test_a_step_of_which_nothing_tells_is_seen(line: Line, mails: Mails) -> None:
    def forget(session: Session) -> None:
        row = session.exec(select(Enrollment)).one()
        row.state, row.due_at, row.reason = EnrollmentState.ACTIVE, line.clock.now() - timedelta(hours=1), ""
        session.add(FlowStep(enrollment_id=row.id or 0, step="x", outcome=StepOutcome.SKIPPED,
                             decided_at=line.clock.now()))  # fmt: skip

    line.db.run_here(forget)
    assert broken(line, mails) == {"unexplained": 2}


@pytest.mark.parametrize(("kind", "seen"), [("feedback", 1), ("transactional", 0)])
def test_a_question_while_a_customer_waits_for_an_answer_is_seen(
    line: Line, mails: Mails, kind: str, seen: int
) -> None:
    def complain(session: Session) -> None:
        session.exec(select(Delivery)).one().kind = kind
        customer = session.exec(select(Customer)).one()
        before = line.clock.now() - timedelta(hours=1)
        talk = Conversation(
            customer_id=customer.id or 0,
            state=ConversationState.NEEDS_ANSWER,
            subject="Torn",
            created_at=before,
            updated_at=before,
        )
        session.add(talk)
        session.flush()
        session.add(Blob.of("torn", b"torn"))
        session.flush()
        session.add(
            Message(
                sha256="torn",
                conversation_id=talk.id or 0,
                direction=Direction.IN,
                state=MessageState.TRIAGED,
                internet_message_id="<torn@customers.test>",
                from_address=customer.address,
                to_address="care@shop.test",
                subject="Torn",
                text="It is torn.",
                received_at=before,
                created_at=before,
            )
        )

    line.db.run_here(complain)
    assert broken(line, mails).get("while_open", 0) == seen


def test_every_answer_is_counted_so_that_a_scanner_s_would_be_seen(line: Line) -> None:
    before = line.db.read_here(answers)

    def answer(session: Session) -> None:
        now = line.clock.now()
        about = {"question": "satisfaction", "subject_kind": "order", "subject_id": 1}
        session.add(Rating(**about, value=5, address="a@b.test", rated_at=now, changed_at=now))

    assert set(before.values()) == {0}
    line.db.run_here(answer)
    assert sum(line.db.read_here(answers).values()) == 1
