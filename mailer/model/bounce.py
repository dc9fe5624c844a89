"""What came back of a mail of ours: for each recipient what a server said of it, and spam reports."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Text, UniqueConstraint
from sqlmodel import Field, Session

from mailer.failure import BouncedRecipient, FailureKind
from mailer.model.base import Row, maybe_moment, moment, word
from mailer.model.message import Message, Route


class ReportState(StrEnum):
    """How far a bounce or complaint was taken into account."""

    RECEIVED = "received"  # written down; `outbound.bounce` or `outbound.complaint` moves it on
    VERIFIED = "verified"  # it speaks of a mail that we sent, and counts; final
    UNVERIFIED = "unverified"  # it names no mail of ours, so anybody may have made it up; counts for nothing; final


class Bounce(Row, table=True):
    """What a server said of one address: in a returned mail, or already when we handed the mail over."""

    __tablename__ = "bounce"
    __table_args__ = (UniqueConstraint("message_id", "recipient"),)

    id: int | None = Field(default=None, primary_key=True)
    # None: the relay said it in the SMTP dialogue.
    message_id: int | None = Field(default=None, foreign_key="message.id")
    delivery_id: int | None = Field(default=None, foreign_key="delivery.id", index=True)
    # As the report names it; behind a forwarding it may be an address that we never wrote to.
    recipient: str = ""
    # The address that we wrote to; empty until verified.
    address: str = Field(default="", index=True)
    kind: FailureKind = word(FailureKind)
    action: str = ""
    status: str = ""
    diagnostic: str = Field(default="", sa_type=Text)
    reported_message_id: str = ""
    returned_to: str = ""
    state: ReportState = word(ReportState, default=ReportState.RECEIVED, index=True)
    received_at: datetime = moment()
    settled_at: datetime | None = maybe_moment()

    @property
    def verified(self) -> bool:
        """Whether it speaks of a mail that we sent."""
        return self.state == ReportState.VERIFIED


class Complaint(Row, table=True):
    """A recipient called a mail of ours spam (RFC 5965)."""

    __tablename__ = "complaint"

    id: int | None = Field(default=None, primary_key=True)
    message_id: int = Field(foreign_key="message.id", unique=True)
    delivery_id: int | None = Field(default=None, foreign_key="delivery.id", index=True)
    address: str = Field(default="", index=True)
    # RFC 5965, 7.3; "abuse" where the report does not say.
    feedback_type: str = "abuse"
    reported_message_id: str = ""
    returned_to: str = ""
    state: ReportState = word(ReportState, default=ReportState.RECEIVED, index=True)
    received_at: datetime = moment()
    settled_at: datetime | None = maybe_moment()


def note_report(
    session: Session,
    message: Message,
    bounces: Sequence[BouncedRecipient],
    *,
    reported_message_id: str,
    returned_to: str = "",
    feedback_type: str = "",
) -> None:
    """Write down what a received bounce or complaint says, for outbound to take into account.

    A bounce that names nobody is noted too: its Message-ID may tell whose it is.
    """
    if message.route == Route.COMPLAINT:
        session.add(
            Complaint(
                message_id=message.id or 0,
                feedback_type=feedback_type or "abuse",
                reported_message_id=reported_message_id,
                returned_to=returned_to,
                received_at=message.received_at,
            )
        )
        return
    unnamed = BouncedRecipient("")
    for recipient, each in {one.recipient: one for one in bounces or (unnamed,)}.items():
        session.add(
            Bounce(
                message_id=message.id or 0,
                recipient=recipient,
                kind=FailureKind(each.kind),
                action=each.action,
                status=each.status,
                diagnostic=each.diagnostic,
                reported_message_id=reported_message_id,
                returned_to=returned_to,
                received_at=message.received_at,
            )
        )
