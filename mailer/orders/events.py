"""What happened to an order or a parcel, said once under a key of its own."""

from datetime import datetime

from sqlmodel import Session

from mailer.events import record_event
from mailer.model import Order, Shipment


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
    part = shipment.raw.get("known_as") or shipment.external_id
    _record(session, order, kind, subject=subject, part=part, at=at, now=now)


def _record(
    session: Session, order: Order, kind: str, *, subject: tuple[str, int], part: str, at: datetime, now: datetime
) -> None:
    key = ":".join([kind, order.storefront, order.number_key, *([part] if part else [])])
    record_event(session, kind, subject, key=key, order_id=row_id(order), address=order.email, at=at, now=now)


def row_id(row: Order | Shipment) -> int:
    """The id of a row that the database has."""
    if row.id is None:
        raise ValueError("the row has not been written yet")
    return row.id
