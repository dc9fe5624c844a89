"""What people who work here say to each other about a conversation. It is never a mail, and nothing sends it."""

from datetime import datetime

from sqlalchemy import Text, UniqueConstraint
from sqlmodel import Field

from mailer.model.base import Row, maybe_moment, moment


class Note(Row, table=True):
    """An internal word on one conversation. For an hour its author may change it or take it away."""

    __tablename__ = "note"

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: int = Field(foreign_key="conversation.id", index=True)
    agent_id: int = Field(foreign_key="agent.id")
    text: str = Field(sa_type=Text)
    written_at: datetime = moment()
    changed_at: datetime | None = maybe_moment()
    deleted_at: datetime | None = maybe_moment()


class Mention(Row, table=True):
    """A note names a colleague (@name), who sees a mark at the conversation until they say that they saw it."""

    __tablename__ = "mention"
    __table_args__ = (UniqueConstraint("note_id", "agent_id"),)

    id: int | None = Field(default=None, primary_key=True)
    note_id: int = Field(foreign_key="note.id")
    conversation_id: int = Field(foreign_key="conversation.id", index=True)
    agent_id: int = Field(foreign_key="agent.id", index=True)
    seen_at: datetime | None = maybe_moment()
