"""What a person typed on the way to a reply, and who saw that something changed under it."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Text, UniqueConstraint
from sqlmodel import Field

from mailer.model.base import Row, moment


class DraftVersion(Row, table=True):
    """A text as it stood at a moment, kept while its author types. Nothing of it is sent before it is saved."""

    __tablename__ = "draft_version"
    __table_args__ = (UniqueConstraint("conversation_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    # One line of numbers for a conversation: who writes on an older one than the newest is told.
    conversation_id: int = Field(foreign_key="conversation.id", index=True)
    number: int
    # None is an own reply that is no draft yet.
    draft_id: int | None = Field(default=None, foreign_key="draft.id", index=True)
    text: str = Field(sa_type=Text)
    # None is the template.
    agent_id: int | None = Field(default=None, foreign_key="agent.id")
    # Whether it became the text of the draft.
    saved: bool = False
    written_at: datetime = moment()


class SeenChange(Row, table=True):
    """Who saw what had changed since a draft was written, so that it may be approved again."""

    __tablename__ = "seen_change"

    id: int | None = Field(default=None, primary_key=True)
    draft_id: int = Field(foreign_key="draft.id", index=True)
    version: int
    agent_id: int = Field(foreign_key="agent.id")
    changes: list[Any] = Field(default_factory=list, sa_type=JSON)
    seen_at: datetime = moment()
