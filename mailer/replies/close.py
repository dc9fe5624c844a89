"""A conversation is closed: silently, or because the customer had nothing more to say. Flows hear of both."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from mailer.calendars import in_words
from mailer.events import record_event
from mailer.model import Conversation, ConversationState, Customer

_BATCH = 500


def close_answered(session: Session, *, after: timedelta, now: datetime, limit: int = _BATCH) -> int:
    """Close what waits for the customer for so long already; a new mail opens it again. How many were closed."""
    waiting = select(Conversation).where(
        Conversation.state == ConversationState.WAITING, col(Conversation.updated_at) <= now - after
    )
    rows = session.exec(waiting.order_by(col(Conversation.id)).limit(limit).with_for_update(skip_locked=True)).all()
    for conversation in rows:
        conversation.state, conversation.updated_at = ConversationState.CLOSED, now
        conversation.reason = f"no new mail within {in_words(after)} after our answer"
        say_closed(session, conversation, answered=True, now=now)
    return len(rows)


def say_closed(session: Session, conversation: Conversation, *, answered: bool, now: datetime) -> None:
    """Note when it was closed, as an Event too; `answered` says whether the customer has had our answer."""
    conversation.closed_at = now
    customer = session.get(Customer, conversation.customer_id)
    record_event(
        session,
        "conversation.closed",
        ("conversation", conversation.id or 0),
        key=f"conversation.closed:{conversation.id}:{now.isoformat()}",
        order_id=conversation.order_id,
        address=customer.address if customer else "",
        at=now,
        now=now,
        data={"answered": answered},
    )
