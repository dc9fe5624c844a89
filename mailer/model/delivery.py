"""One outgoing message to one recipient, and each try to hand it over."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, Text
from sqlmodel import Field

from mailer.model.base import Row, maybe_moment, moment, word


class DeliveryState(StrEnum):
    UNDOABLE = "undoable"  # approved, and still to be taken back; `outbound.deliver` queues it when that time is over
    QUEUED = "queued"  # goes at `next_attempt_at`; `outbound.deliver` claims it
    SENDING = "sending"  # a worker has it and the body has not left; when its lease dies it is queued again
    HANDING_OVER = "handing_over"  # the body may be leaving; when its lease dies it is unknown
    SENT = "sent"  # the relay took it (250); final unless it bounces
    FAILED = "failed"  # the relay refused it for good, or we gave up; final
    UNKNOWN = "unknown"  # the relay may have it; a Sighting or a person moves it on, never a blind retry
    WITHHELD = "withheld"  # the guard did not let it go, `reason` says why; final
    CANCELED = "canceled"  # a person took it back in time; final
    EXPIRED = "expired"  # the relay did not take it in its time; final
    HELD = "held"  # a Hold on it or on its address stops it; a person releases it
    BOUNCED = "bounced"  # it came back; final
    COMPLAINED = "complained"  # the recipient called it spam; final


class Delivery(Row, table=True):
    """A narrow row: the message owns identifier and bytes. `key` makes sure that one decision is one mail."""

    __tablename__ = "delivery"
    __table_args__ = (Index("ix_delivery_due", "state", "next_attempt_at"),)

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    message_id: int = Field(foreign_key="message.id", index=True)
    draft_id: int | None = Field(default=None, foreign_key="draft.id", index=True)
    # Of a mail that a flow sends. No foreign key: steps point here.
    enrollment_id: int | None = Field(default=None, index=True)
    # "reply", "acknowledgement"; of flows "transactional", "feedback" or "marketing"; "test".
    kind: str = "reply"
    recipient: str
    # MAIL FROM, where it is not the sender's own address; empty is the null return path (RFC 5321, 4.5.5).
    envelope_sender: str | None = None
    state: DeliveryState = word(DeliveryState)
    attempt: int = 0
    # Tries that the recipient put off; tries that failed for the relay's sake do not count.
    deferrals: int = 0
    owner: str | None = None
    lease_until: datetime | None = maybe_moment()
    undo_until: datetime | None = maybe_moment()
    queued_at: datetime = moment()
    next_attempt_at: datetime = moment()
    expires_at: datetime | None = maybe_moment()
    held_at: datetime | None = maybe_moment()
    settled_at: datetime | None = maybe_moment()
    reason: str = Field(default="", sa_type=Text)
    # A person knows that it did not arrive and lets it be: it leaves the tray of what failed.
    given_up_at: datetime | None = maybe_moment()
    given_up_by: str = ""


class Attempt(Row, table=True):
    """One SMTP try, with the server's words. No outcome means that the worker died in it."""

    __tablename__ = "attempt"
    __table_args__ = (Index("uq_attempt", "delivery_id", "number", unique=True),)

    id: int | None = Field(default=None, primary_key=True)
    delivery_id: int = Field(foreign_key="delivery.id")
    number: int
    owner: str
    started_at: datetime = moment()
    handed_over_at: datetime | None = maybe_moment()
    ended_at: datetime | None = maybe_moment()
    outcome: str | None = None
    code: int | None = None
    # Which of the cases of `outbound.outcome` it was.
    cause: str | None = None
    server_words: str = Field(default="", sa_type=Text)
