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
    # UIDs below it were judged at the first connect or after a renumbering; the window does not look there again.
    window_from_uid: int = Field(default=1, sa_type=BigInteger)
    # The server's time of the newest mail that lay here at the first connect: before it, all is history; of that
    # very second, the mails with these SHA-256. History older than `history_since` is never fetched, without it none.
    history_until: datetime | None = maybe_moment()
    history_edge: list[str] = Field(default_factory=list, sa_type=JSON)
    history_since: datetime | None = maybe_moment()
    history_read_at: datetime | None = maybe_moment()
    connected_at: datetime | None = maybe_moment()
    lease_owner: str | None = None
    lease_until: datetime | None = maybe_moment()
    last_poll_at: datetime | None = maybe_moment()
    last_error: str | None = None
    last_error_at: datetime | None = maybe_moment()
    # How often in a row the server refused our password or token.
    refusals: int = 0
    # The last comparison of server and ledger: mails there that are ours to have, and how many of them we have.
    reconciled_at: datetime | None = maybe_moment()
    reconciled_server: int | None = None
    reconciled_ours: int | None = None
    reconciled_fetched: int = 0
    reconcile_wanted_at: datetime | None = maybe_moment()
    # What we have seen of the folder in which the provider, or we, keep sent mail.
    sent_folder: str = ""
    sent_uidvalidity: int | None = Field(default=None, sa_type=BigInteger)
    sent_next_uid: int = Field(default=1, sa_type=BigInteger)


class RawMailState(StrEnum):
    STORED = "stored"  # the bytes are safe; `inbound.receive` moves it on
    RECEIVED = "received"  # read and made a Message; final
    QUARANTINED = "quarantined"  # it could not be read or fetched, `error` says why; a person's retry moves it on
    GONE = "gone"  # it vanished from the server before we had its bytes; final


class RawMail(Row, table=True):
    """One mail as received, kept before anything is understood. Its bytes are the Blob of that SHA-256.

    Without a SHA-256 the server did not give it up; the watcher asks again at `retry_at`.
    """

    __tablename__ = "raw_mail"
    __table_args__ = (UniqueConstraint("mailbox_id", "uidvalidity", "uid"),)

    id: int | None = Field(default=None, primary_key=True)
    mailbox_id: int = Field(foreign_key="mailbox.id")
    uidvalidity: int = Field(sa_type=BigInteger)
    uid: int = Field(sa_type=BigInteger)
    sha256: str | None = Field(default=None, foreign_key="blob.sha256", index=True)
    # In bytes, as the server counts them.
    size: int
    internal_date: datetime = moment()
    stored_at: datetime = moment()
    state: RawMailState = word(RawMailState, default=RawMailState.STORED, index=True)
    error: str | None = None
    # It lay there before the first connect.
    history: bool = False
    # Too large to be fetched unasked: the bytes are header and text only. Their SHA-256 stays in `partial_sha256`
    # when somebody asked for the rest, so that a renumbering recognises it.
    partial: bool = False
    partial_sha256: str | None = None
    whole_wanted_at: datetime | None = maybe_moment()
    tries: int = 0
    retry_at: datetime | None = maybe_moment()
    # When the keyword was set or the mail moved, where config asks for it.
    tidied_at: datetime | None = maybe_moment()


class Sighting(Row, table=True):
    """A Message-ID seen in a folder: proof that this mail exists outside of our own tables."""

    __tablename__ = "sighting"
    __table_args__ = (UniqueConstraint("internet_message_id", "place"),)

    id: int | None = Field(default=None, primary_key=True)
    internet_message_id: str
    place: str
    seen_at: datetime = moment()
