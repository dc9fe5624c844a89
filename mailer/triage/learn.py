"""A person says what a mail really wants; it is kept to learn from, and the conversation is drafted anew."""

from datetime import datetime

from sqlmodel import Session, select

from mailer.errors import Conflict, InputError, NotFound
from mailer.model import (
    BY_WORDS,
    Classification,
    Conversation,
    ConversationState,
    Correction,
    Draft,
    DraftState,
    Intent,
    Level,
    Message,
)

# What a person may say of a mail: machines are known by other signs than words.
CORRECTABLE = (*BY_WORDS, Intent.OTHER)
_SETTLED = (ConversationState.DRAFTED, ConversationState.WAITING)


def correct(session: Session, message_id: int, intent: str, agent_id: int, *, now: datetime) -> None:
    """Take this person's word for what a mail wants first. Raises InputError, NotFound, Conflict."""
    if intent not in CORRECTABLE:
        raise InputError("intent", [f"there is no intent {intent}; there are {', '.join(CORRECTABLE)}"])
    found = session.exec(
        select(Classification).where(Classification.message_id == message_id).with_for_update()
    ).first()
    if found is None:
        raise NotFound(f"message {message_id} is no mail that was judged; `mailer show` names the messages")
    if found.intent == intent:
        raise Conflict(f"message {message_id} is taken for {intent} already")
    session.add(
        Correction(
            message_id=message_id,
            agent_id=agent_id,
            judged=found.intent,
            intent=intent,
            classifier=found.classifier,
            corrected_at=now,
        )
    )
    _change(found, intent)
    _draft_anew(session, message_id, now)


def _change(found: Classification, intent: str) -> None:
    """What the person said comes first, what was first is gone, further wishes stay."""
    others = [wish for wish in found.intents if wish["intent"] not in (found.intent, intent, Intent.OTHER)]
    told = {"intent": intent, "confidence": 1.0, "level": Level.HIGH.value, "evidence": found.evidence}
    found.intents = [told, *others] if intent != Intent.OTHER else [told]
    found.intent, found.confidence, found.level = intent, 1.0, Level.HIGH


def _draft_anew(session: Session, message_id: int, now: datetime) -> None:
    """Let the conversation need an answer again, unless one is on its way or sent."""
    message = session.get_one(Message, message_id)
    # Who approves meanwhile holds it too: then an answer is on its way.
    locked = select(Conversation).where(Conversation.id == message.conversation_id).with_for_update()
    conversation = session.exec(locked).one()
    pending = select(Draft.id).where(Draft.conversation_id == conversation.id, Draft.state == DraftState.PENDING)
    if conversation.state in _SETTLED and session.exec(pending).first() is None:
        return
    conversation.state = ConversationState.NEEDS_ANSWER
    conversation.reason = ""
    conversation.updated_at = now
