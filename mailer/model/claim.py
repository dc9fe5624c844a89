"""Who has a conversation open, and the ways of looking at the queue that people keep."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from mailer.model.base import Row, moment


class Claim(Row, table=True):
    """A person has a conversation open. Their page renews the lease; it ends by itself and forbids nothing."""

    __tablename__ = "claim"
    __table_args__ = (UniqueConstraint("conversation_id", "agent_id"),)

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: int = Field(foreign_key="conversation.id")
    agent_id: int = Field(foreign_key="agent.id")
    opened_at: datetime = moment()
    lease_until: datetime = moment(index=True)


class SavedView(Row, table=True):
    """A tab of the queue with filters, under a name: for its owner, or `shared` for everybody."""

    __tablename__ = "saved_view"
    __table_args__ = (UniqueConstraint("agent_id", "name"),)

    id: int | None = Field(default=None, primary_key=True)
    agent_id: int = Field(foreign_key="agent.id")
    name: str
    # As in an address: "tab=to_approve&language=de".
    query: str
    shared: bool = False
    created_at: datetime = moment()
