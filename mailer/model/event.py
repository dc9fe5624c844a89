"""One fact, once; and which readers have taken it."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index
from sqlmodel import Field

from mailer.model.base import Row, moment


class Event(Row, table=True):
    """Something that happened to an order, shipment, customer or conversation. `key` says the same fact only once."""

    __tablename__ = "event"
    __table_args__ = (
        Index("ix_event_subject", "subject_kind", "subject_id"),
        Index("ix_event_order", "order_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    subject_kind: str
    subject_id: int
    # The order that it is about, whatever its subject; and the customer's address in lower case.
    order_id: int | None = None
    address: str = Field(default="", index=True)
    key: str = Field(unique=True)
    occurred_at: datetime = moment()
    recorded_at: datetime = moment()
    data: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class EventTaken(Row, table=True):
    """A reader has acted on an event; it will not again."""

    __tablename__ = "event_taken"

    event_id: int = Field(foreign_key="event.id", primary_key=True)
    reader: str = Field(primary_key=True)
    taken_at: datetime = moment()
