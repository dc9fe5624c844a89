"""Old conversations are forgotten, each after as long as config.toml says for its intents; a dry run only counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from mailer.model import Classification, Conversation, ConversationState, Message
from mailer.privacy.erase import erase_conversations

# One transaction forgets no more than this; the job goes on until nothing is old.
BATCH = 100


@dataclass(frozen=True)
class Old:
    """A closed conversation whose time is over."""

    conversation_id: int
    intent: str


@dataclass(frozen=True)
class Terms:
    """How long is kept what was said: for all, and for some intents another time. Nothing is forgotten without any."""

    usual: timedelta | None
    by_intent: Mapping[str, timedelta]

    def of(self, intents: Sequence[str]) -> timedelta | None:
        """The longest of its intents; the usual time for those that are not named. None: for ever."""
        spans = [self.by_intent.get(intent, self.usual) for intent in intents or [""]]
        return None if None in spans else max(span for span in spans if span is not None)


def old(session: Session, terms: Terms, *, now: datetime, limit: int | None = None) -> list[Old]:
    """Which closed conversations are older than their intents allow, the oldest first."""
    spans = [span for span in (terms.usual, *terms.by_intent.values()) if span is not None]
    if not spans:
        return []
    closed = (
        select(Conversation.id, Conversation.updated_at)
        .where(
            Conversation.state == ConversationState.CLOSED,
            col(Conversation.updated_at) < now - min(spans),
            col(Conversation.forgotten_at).is_(None),
        )
        .order_by(col(Conversation.updated_at))
    )
    found: list[Old] = []
    for number, updated_at in session.exec(closed).all():
        intents = _intents(session, number or 0)
        span = terms.of(intents)
        if span is not None and updated_at < now - span:
            found.append(Old(number or 0, intents[0] if intents else "not judged"))
            if limit and len(found) == limit:
                break
    return found


def forget_old(session: Session, terms: Terms, *, now: datetime) -> int:
    """Forget one batch; how many there were. Zero means that nothing is old any more."""
    found = [one.conversation_id for one in old(session, terms, now=now, limit=BATCH)]
    if found:
        erase_conversations(session, found, now=now)
        for some in found:
            session.get_one(Conversation, some, populate_existing=True).forgotten_at = now
    return len(found)


def _intents(session: Session, conversation_id: int) -> list[str]:
    wanted = (
        select(Classification.intent)
        .join(Message, col(Message.id) == Classification.message_id)
        .where(Message.conversation_id == conversation_id)
        .order_by(col(Classification.id).desc())
    )
    return list(dict.fromkeys(session.exec(wanted).all()))
