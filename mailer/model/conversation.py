"""What a customer and we wrote to each other about one thing, and its deadlines."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, Text, text
from sqlmodel import Field

from mailer.model.base import Row, maybe_moment, moment, word


class ConversationState(StrEnum):
    NEEDS_ANSWER = "needs_answer"  # a mail waits; `replies.draft` moves it on
    DRAFTED = "drafted"  # a draft waits for a person, or an approved one is on its way; a person or sending moves it on
    NEEDS_PERSON = "needs_person"  # no template fits, `reason` says why; a person who writes moves it on
    WAITING = "waiting"  # the relay took our answer; the customer moves it on
    CLOSED = "closed"  # nothing is to be answered, `reason` says why; a new mail moves it on


class Conversation(Row, table=True):
    """The mails that belong together; one customer, at most one order."""

    __tablename__ = "conversation"

    id: int | None = Field(default=None, primary_key=True)
    customer_id: int = Field(foreign_key="customer.id", index=True)
    order_id: int | None = Field(default=None, foreign_key="shop_order.id")
    storefront: str = "main"
    state: ConversationState = word(ConversationState, index=True)
    reason: str = Field(default="", sa_type=Text)
    subject: str = Field(default="", sa_type=Text)
    language: str | None = None
    created_at: datetime = moment()
    updated_at: datetime = moment()


class ReplyClock(Row, table=True):
    """A deadline on a conversation. Sending stops it; the arithmetic is in `replies.due`."""

    __tablename__ = "reply_clock"
    __table_args__ = (
        Index(
            "uq_reply_clock_running",
            "conversation_id",
            "kind",
            unique=True,
            sqlite_where=text("stopped_at IS NULL"),
            postgresql_where=text("stopped_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: int = Field(foreign_key="conversation.id", index=True)
    kind: str = "first_answer"
    started_at: datetime = moment()
    due_at: datetime = moment()
    paused_at: datetime | None = maybe_moment()
    stopped_at: datetime | None = maybe_moment()
