"""Addresses that we do not write to: all of it, or one kind of mail; until somebody or something lifts it."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, Text, text, update
from sqlmodel import Field, Session, col

from mailer.model.base import Row, maybe_moment, moment, word


class Stream(StrEnum):
    """What a suppression stops."""

    ALL = "all"  # every mail, answers too
    FEEDBACK = "feedback"  # reviews and surveys
    MARKETING = "marketing"  # offers


class SuppressionCause(StrEnum):
    """Why; and so, what lifts it."""

    BOUNCES = "bounces"  # mail came back; a new mail from the address lifts it, or a person
    COMPLAINT = "complaint"  # the recipient called it spam; only a person lifts it
    OPT_OUT = "opt_out"  # the recipient wants no more of this kind; only they take it back
    PERSON = "person"  # somebody here decided so; only a person lifts it


class Suppression(Row, table=True):
    """Open until `lifted_at`; one open row for each address, stream and cause."""

    __tablename__ = "suppression"
    __table_args__ = (
        Index(
            "uq_suppression_open",
            "address",
            "stream",
            "cause",
            unique=True,
            sqlite_where=text("lifted_at IS NULL"),
            postgresql_where=text("lifted_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    # In lower case.
    address: str = Field(index=True)
    stream: Stream = word(Stream)
    cause: SuppressionCause = word(SuppressionCause)
    words: str = Field(default="", sa_type=Text)
    since: datetime = moment()
    lifted_at: datetime | None = maybe_moment()
    lifted_because: str = Field(default="", sa_type=Text)


def lift_undeliverable(session: Session, address: str, *, now: datetime) -> int:
    """Somebody wrote from an address whose mail came back: it lives, so what bounces stopped goes again; how many rows.

    Complaints and what a person decided stay.
    """
    lifted = session.exec(
        update(Suppression)
        .where(
            col(Suppression.address) == address.lower(),
            col(Suppression.cause) == SuppressionCause.BOUNCES,
            col(Suppression.lifted_at).is_(None),
        )
        .values(lifted_at=now, lifted_because="a mail from this address arrived")
    )
    return int(lifted.rowcount)
