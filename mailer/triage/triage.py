"""Judge what was received: language, intents, order and what else it names, with the evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlmodel import Session, col, select

from mailer.clock import Clock
from mailer.db import Database, describe
from mailer.model import Classification, Conversation, ConversationState, Message, MessageState, Order, Route
from mailer.triage.classifier import Classifier, Judgement, Wish
from mailer.triage.entities import claims_number, order_numbers
from mailer.triage.known import Shops, view_of
from mailer.triage.match import By, match_order
from mailer.triage.reading import read_mail

_BATCH = 20

log = structlog.get_logger()


async def triage_received(db: Database, clock: Clock, classifier: Classifier) -> bool:
    """Judge a batch; False when there was none."""
    waiting = await db.read(received, _BATCH)
    now = clock.now()
    # Judging takes milliseconds: others write meanwhile.
    findings, failed = await db.read(_judge_each, waiting, classifier, now=now)
    await db.run(record, findings)
    for message_id, error in failed:
        await db.run(set_aside, message_id, error)
    return bool(waiting)


def received(session: Session, limit: int) -> list[int]:
    """The oldest messages that nobody has judged."""
    wanted = select(Message.id).where(
        Message.state == MessageState.RECEIVED, Message.route == Route.TRIAGE, col(Message.error).is_(None)
    )
    return [one for one in session.exec(wanted.order_by(col(Message.id)).limit(limit)) if one is not None]


def triage(session: Session, message_ids: Sequence[int], classifier: Classifier, *, now: datetime) -> None:
    """Judge these messages and record it, in one transaction."""
    shops = Shops(session)
    record(session, [judge(session, one, classifier, shops, now=now) for one in message_ids])


@dataclass(frozen=True)
class Finding:
    """What was found out about one message."""

    classification: Classification
    order_id: int | None
    language: str | None


def _judge_each(
    session: Session, message_ids: Sequence[int], classifier: Classifier, *, now: datetime
) -> tuple[list[Finding], list[tuple[int, str]]]:
    """The findings, and the messages that cannot be judged with their errors."""
    shops = Shops(session)
    found: list[Finding] = []
    failed: list[tuple[int, str]] = []
    for message_id in message_ids:
        try:
            found.append(judge(session, message_id, classifier, shops, now=now))
        except Exception as error:
            log.exception("set_aside", verb="mailer.triage.triage.judge")
            failed.append((message_id, describe(error)))
    return found, failed


@dataclass(frozen=True)
class _Named:
    """The order numbers of a mail, and the order that it is about."""

    numbers: tuple[str, ...]
    order: Order | None
    unknown_number: str | None


def judge(session: Session, message_id: int, classifier: Classifier, shops: Shops, *, now: datetime) -> Finding:
    """Read one message and judge it; nothing is written."""
    message = session.get_one(Message, message_id)
    conversation = session.get_one(Conversation, message.conversation_id)
    # A mail that only forwards something has no words of its own; a bare quote of ours says nothing new.
    words = message.own_words or ("" if message.in_reply_to else message.text)
    named = _named(session, message, conversation, words, shops)
    reading = read_mail(message.subject, words, shops.wares(message.storefront))
    # Another's order must not show, not even in what we take a stranger's words for.
    own = named.order if named.order and named.order.email == message.from_address else None
    language = reading.language or conversation.language or "en"
    judgement = classifier.classify(message.subject, words, language, view_of(session, own, now=now))
    order_id = named.order.id if named.order else None
    classification = Classification(
        message_id=message_id,
        **judged(judgement),
        order_numbers=list(named.numbers),
        order_id=order_id,
        unknown_number=named.unknown_number,
        language=reading.language,
        tracking_number=reading.tracking_number,
        entities=reading.entities,
        classifier=classifier.name,
        created_at=now,
    )
    return Finding(classification, order_id, reading.language)


def record(session: Session, findings: Sequence[Finding]) -> None:
    """Give each message its Classification, and its conversation the order and the language, once."""
    for finding in findings:
        wanted = select(Message).where(
            Message.id == finding.classification.message_id, Message.state == MessageState.RECEIVED
        )
        message = session.exec(wanted.with_for_update(skip_locked=True)).first()
        if message is None:
            continue
        session.add(finding.classification)
        conversation = session.get_one(Conversation, message.conversation_id)
        conversation.order_id = finding.order_id or conversation.order_id
        conversation.language = finding.language or conversation.language
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
