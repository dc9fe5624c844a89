"""What a customer and we wrote to each other about one thing, and its deadlines."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, Text, text
from sqlmodel import Field

from mailer.model.base import Row, Word, maybe_moment, moment, word


class ConversationState(StrEnum):
    NEEDS_ANSWER = "needs_answer"  # a mail waits; `replies.draft` moves it on
    DRAFTED = "drafted"  # a draft waits for a person, or an approved one is on its way; a person or sending moves it on
    NEEDS_PERSON = "needs_person"  # a person is to write, `reason` says why; their draft or a holding one moves it on
    WAITING = "waiting"  # the relay took our answer; the customer moves it on
    CLOSED = "closed"  # nothing is to be answered, `reason` says why; a new mail moves it on


class Snooze(StrEnum):
    """What a conversation that a person put aside waits for; `replies.snooze` and news of it wake it."""

    UNTIL = "until"  # a moment, `snoozed_until`
    REPLY = "reply"  # the customer's next mail
    PARCEL = "parcel"  # the next word of a carrier on a parcel of its order


class Conversation(Row, table=True):
    """The mails that belong together; one customer, at most one order."""

    __tablename__ = "conversation"
    # The tabs without deadlines, the newest first; and how many stand in a tab, without a look into the rows.
    __table_args__ = (Index("ix_conversation_tab", "state", "updated_at", "snoozed_for"),)

    id: int | None = Field(default=None, primary_key=True)
    customer_id: int = Field(foreign_key="customer.id", index=True)
    order_id: int | None = Field(default=None, foreign_key="shop_order.id", index=True)
    storefront: str = "main"
    state: ConversationState = word(ConversationState, index=True)
    reason: str = Field(default="", sa_type=Text)
    subject: str = Field(default="", sa_type=Text)
    language: str | None = None
    # The conversation that the first mail named, though its sender takes no part in it; a person may merge them.
    possibly_of: int | None = None
    # Sender and order number of a marketplace's relay address: the next mail with both belongs here.
    relay_key: str | None = Field(default=None, index=True)
    # Where the mails of flows to one order or customer stand: "order:17"; an answer to one of them wakes it.
    flow_key: str | None = Field(default=None, index=True, unique=True)
    closed_at: datetime | None = maybe_moment()
    # Whose it is to answer; nobody's in particular when empty. No foreign key: people are only ever switched off.
    assignee_id: int | None = Field(default=None, index=True)
    assigned_at: datetime | None = maybe_moment(index=True)
    # Put aside: what it waits for, until when, by which agent and since when. A newer mail always wakes it.
    snoozed_for: Snooze | None = Field(default=None, sa_type=Word(Snooze), nullable=True, index=True)
    snoozed_until: datetime | None = maybe_moment()
    snoozed_by: int | None = None
    snoozed_at: datetime | None = maybe_moment()
    # Why it came back by itself; shown until the next decision.
    woken_because: str = ""
    # Its mails were forgotten, as old as it was.
    forgotten_at: datetime | None = maybe_moment()
    created_at: datetime = moment()
    updated_at: datetime = moment(index=True)

    def wake(self, because: str = "") -> None:
        """Take it out of the snoozed ones, if it is one of them."""
        if self.snoozed_for is not None:
            self.snoozed_for = self.snoozed_until = self.snoozed_by = self.snoozed_at = None
            self.woken_because = because


class ClockKind(StrEnum):
    """What is to be done in time. One clock of each kind may run in a conversation."""

    FIRST_ANSWER = "first_answer"  # any reply of ours; a holding one too
    SETTLED = "settled"  # a simple question answered for good
    RETURN_AGREED = "return_agreed"  # a return, an exchange or a refund agreed on
    CANCELLATION = "cancellation"  # a wish to cancel answered; a marketplace refuses it afterwards
    REFUND_PAID = "refund_paid"  # after a cancellation, the order says that the money went back
    DISPUTE = "dispute"  # a quarrel answered, before a marketplace decides it


class ReplyClock(Row, table=True):
    """A deadline on a conversation. Sending stops it or lets it stand; `replies.due` starts it and lets it go on."""

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
        # The queue goes along it.
        Index(
            "ix_reply_clock_due",
            "due_at",
            "id",
            sqlite_where=text("stopped_at IS NULL AND paused_at IS NULL"),
            postgresql_where=text("stopped_at IS NULL AND paused_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: int = Field(foreign_key="conversation.id", index=True)
    kind: str = ClockKind.FIRST_ANSWER.value
    started_at: datetime = moment()
    due_at: datetime = moment()
    paused_at: datetime | None = maybe_moment()
    stopped_at: datetime | None = maybe_moment()
    # How much open time it has in all, and on which calendar of config.toml ("always": day and night).
    limit_seconds: int = 86_400
    calendar: str = "always"
    # Why it stands still while it is paused, and when somebody was warned that it is about to break.
    paused_because: str = ""
    warned_at: datetime | None = maybe_moment()


class ClockPause(Row, table=True):
    """A time for which a clock stood still."""

    __tablename__ = "clock_pause"

    id: int | None = Field(default=None, primary_key=True)
    clock_id: int = Field(foreign_key="reply_clock.id", index=True)
    paused_at: datetime = moment()
    resumed_at: datetime = moment()
    reason: str = ""


class Regrouping(Row, table=True):
    """A person moved mails from one conversation to another: a merge (all of them) or a split. It can be undone."""

    __tablename__ = "regrouping"

    id: int | None = Field(default=None, primary_key=True)
    kind: str  # "merge" or "split"
    source_id: int = Field(foreign_key="conversation.id", index=True)
    target_id: int = Field(foreign_key="conversation.id", index=True)
    message_ids: list[int] = Field(default_factory=list, sa_type=JSON)
    # State and reason of both before, by their ids.
    before: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    agent_id: int | None = None
    made_at: datetime = moment()
    undone_at: datetime | None = maybe_moment()
