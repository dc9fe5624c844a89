"""An IMAP folder that we watch, the bytes that came from it, and the Message-IDs seen in it."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, BigInteger, UniqueConstraint
from sqlmodel import Field

from mailer.model.base import Row, maybe_moment, moment, word


class Mailbox(Row, table=True):
    """An IMAP account and folder; `next_uid` is the cursor: every lower UID is stored, gone or history."""

    __tablename__ = "mailbox"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    storefront: str = "main"
    uidvalidity: int | None = Field(default=None, sa_type=BigInteger)
    next_uid: int = Field(default=1, sa_type=BigInteger)
    # The server's time of the newest mail that lay here at the first connect: before it, all is history; of that
    # very second, the mails with these SHA-256.
    history_until: datetime | None = maybe_moment()
    history_edge: list[str] = Field(default_factory=list, sa_type=JSON)
    connected_at: datetime | None = maybe_moment()
    lease_owner: str | None = None
    lease_until: datetime | None = maybe_moment()
    last_poll_at: datetime | None = maybe_moment()
    last_error: str | None = None
    last_error_at: datetime | None = maybe_moment()


class RawMailState(StrEnum):
    STORED = "stored"  # the bytes are safe; `inbound.receive` moves it on
    RECEIVED = "received"  # read and made a Message; final
    QUARANTINED = "quarantined"  # it could not be read, `error` says why; final until a person retries it


class RawMail(Row, table=True):
    """One mail as received, kept before anything is understood. Its bytes are the Blob of that SHA-256."""

    __tablename__ = "raw_mail"
    __table_args__ = (UniqueConstraint("mailbox_id", "uidvalidity", "uid"),)

    id: int | None = Field(default=None, primary_key=True)
    mailbox_id: int = Field(foreign_key="mailbox.id")
    uidvalidity: int = Field(sa_type=BigInteger)
    uid: int = Field(sa_type=BigInteger)
    sha256: str = Field(foreign_key="blob.sha256", index=True)
    size: int
    internal_date: datetime = moment()
    stored_at: datetime = moment()
    state: RawMailState = word(RawMailState, default=RawMailState.STORED, index=True)
    error: str | None = None


class Sighting(Row, table=True):
    """A Message-ID seen in a folder: proof that this mail exists outside of our own tables."""

    __tablename__ = "sighting"
    __table_args__ = (UniqueConstraint("internet_message_id", "place"),)

    id: int | None = Field(default=None, primary_key=True)
    internet_message_id: str
    place: str
    seen_at: datetime = moment()
