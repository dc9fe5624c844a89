"""Rows that the console shows: a customer's case in the middle of its line."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from sqlmodel import Session, select

from mailer.model import (
    Agent,
    Blob,
    Classification,
    Conversation,
    ConversationState,
    Customer,
    Delivery,
    DeliveryState,
    Direction,
    Disclosure,
    Draft,
    Level,
    Mailbox,
    Message,
    MessageState,
    Order,
    OrderLine,
    ParcelState,
    RawMail,
    RawMailState,
    ReplyClock,
    Row,
    Shipment,
)
from mailer.rendering.facts import Subject, read_facts, rests_on
from mailer.signing import digest

R = TypeVar("R", bound=Row)

LETTER = "Hello,\n\nwhere is my order #1001?\n\nAna"
ANSWER = "Hello Ana,\n\nyour parcel is on its way.\n\nKind regards\nLinen & Co"


@dataclass(frozen=True)
class Case:
    """The ids of one customer's case."""

    conversation: int
    message: int
    draft: int
    order: int


def case(
    session: Session,
    now: datetime,
    *,
    name: str = "Ana Cruz",
    address: str = "ana@shop.test",
    subject: str = "Where is my order?",
    letter: str = LETTER,
    answer: str = ANSWER,
    number: str = "#1001",
    received_at: datetime | None = None,
) -> Case:
    """Ana asked after a parcel in transit, and a draft waits for a person."""
    at = received_at or now - timedelta(minutes=20)
    order = _order(session, now, number=number, address=address, name=name)
    customer = _kept(session, Customer(address=address, name=name, language="en", created_at=at))
    talk = _kept(
        session,
        Conversation(
            customer_id=customer,
            order_id=order,
            state=ConversationState.DRAFTED,
            subject=subject,
            language="en",
            created_at=at,
            updated_at=at,
        ),
    )
    message = _kept(session, _letter(session, talk, name, address, subject, letter, at))
    _kept(
        session,
        Classification(
            message_id=message,
            intent="order_status",
            confidence=0.9,
            level=Level.HIGH,
            evidence=["where is my order"],
            order_numbers=[number],
            classifier="phrases",
            created_at=at,
        ),
    )
    _kept(session, ReplyClock(conversation_id=talk, started_at=at, due_at=at + timedelta(hours=24)))
    told = ("order.number", "order.state", "items.*.title", "parcels.*.state", "parcels.*.expected_on")
    subject = Subject(order_id=order)
    facts = read_facts(session, subject, now=at).relevant(told)
    draft = Draft(
        conversation_id=talk,
        answers_id=message,
        text=answer,
        template="order_status",
        locale="en",
        order_id=order,
        disclosure=Disclosure.ORDER,
        recipient=address,
        recipient_name=name,
        facts=facts.stored(),
        fingerprint=facts.fingerprint,
        rests_on=rests_on(subject, told, facts),
        created_at=at,
        updated_at=at,
    )
    found = Case(talk, message, _kept(session, draft), order)
    _the(session, Message, message).draft_id = found.draft
    return found


def set_delivery(session: Session, delivery_id: int, state: DeliveryState, reason: str = "") -> None:
    """Move a delivery to where its worker would have left it."""
    delivery = _the(session, Delivery, delivery_id)
    delivery.state = state
    delivery.reason = reason


def quarantined(session: Session, now: datetime, error: str) -> None:
    """A mail that nobody could read."""
    box = _kept(session, Mailbox(name="support", connected_at=now, last_poll_at=now))
    raw = RawMail(mailbox_id=box, uidvalidity=1, uid=7, sha256=_blob(session, b"\xff"), size=1, internal_date=now)
    raw.stored_at = now
    raw.state = RawMailState.QUARANTINED
    raw.error = error
    _kept(session, raw)


def _letter(session: Session, talk: int, name: str, address: str, subject: str, letter: str, at: datetime) -> Message:
    return Message(
        conversation_id=talk,
        direction=Direction.IN,
        state=MessageState.TRIAGED,
        sha256=_blob(session, f"{address} {letter}".encode()),
        internet_message_id=f"<{talk}@customer.test>",
        subject=subject,
        from_address=address,
        from_name=name,
        senders=[address],
        to_address="care@shop.test",
        text=f"{letter}\n\n> We wrote before:\n> your order is confirmed",
        own_words=letter,
        received_at=at,
        created_at=at,
    )


def _order(session: Session, now: datetime, *, number: str, address: str, name: str) -> int:
    placed = now - timedelta(days=9)
    order = Order(
        source="api",
        number=number,
        number_key=number.strip("#").lower(),
        email=address,
        customer_name=name,
        country="DE",
        currency="EUR",
        total="59.00",
        payment_state="paid",
        placed_at=placed,
        changed_at=placed,
        recorded_at=placed,
    )
    order_id = _kept(session, order)
    _kept(session, OrderLine(order_id=order_id, external_id="9", title="Linen shirt", variant="M", quantity=1))
    parcel = Shipment(order_id=order_id, external_id="88", carrier="DHL", tracking_number="JD014")
    parcel.state, parcel.state_at = ParcelState.IN_TRANSIT, now - timedelta(days=1)
    parcel.shipped_at, parcel.expected_on = now - timedelta(days=6), (now + timedelta(days=2)).date()
    _kept(session, parcel)
    return order_id


def _blob(session: Session, data: bytes) -> str:
    name = digest(data)
    if session.get(Blob, name) is None:
        session.add(Blob.of(name, data))
        session.flush()
    return name


def _kept(session: Session, row: Row) -> int:
    session.add(row)
    session.flush()
    found: int = getattr(row, "id")  # noqa: B009  # every table here has one, the base does not say so
    return found


def _the(session: Session, kind: type[R], row_id: int) -> R:
    found = session.get(kind, row_id)
    assert found is not None
    return found


def with_address(session: Session, name: str) -> None:
    """Let somebody of the shop have an address there: their name at shop.test."""
    session.exec(select(Agent).where(Agent.name == name)).one().address = f"{name}@shop.test"
