"""Mails that flows queued, without the room of flows: an enrollment, its step, its delivery."""

from datetime import datetime, timedelta

from sqlmodel import Session

from mailer.db import insert_once
from mailer.model import (
    Blob,
    Conversation,
    ConversationState,
    Customer,
    Delivery,
    DeliveryState,
    Direction,
    Enrollment,
    FlowStep,
    Message,
    MessageState,
    Route,
    StepOutcome,
)
from mailer.signing import digest

RAW = b"Subject: How was it?\r\n\r\nTell us.\r\n"


def enrolled(session: Session, number: int, now: datetime, *, flow: str = "review", step: str = "ask") -> int:
    """Somebody who waits for this step; the id of the enrollment."""
    row = Enrollment(
        key=f"{flow}:order:{number}",
        flow=flow,
        subject_kind="order",
        subject_id=number,
        address=f"c{number}@customer.test",
        anchor_at=now,
        step=step,
        due_at=now,
        first_due_at=now,
        entered_at=now,
        updated_at=now,
    )
    session.add(row)
    session.flush()
    return row.id or 0


def queued(session: Session, enrollment_id: int, now: datetime, *, kind: str = "feedback") -> Delivery:
    """The mail of the step that this enrollment waits for, decided now."""
    enrollment = session.get_one(Enrollment, enrollment_id)
    insert_once(session, Blob.of(digest(RAW), RAW))
    customer = Customer(address=enrollment.address, created_at=now)
    session.add(customer)
    session.flush()
    talk = Conversation(
        customer_id=customer.id or 0, state=ConversationState.CLOSED, subject="", created_at=now, updated_at=now
    )
    session.add(talk)
    session.flush()
    message = Message(
        conversation_id=talk.id or 0,
        direction=Direction.OUT,
        state=MessageState.COMPOSED,
        route=Route.NONE,
        sha256=digest(RAW),
        internet_message_id=f"<{enrollment.key}@shop.test>",
        subject="How was it?",
        to_address=enrollment.address,
        received_at=now,
        created_at=now,
    )
    session.add(message)
    session.flush()
    delivery = Delivery(
        key=f"flow:{enrollment.key}:{enrollment.step}:1",
        message_id=message.id or 0,
        enrollment_id=enrollment_id,
        kind=kind,
        recipient=enrollment.address,
        state=DeliveryState.QUEUED,
        queued_at=now,
        next_attempt_at=now,
        expires_at=now + timedelta(days=2),
    )
    session.add(delivery)
    session.flush()
    step = FlowStep(
        enrollment_id=enrollment_id,
        step=enrollment.step or "",
        outcome=StepOutcome.QUEUED,
        delivery_id=delivery.id,
        decided_at=now,
    )
    session.add(step)
    session.flush()
    return delivery


def end(delivery: Delivery, state: DeliveryState, now: datetime) -> None:
    """What became of it."""
    delivery.state, delivery.settled_at = state, now
