"""What an outcome means for a delivery, its draft and its conversation, in the transaction of the outcome."""

from datetime import datetime

from sqlalchemy import and_, or_, update
from sqlmodel import Session, col, select

from mailer.model import (
    Conversation,
    ConversationState,
    Delivery,
    DeliveryState,
    Draft,
    DraftState,
    Message,
    ReplyClock,
)
from mailer.outbound.retry import next_try, next_try_of_relay
from mailer.outbound.smtp import Accepted, Deferred, Outcome, Refused, Unknown


def settle(session: Session, delivery: Delivery, outcome: Outcome, *, now: datetime) -> None:
    """Move a delivery to where its outcome says."""
    delivery.owner = None
    delivery.lease_until = None
    match outcome:
        case Accepted(words):
            sent(session, delivery, words, now=now)
        case Refused(words):
            _end(delivery, DeliveryState.FAILED, words, now)
            _to_person(session, delivery, f"our answer could not be delivered: {words}", now)
        case Unknown(words):
            _end(delivery, DeliveryState.UNKNOWN, words, now)
        case Deferred():
            _again(delivery, outcome, now)


def sent(session: Session, delivery: Delivery, words: str, *, now: datetime) -> None:
    """The relay has it: the conversation waits for the customer, unless a newer mail came, and its clock stops."""
    _end(delivery, DeliveryState.SENT, words, now)
    conversation = _locked_conversation(session, delivery)
    if not _is_last_word(session, conversation, delivery):
        return
    conversation.state, conversation.updated_at = ConversationState.WAITING, now
    session.exec(
        update(ReplyClock)
        .where(col(ReplyClock.conversation_id) == conversation.id, col(ReplyClock.stopped_at).is_(None))
        .values(stopped_at=now)
    )


def withhold(session: Session, delivery: Delivery, reason: str, *, now: datetime) -> None:
    """It must not go any more: its draft is stale and the conversation needs an answer again."""
    _end(delivery, DeliveryState.WITHHELD, reason, now)
    _retire_draft(session, delivery, reason, now)
    conversation = _locked_conversation(session, delivery)
    if _is_last_word(session, conversation, delivery):
        conversation.state, conversation.updated_at = ConversationState.NEEDS_ANSWER, now


def expire(session: Session, delivery: Delivery, reason: str, *, now: datetime) -> None:
    """Its time is over before the relay took it: a person must know."""
    words = f"{reason}: {delivery.reason}" if delivery.reason else reason
    _end(delivery, DeliveryState.EXPIRED, words, now)
    _retire_draft(session, delivery, words, now)
    _to_person(session, delivery, f"our answer could not be delivered: {words}", now)


def _end(delivery: Delivery, state: DeliveryState, words: str, now: datetime) -> None:
    delivery.state, delivery.reason, delivery.settled_at = state, words, now


def _again(delivery: Delivery, outcome: Deferred, now: datetime) -> None:
    when = next_try_of_relay if outcome.relay else next_try
    delivery.state = DeliveryState.QUEUED
    delivery.reason = outcome.words
    delivery.next_attempt_at = when(delivery.key, delivery.attempt, now)


def _to_person(session: Session, delivery: Delivery, reason: str, now: datetime) -> None:
    conversation = _locked_conversation(session, delivery)
    if _is_last_word(session, conversation, delivery):
        conversation.state, conversation.reason = ConversationState.NEEDS_PERSON, reason
        conversation.updated_at = now


def _retire_draft(session: Session, delivery: Delivery, reason: str, now: datetime) -> None:
    draft = session.get(Draft, delivery.draft_id) if delivery.draft_id else None
    if draft is not None and draft.state == DraftState.APPROVED:
        draft.state, draft.reason, draft.updated_at = DraftState.STALE, reason, now


def _is_last_word(session: Session, conversation: Conversation, delivery: Delivery) -> bool:
    """Whether nothing newer counts: a mail that came meanwhile, a draft that waits, or a later answer on its way."""
    later = and_(col(Draft.state) == DraftState.APPROVED, col(Draft.id) > (delivery.draft_id or 0))
    newer = select(Draft.id).where(
        Draft.conversation_id == conversation.id, or_(col(Draft.state) == DraftState.PENDING, later)
    )
    return conversation.state == ConversationState.DRAFTED and session.exec(newer.limit(1)).first() is None


def _locked_conversation(session: Session, delivery: Delivery) -> Conversation:
    message = session.get_one(Message, delivery.message_id)
    wanted = select(Conversation).where(Conversation.id == message.conversation_id).with_for_update()
    return session.exec(wanted).one()
