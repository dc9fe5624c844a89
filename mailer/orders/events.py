"""What happened to an order or a parcel, said once under a key of its own."""

from datetime import datetime

from sqlmodel import Session

from mailer.db import insert_once
from mailer.model import Event, Order, Shipment


def record_order_event(
    session: Session, order: Order, kind: str, *, part: str = "", at: datetime, now: datetime
) -> None:
    """Write a fact about an order, or about a `part` of it that has no row; each kind once."""
    subject = ("order", row_id(order))
    _record(session, order, kind, subject=subject, part=part, at=at, now=now)


def record_shipment_event(
    session: Session, order: Order, shipment: Shipment, kind: str, *, at: datetime, now: datetime
) -> None:
    """Write a fact about a parcel; each kind once."""
    subject = ("shipment", row_id(shipment))
    _record(session, order, kind, subject=subject, part=shipment.external_id, at=at, now=now)


def _record(
    session: Session, order: Order, kind: str, *, subject: tuple[str, int], part: str, at: datetime, now: datetime
) -> None:
    key = ":".join([kind, order.storefront, order.number_key, *([part] if part else [])])
    subject_kind, subject_id = subject
    event = Event(kind=kind, subject_kind=subject_kind, subject_id=subject_id, key=key, occurred_at=at, recorded_at=now)
    insert_once(session, event)


def row_id(row: Order | Shipment) -> int:
    """The id of a row that the database has."""
    if row.id is None:
        raise ValueError("the row has not been written yet")
    return row.id
