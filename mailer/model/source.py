"""What systems of the shop told us, as they told it: kept raw before anything is understood."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import Field, Session, col

from mailer.model.base import Row, maybe_moment, moment, word


class PayloadState(StrEnum):
    STORED = "stored"  # its signature is right and its bytes are kept; `orders.hooks` reads it
    TAKEN = "taken"  # its facts are in the rows; final, `orders replay` reads it again
    IGNORED = "ignored"  # it is a test, a ping, or speaks of nothing that we keep; `reason` says so; final
    WAITING = "waiting"  # it speaks of an order that nobody told us of yet; read again when that order comes
    UNREADABLE = "unreadable"  # it is not what its source documents; `reason` says why; `orders replay` tries again


class SourcePayload(Row, table=True):
    """One delivery of an order source: a webhook's body, an answer to a poll, a block of a mail."""

    __tablename__ = "source_payload"
    __table_args__ = (
        UniqueConstraint("source", "key"),
        Index("ix_source_payload_state", "state", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    # The name of [sources.NAME], and its kind there.
    source: str
    kind: str
    topic: str = ""
    # What makes the same delivery the same, by the source's own rule; two deliveries under one key are one.
    key: str
    sha256: str = Field(foreign_key="blob.sha256")
    headers: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    state: PayloadState = word(PayloadState, default=PayloadState.STORED)
    # What a waiting one waits for: the id or number of an order, or a parcel's number.
    waits_for: str = Field(default="", index=True)
    order_id: int | None = Field(default=None, foreign_key="shop_order.id", index=True)
    reason: str = Field(default="", sa_type=Text)
    received_at: datetime = moment()
    taken_at: datetime | None = maybe_moment()


class Refusal(Row, table=True):
    """Deliveries of a source that were turned away, counted: a wrong signature, too large, no such source."""

    __tablename__ = "refusal"
    __table_args__ = (UniqueConstraint("source", "reason"),)

    id: int | None = Field(default=None, primary_key=True)
    source: str
    reason: str
    count: int = 1
    first_at: datetime = moment()
    last_at: datetime = moment()


def note_refusal(session: Session, source: str, reason: str, *, now: datetime) -> None:
    """Count a delivery that was turned away; `reason` is a sentence without anything of the delivery in it."""
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgres_insert
    values = {"source": source[:100], "reason": reason, "count": 1, "first_at": now, "last_at": now}
    again = {"count": col(Refusal.count) + 1, "last_at": now}
    once_more = insert(Refusal).on_conflict_do_update(index_elements=["source", "reason"], set_=again)
    session.connection().execute(once_more, values)


class PollCursor(Row, table=True):
    """How far the reconciliation of a source has read."""

    __tablename__ = "poll_cursor"

    source: str = Field(primary_key=True)
    changed_until: datetime | None = maybe_moment()
    page: str = ""
    polled_at: datetime | None = maybe_moment()
    error: str = Field(default="", sa_type=Text)


class Consent(Row, table=True):
    """What an address agreed to or refused, with basis, time and the words that were shown. The newest counts."""

    __tablename__ = "consent"
    __table_args__ = (Index("ix_consent_address", "address", "stream", "given_at"),)

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    # In lower case.
    address: str
    stream: str  # "marketing" or "feedback"
    granted: bool
    basis: str  # "opt_in", "double_opt_in", "existing_customer", "withdrawn"
    source: str
    wording: str = Field(default="", sa_type=Text)
    given_at: datetime = moment()
    recorded_at: datetime = moment()


class ParcelRoute(Row, table=True):
    """How long parcels take on a way, learned from those that arrived."""

    __tablename__ = "parcel_route"
    __table_args__ = (UniqueConstraint("origin", "destination", "carrier", "service"),)

    id: int | None = Field(default=None, primary_key=True)
    origin: str = ""
    destination: str = ""
    carrier: str = ""
    service: str = ""
    parcels: int = 0
    p50_hours: float = 0.0
    p90_hours: float = 0.0
    learned_at: datetime = moment()
