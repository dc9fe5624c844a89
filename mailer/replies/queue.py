"""What people see: the list by time left, and one conversation with all that belongs to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from mailer.errors import NotFound
from mailer.model import (
    Classification,
    Conversation,
    ConversationState,
    Customer,
    Delivery,
    Direction,
    Draft,
    DraftState,
    Intent,
    Level,
    Message,
    Order,
    RawMail,
    RawMailState,
    ReplyClock,
    Shipment,
    in_precedence,
)
from mailer.outbound.tray import in_tray, tray_count
from mailer.replies.case import last_answer, newest_mail
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
    SNOOZED = "snoozed"  # put aside; it comes back by itself


_CONVERSATIONS: tuple[Tab, ...] = tuple(tab for tab in Tab if tab is not Tab.QUARANTINE)


@dataclass(frozen=True)
class Wanted:
    """One intent of the mails that wait, how sure we are of it, and the words that said so."""

    intent: Intent
    level: Level
    confidence: float
    evidence: tuple[str, ...]


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
    # How many more wishes the mails hold, and whether it cannot wait: low, normal or high.
    more: int
    urgency: str
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
    # What a person wrote and something newer overtook before it was approved; theirs to take up again.
    kept_words: Draft | None
    # On the newest mail, and on all that wait, the newest first.
    classification: Classification | None
    judgements: Sequence[Classification]
    order: Order | None
    shipments: Sequence[Shipment]
    deliveries: Sequence[Delivery]
    clock: ReplyClock | None


def waiting(session: Session, tab: Tab, *, limit: int = 50, offset: int = 0) -> list[Waiting]:
    """A tab of the queue, the least time left first. Quarantine has no conversations: see `quarantined`."""
    clock = (
        select(ReplyClock.conversation_id, func.min(col(ReplyClock.due_at)).label("due_at"))
        .where(col(ReplyClock.stopped_at).is_(None), col(ReplyClock.paused_at).is_(None))
        .group_by(col(ReplyClock.conversation_id))
        .subquery()
    )
    rows = session.exec(
        _in_tab(select(Conversation, Customer, clock.c.due_at), tab)
        .join(Customer, col(Customer.id) == Conversation.customer_id)
        .outerjoin(clock, clock.c.conversation_id == Conversation.id)
        .order_by(clock.c.due_at.is_(None), clock.c.due_at, col(Conversation.updated_at))
        .limit(limit)
        .offset(offset)
    ).all()
    return [_line(session, conversation, customer, due_at) for conversation, customer, due_at in rows]


def counts(session: Session) -> dict[Tab, int]:
    """How many stand in each tab."""
    found: dict[Tab, int] = {
        tab: session.exec(_in_tab(select(func.count(col(Conversation.id))), tab)).one() for tab in _CONVERSATIONS
    }
    found[Tab.FAILED] = tray_count(session)
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
    judgements = _judgements(session, conversation_id)
    return Item(
        conversation=conversation,
        customer=session.get_one(Customer, conversation.customer_id),
        messages=_messages(session, conversation_id),
        draft=current,
        past_drafts=[draft for draft in drafts if draft is not current],
        kept_words=_kept_words(drafts),
        classification=judgements[0] if judgements else None,
        judgements=judgements,
        order=order,
        shipments=_shipments(session, order),
        deliveries=_deliveries(session, conversation_id),
        clock=running_clock(session, conversation_id),
    )


def wanted(judgements: Sequence[Classification]) -> list[Wanted]:
    """Every wish once, as the newest mail that has it says it: the sure ones first, in precedence."""
    found: dict[Intent, Wanted] = {}
    for judged in judgements:
        first = {"intent": judged.intent, "level": judged.level.value, "confidence": judged.confidence}
        for one in judged.intents or [{**first, "evidence": judged.evidence}]:
            level, evidence = Level(one["level"]), tuple(one.get("evidence", ()))
            wish = Wanted(Intent(one["intent"]), level, one["confidence"], evidence)
            found.setdefault(wish.intent, wish)
    ranked = [found[intent] for intent in in_precedence(found)]
    return sorted(ranked, key=lambda one: one.level is Level.LOW or one.intent is Intent.OTHER)


def _kept_words(drafts: Sequence[Draft]) -> Draft | None:
    """A person's overtaken text, unless an answer was approved since; the newest draft comes first."""
    for draft in drafts:
        if draft.state is DraftState.APPROVED:
            return None
        if draft.state is DraftState.STALE and draft.written_by is not None:
            return draft
    return None


def _in_tab(query: Any, tab: Tab) -> Any:
    pending = select(Draft.id).where(Draft.conversation_id == Conversation.id, Draft.state == DraftState.PENDING)
    wanted: tuple[Any, ...]
    match tab:
        case Tab.TO_APPROVE:
            wanted = (Conversation.state == ConversationState.DRAFTED, pending.exists(), _is_awake())
        case Tab.NEEDS_PERSON:
            wanted = (Conversation.state == ConversationState.NEEDS_PERSON, _is_awake())
        case Tab.SNOOZED:
            wanted = (~_is_awake(),)
        case Tab.ON_ITS_WAY:
            wanted = (Conversation.state == ConversationState.DRAFTED, ~pending.exists(), ~_troubled().exists())
        case Tab.FAILED:
            wanted = (_troubled().exists(),)
        case Tab.QUARANTINE:
            wanted = (col(Conversation.id).is_(None),)
        case _:
            # The other tabs are named after the state of their conversations.
            wanted = (Conversation.state == ConversationState(tab.value),)
    return query.where(*wanted)


def _is_awake() -> Any:
    return col(Conversation.snoozed_for).is_(None)


def _troubled() -> Any:
    """The conversation's deliveries that wait for a person."""
    mine = select(Delivery.id).join(Message, col(Message.id) == Delivery.message_id)
    return mine.where(Message.conversation_id == Conversation.id, in_tray())


def _quarantine(query: Any) -> Any:
    return query.where(RawMail.state == RawMailState.QUARANTINED)


def _line(session: Session, conversation: Conversation, customer: Customer, due_at: datetime | None) -> Waiting:
    pending = select(Draft).where(Draft.conversation_id == conversation.id, Draft.state == DraftState.PENDING)
    draft = session.exec(pending).first()
    judgements = _judgements(session, conversation.id or 0)
    wishes = wanted(judgements)
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
        intent=wishes[0].intent.value if wishes else None,
        level=wishes[0].level.value if wishes else None,
        more=max(0, len(wishes) - 1),
        urgency="high" if any(one.urgency == "high" for one in judgements) else "normal",
        order_number=order.number if order else None,
        received_at=newest.received_at if newest else None,
        due_at=due_at,
    )


def _judgements(session: Session, conversation_id: int) -> Sequence[Classification]:
    """On the mails that wait, the newest first; once all are answered, on the last one."""
    here = (
        select(Classification)
        .join(Message, col(Message.id) == Classification.message_id)
        .where(Message.conversation_id == conversation_id, Message.direction == Direction.IN)
        .order_by(col(Message.id).desc())
    )
    waiting = session.exec(here.where(col(Message.id) > last_answer(session, conversation_id))).all()
    return waiting or session.exec(here.limit(1)).all()


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
