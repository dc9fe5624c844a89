"""Something that a customer told us by a page needs a person: a conversation that the agent can read and answer.

What the customer said stands in it as a Message, so that it is read, answered and found like a mail. It is no mail:
it has no Message-ID, and our reply begins a thread.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select, update

from mailer.db import insert_once
from mailer.events import record_event
from mailer.feedback.subjects import subject_of
from mailer.model import (
    Blob,
    Conversation,
    ConversationState,
    Customer,
    Direction,
    Draft,
    DraftState,
    Event,
    Message,
    MessageState,
    Order,
)
from mailer.signing import digest


@dataclass(frozen=True)
class Matter:
    """What a person has to look at. `key` names it: the same matter told again comes into the same conversation."""

    key: str
    # "rating", "arrived", "choice" or "return"; how the conversation is called depends on it.
    kind: str
    address: str
    order: Order | None
    # For the agent's list, as in "rated 2 of 5: it is too small".
    reason: str
    # What the customer said, for reading.
    words: str
    photos: Sequence[dict[str, Any]] = ()


def open_matter(session: Session, matter: Matter, *, now: datetime) -> int:
    """Put it before a person; the id of its conversation. Drafts that wait there are overtaken."""
    customer = customer_of(session, matter.address, matter.order, now=now)
    conversation = _known(session, matter) or _opened(session, matter, customer, now)
    message = _said(session, matter, conversation, customer, now)
    conversation.state, conversation.reason = ConversationState.NEEDS_PERSON, matter.reason[:2_000]
    conversation.updated_at, conversation.closed_at = now, None
    conversation.wake("the customer was heard of again")
    session.exec(
        update(Draft)
        .where(col(Draft.conversation_id) == conversation.id, col(Draft.state) == DraftState.PENDING)
        .values(state=DraftState.STALE, reason="the customer told us more", updated_at=now)
    )
    session.flush()
    record_event(
        session,
        "conversation.opened",
        ("conversation", conversation.id or 0),
        key=f"conversation.opened:{matter.key}:{message.id}",
        order_id=matter.order.id if matter.order else None,
        address=matter.address,
        at=now,
        now=now,
        data={"matter": matter.kind, "about": matter.key, "message_id": message.id},
    )
    return conversation.id or 0


def customer_of(session: Session, address: str, order: Order | None, *, now: datetime) -> Customer:
    """The customer of this address; a new one is called as the order says."""
    bare = address.strip().lower()
    insert_once(session, Customer(address=bare, name=order.customer_name if order else "", created_at=now))
    return session.exec(select(Customer).where(Customer.address == bare)).one()


def _known(session: Session, matter: Matter) -> Conversation | None:
    """The conversation that this matter opened before."""
    before = select(Event.subject_id).where(
        Event.address == matter.address.lower(),
        Event.kind == "conversation.opened",
        col(Event.key).startswith(f"conversation.opened:{matter.key}:", autoescape=True),
    )
    number = session.exec(before.order_by(col(Event.id).desc()).limit(1)).first()
    wanted = select(Conversation).where(Conversation.id == number).with_for_update()
    return session.exec(wanted).first() if number else None


def _opened(session: Session, matter: Matter, customer: Customer, now: datetime) -> Conversation:
    order = matter.order
    language = (order.language if order else None) or customer.language
    conversation = Conversation(
        customer_id=customer.id or 0,
        order_id=order.id if order else None,
        storefront=order.storefront if order else "main",
        state=ConversationState.NEEDS_PERSON,
        subject=subject_of(matter.kind, language, order.number if order else ""),
        language=language,
        created_at=now,
        updated_at=now,
    )
    session.add(conversation)
    session.flush()
    return conversation


def _said(session: Session, matter: Matter, conversation: Conversation, customer: Customer, now: datetime) -> Message:
    told = {"matter": matter.key, "at": now.isoformat(), "words": matter.words, "photos": list(matter.photos)}
    raw = json.dumps(told, ensure_ascii=False, sort_keys=True).encode()
    insert_once(session, Blob.of(digest(raw), raw))
    message = Message(
        conversation_id=conversation.id or 0,
        direction=Direction.IN,
        state=MessageState.TRIAGED,
        storefront=conversation.storefront,
        sha256=digest(raw),
        internet_message_id="",
        subject=conversation.subject,
        from_address=customer.address,
        from_name=customer.name,
        senders=[customer.address],
        text=matter.words,
        own_words=matter.words,
        warnings=["It came by one of our links and not as a mail: whoever had that link could send it."],
        files=[_as_file(place, photo) for place, photo in enumerate(matter.photos, start=1)],
        received_at=now,
        created_at=now,
    )
    session.add(message)
    session.flush()
    return message


def _as_file(place: int, photo: dict[str, Any]) -> dict[str, Any]:
    size, sha256 = photo.get("size", 0), photo["sha256"]
    return {"name": f"photo {place}.jpg", "content_type": "image/jpeg", "size": size, "sha256": sha256}
