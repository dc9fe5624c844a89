"""Judge what was received: language, intents, order and what else it names, with the evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from mailer.clock import Clock
from mailer.db import Database
from mailer.model import Classification, Conversation, ConversationState, Message, MessageState, Order, Route
from mailer.triage.classifier import Classifier, Judgement, Wish
from mailer.triage.entities import claims_number, order_numbers
from mailer.triage.known import Shops, view_of
from mailer.triage.match import By, match_order
from mailer.triage.reading import read_mail

# A batch is one transaction, and a mail takes some milliseconds: others want to write too.
_BATCH = 20


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
    """Give each of these messages its Classification, and its conversation the order and the language."""
    wanted = select(Message).where(col(Message.id).in_(message_ids), Message.state == MessageState.RECEIVED)
    shops = Shops(session)
    for message in session.exec(wanted.order_by(col(Message.id)).with_for_update(skip_locked=True)):
        _triage_one(session, message, classifier, shops, now)


@dataclass(frozen=True)
class _Named:
    """The order numbers of a mail, and the order that it is about."""

    numbers: tuple[str, ...]
    order: Order | None
    unknown_number: str | None


def _triage_one(session: Session, message: Message, classifier: Classifier, shops: Shops, now: datetime) -> None:
    conversation = session.get_one(Conversation, message.conversation_id)
    # A mail that only forwards something has no words of its own; a bare quote of ours says nothing new.
    words = message.own_words or ("" if message.in_reply_to else message.text)
    named = _named(session, message, conversation, words, shops)
    reading = read_mail(message.subject, words, shops.wares(message.storefront))
    # Another's order must not show, not even in what we take a stranger's words for.
    own = named.order if named.order and named.order.email == message.from_address else None
    language = reading.language or conversation.language or "en"
    judgement = classifier.classify(message.subject, words, language, view_of(session, own, now=now))
    session.add(
        Classification(
            message_id=message.id or 0,
            **judged(judgement),
            order_numbers=list(named.numbers),
            order_id=named.order.id if named.order else None,
            unknown_number=named.unknown_number,
            language=reading.language,
            tracking_number=reading.tracking_number,
            entities=reading.entities,
            classifier=classifier.name,
            created_at=now,
        )
    )
    conversation.order_id = named.order.id if named.order else conversation.order_id
    conversation.language = reading.language or conversation.language
    message.state = MessageState.TRIAGED


def _named(session: Session, message: Message, conversation: Conversation, words: str, shops: Shops) -> _Named:
    numbers = order_numbers(message.subject, words)
    claimed = claims_number(message.subject, words, shops.shape(message.storefront))
    match = match_order(session, message.storefront, numbers, message.from_address, claimed)
    order = match.order
    # A later mail of a conversation that names no order is about the one it was about before.
    if match.by is not By.NUMBER and conversation.order_id is not None:
        order = session.get(Order, conversation.order_id)
    return _Named(numbers, order, claimed if match.by is not By.NUMBER else None)


def judged(judgement: Judgement) -> dict[str, Any]:
    """A judgement as a Classification keeps it."""
    first = judgement.first
    return {
        "intent": first.intent,
        "confidence": first.confidence,
        "level": first.level,
        "evidence": list(first.evidence),
        "intents": [_stored(wish) for wish in judgement.wishes],
        "top": [{"intent": intent, "confidence": confidence} for intent, confidence in judgement.top],
        "urgency": judgement.urgency,
        "sentiment": judgement.sentiment,
    }


def _stored(wish: Wish) -> dict[str, Any]:
    return {
        "intent": wish.intent,
        "confidence": wish.confidence,
        "level": wish.level.value,
        "evidence": list(wish.evidence),
    }


def set_aside(session: Session, message_id: int, error: str) -> None:
    """A message that cannot be judged goes to a person, with the reason."""
    message = session.get_one(Message, message_id)
    message.error = error
    conversation = session.get_one(Conversation, message.conversation_id)
    conversation.state = ConversationState.NEEDS_PERSON
    conversation.reason = f"triage failed: {error}"
