"""Mails and notes to be found."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from mailer.db import Database
from mailer.insight.index import index_some
from mailer.model import Direction, MessageState, Note
from tests.build import agent, customer_mail


def letter(session: Session, now: datetime, text: str, *, ours: bool = False, **facts: Any) -> int:
    """A mail with this text, a customer's or ours; its id."""
    mail = customer_mail(session, now, text=text, own_words=text, **facts)
    if ours:
        mail.direction, mail.state = Direction.OUT, MessageState.COMPOSED
    return mail.id or 0


def noted(session: Session, now: datetime, text: str, *, conversation: int = 1) -> int:
    """A colleague's note on a conversation; its id."""
    note = Note(conversation_id=conversation, agent_id=agent(session, now), text=text, written_at=now)
    session.add(note)
    session.flush()
    return note.id or 0


def index_all(db: Database) -> None:
    """Work off everything that waits to be indexed."""
    while index_some(db):
        pass
