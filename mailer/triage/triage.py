"""Judge what was received: intent and order, with the evidence."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from mailer.clock import Clock
from mailer.db import Database
from mailer.model import Classification, Conversation, ConversationState, Message, MessageState, Order, Route
from mailer.triage.classifier import Classifier
from mailer.triage.entities import claims_number, order_numbers
from mailer.triage.match import By, match_order

_BATCH = 50


async def triage_received(db: Database, clock: Clock, classifier: Classifier) -> bool:
    """Judge a batch; False when there was none."""
    waiting = await db.read(received, _BATCH)
    now = clock.now()
    await db.run_each(lambda session, ids: triage(session, ids, classifier, now=now), waiting, set_aside)
    return bool(waiting)


def received(session: Session, limit: int) -> list[int]:
    """The oldest messages that nobody has judged."""
    wanted = select(Message.id).where(
        Message.state == MessageState.RECEIVED, Message.route == Route.TRIAGE, col(Message.error).is_(None)
    )
    return [one for one in session.exec(wanted.order_by(col(Message.id)).limit(limit)) if one is not None]


def triage(session: Session, message_ids: Sequence[int], classifier: Classifier, *, now: datetime) -> None:
    """Give each of these messages its Classification, and its conversation the order."""
    wanted = select(Message).where(col(Message.id).in_(message_ids), Message.state == MessageState.RECEIVED)
    for message in session.exec(wanted.order_by(col(Message.id)).with_for_update(skip_locked=True)):
        _triage_one(session, message, classifier, now)


def _triage_one(session: Session, message: Message, classifier: Classifier, now: datetime) -> None:
    conversation = session.get_one(Conversation, message.conversation_id)
    # A mail that only forwards something has no words of its own; a bare quote of ours says nothing new.
    words = message.own_words or ("" if message.in_reply_to else message.text)
    judgement = classifier.classify(message.subject, words)
    numbers = order_numbers(message.subject, words)
    claimed = claims_number(message.subject, words)
    match = match_order(session, message.storefront, numbers, message.from_address, claimed)
    order = match.order
    # A later mail of a conversation that names no order is about the one it was about before.
    if match.by is not By.NUMBER and conversation.order_id is not None:
        order = session.get(Order, conversation.order_id)
    session.add(
        Classification(
            message_id=message.id or 0,
            intent=judgement.intent,
            confidence=judgement.confidence,
            level=judgement.level,
            evidence=list(judgement.evidence),
            order_numbers=list(numbers),
            order_id=order.id if order else None,
            unknown_number=claimed if match.by is not By.NUMBER else None,
            classifier=classifier.name,
            created_at=now,
        )
    )
    conversation.order_id = order.id if order else conversation.order_id
    message.state = MessageState.TRIAGED


def set_aside(session: Session, message_id: int, error: str) -> None:
    """A message that cannot be judged goes to a person, with the reason."""
    message = session.get_one(Message, message_id)
    message.error = error
    conversation = session.get_one(Conversation, message.conversation_id)
    conversation.state = ConversationState.NEEDS_PERSON
    conversation.reason = f"triage failed: {error}"
