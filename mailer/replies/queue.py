"""What people see: the list by time left, and one conversation with all that belongs to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import and_, func, or_
from sqlmodel import Session, col, select

from mailer.errors import NotFound
from mailer.model import (
    Classification,
    Conversation,
    ConversationState,
    Customer,
    Delivery,
    DeliveryState,
    Draft,
    DraftState,
    Message,
    Order,
    RawMail,
    RawMailState,
    ReplyClock,
    Shipment,
)
from mailer.replies.draft import newest_mail
from mailer.replies.due import running_clock


class Tab(StrEnum):
    """A part of the queue."""

    TO_APPROVE = "to_approve"  # a draft waits for a person
    NEEDS_PERSON = "needs_person"  # somebody has to write
    ON_ITS_WAY = "on_its_way"  # approved, and not yet with the relay
    WAITING = "waiting"  # answered; the customer is next
    FAILED = "failed"  # an answer failed, or nobody knows whether it arrived
    QUARANTINE = "quarantine"  # mails that could not be read
    CLOSED = "closed"  # nothing to answer


_CONVERSATIONS: tuple[Tab, ...] = tuple(tab for tab in Tab if tab is not Tab.QUARANTINE)


@dataclass(frozen=True)
class Waiting:
    """One line of the list."""

    conversation_id: int
    draft_id: int | None
    version: int | None
    state: ConversationState
    reason: str
    customer: str
    customer_name: str
    subject: str
    intent: str | None
    level: str | None
    order_number: str | None
    received_at: datetime | None
    due_at: datetime | None


@dataclass(frozen=True)
class Item:
    """One conversation with all that a person needs to decide."""

    conversation: Conversation
    customer: Customer
    messages: Sequence[Message]
    draft: Draft | None
    past_drafts: Sequence[Draft]
    classification: Classification | None
    order: Order | None
    shipments: Sequence[Shipment]
    deliveries: Sequence[Delivery]
    clock: ReplyClock | None


def waiting(session: Session, tab: Tab, *, limit: int = 50, offset: int = 0) -> list[Waiting]:
    """A tab of the queue, the least time left first. Quarantine has no conversations: see `quarantined`."""
    clock = and_(col(ReplyClock.conversation_id) == Conversation.id, col(ReplyClock.stopped_at).is_(None))
    rows = session.exec(
        _in_tab(select(Conversation, Customer, ReplyClock), tab)
        .join(Customer, col(Customer.id) == Conversation.customer_id)
        .outerjoin(ReplyClock, clock)
        .order_by(col(ReplyClock.due_at).is_(None), col(ReplyClock.due_at), col(Conversation.updated_at))
        .limit(limit)
        .offset(offset)
    ).all()
    return [_line(session, conversation, customer, clock) for conversation, customer, clock in rows]


def counts(session: Session) -> dict[Tab, int]:
    """How many stand in each tab."""
    found: dict[Tab, int] = {
        tab: session.exec(_in_tab(select(func.count(col(Conversation.id))), tab)).one() for tab in _CONVERSATIONS
    }
    return {**found, Tab.QUARANTINE: session.exec(_quarantine(select(func.count(col(RawMail.id))))).one()}


def quarantined(session: Session, *, limit: int = 50) -> list[RawMail]:
    """The mails that could not be read, the newest first."""
    return list(session.exec(_quarantine(select(RawMail)).order_by(col(RawMail.id).desc()).limit(limit)))


def item(session: Session, conversation_id: int) -> Item:
    """One conversation. Raises NotFound."""
    conversation = session.get(Conversation, conversation_id)
    if conversation is None:
        raise NotFound(f"there is no conversation {conversation_id}")
    drafts = session.exec(
        select(Draft).where(Draft.conversation_id == conversation_id).order_by(col(Draft.id).desc())
    ).all()
    current = next((draft for draft in drafts if draft.state in (DraftState.PENDING, DraftState.APPROVED)), None)
    order = session.get(Order, conversation.order_id) if conversation.order_id else None
    return Item(
        conversation=conversation,
        customer=session.get_one(Customer, conversation.customer_id),
        messages=_messages(session, conversation_id),
        draft=current,
        past_drafts=[draft for draft in drafts if draft is not current],
        classification=_classification(session, conversation_id),
        order=order,
        shipments=_shipments(session, order),
        deliveries=_deliveries(session, conversation_id),
        clock=running_clock(session, conversation_id),
    )


def _in_tab(query: Any, tab: Tab) -> Any:
    pending = select(Draft.id).where(Draft.conversation_id == Conversation.id, Draft.state == DraftState.PENDING)
    match tab:
        case Tab.TO_APPROVE:
            return query.where(Conversation.state == ConversationState.DRAFTED, pending.exists())
        case Tab.ON_ITS_WAY:
            moving = (~pending.exists(), ~_troubled().exists())
            return query.where(Conversation.state == ConversationState.DRAFTED, *moving)
        case Tab.FAILED:
            return query.where(_troubled().exists())
        case Tab.QUARANTINE:
            return query.where(col(Conversation.id).is_(None))
        case _:
            # The other tabs are named after the state of their conversations.
            return query.where(Conversation.state == ConversationState(tab.value))


def _troubled() -> Any:
    """The conversation's deliveries that are unknown, or failed with nothing written since."""
    return (
        select(Delivery.id)
        .join(Message, col(Message.id) == Delivery.message_id)
        .where(
            Message.conversation_id == Conversation.id,
            or_(
                col(Delivery.state) == DeliveryState.UNKNOWN,
                and_(
                    col(Delivery.state).in_([DeliveryState.FAILED, DeliveryState.EXPIRED]),
                    col(Conversation.state) == ConversationState.NEEDS_PERSON,
                ),
            ),
        )
    )


def _quarantine(query: Any) -> Any:
    return query.where(RawMail.state == RawMailState.QUARANTINED)


def _line(session: Session, conversation: Conversation, customer: Customer, clock: ReplyClock | None) -> Waiting:
    pending = select(Draft).where(Draft.conversation_id == conversation.id, Draft.state == DraftState.PENDING)
    draft = session.exec(pending).first()
    classification = _classification(session, conversation.id or 0)
    newest = newest_mail(session, conversation.id or 0)
    order = session.get(Order, conversation.order_id) if conversation.order_id else None
    return Waiting(
        conversation_id=conversation.id or 0,
        draft_id=draft.id if draft else None,
        version=draft.version if draft else None,
        state=conversation.state,
        reason=conversation.reason,
        customer=customer.address,
        customer_name=customer.name,
        subject=conversation.subject,
        intent=classification.intent if classification else None,
        level=classification.level.value if classification else None,
        order_number=order.number if order else None,
        received_at=newest.received_at if newest else None,
        due_at=clock.due_at if clock else None,
    )


def _classification(session: Session, conversation_id: int) -> Classification | None:
    newest = newest_mail(session, conversation_id)
    wanted = select(Classification).where(Classification.message_id == (newest.id if newest else None))
    return session.exec(wanted).first()


def _messages(session: Session, conversation_id: int) -> Sequence[Message]:
    here = select(Message).where(Message.conversation_id == conversation_id)
    return session.exec(here.order_by(col(Message.received_at), col(Message.id))).all()


def _shipments(session: Session, order: Order | None) -> Sequence[Shipment]:
    if order is None:
        return []
    return session.exec(select(Shipment).where(Shipment.order_id == order.id).order_by(col(Shipment.id))).all()


def _deliveries(session: Session, conversation_id: int) -> Sequence[Delivery]:
    here = select(Delivery).join(Message, col(Message.id) == Delivery.message_id)
    return session.exec(here.where(Message.conversation_id == conversation_id).order_by(col(Delivery.id).desc())).all()
