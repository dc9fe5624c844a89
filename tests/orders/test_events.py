"""A fact is written once, under a key of its own."""

from datetime import UTC, datetime

import pytest
from sqlmodel import Session, col, select

from mailer.model import Event, Order, Shipment
from mailer.orders.events import record_order_event, record_shipment_event, row_id

AT = datetime(2026, 11, 5, 10, 0, tzinfo=UTC)
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
ORDER = Order(
    id=7,
    storefront="japan",
    source="api",
    number="#1001",
    number_key="1001",
    email="ana@example.com",
    placed_at=AT,
    changed_at=AT,
    recorded_at=NOW,
)
PARCEL = Shipment(id=3, order_id=7, external_id="88")


def test_facts_are_known_by_kind_storefront_number_and_part(session: Session) -> None:
    for _ in range(2):
        record_order_event(session, ORDER, "order.placed", at=AT, now=NOW)
        record_order_event(session, ORDER, "shipment.canceled", part="87", at=AT, now=NOW)
        record_shipment_event(session, ORDER, PARCEL, "shipment.shipped", at=AT, now=NOW)
    events = session.exec(select(Event).order_by(col(Event.id))).all()
    assert [(event.key, event.subject_kind, event.subject_id) for event in events] == [
        ("order.placed:japan:1001", "order", 7),
        ("shipment.canceled:japan:1001:87", "order", 7),
        ("shipment.shipped:japan:1001:88", "shipment", 3),
    ]
    assert {(event.occurred_at, event.recorded_at) for event in events} == {(AT, NOW)}


def test_a_row_that_is_not_written_has_no_events() -> None:
    with pytest.raises(ValueError, match="not been written"):
        row_id(Shipment(order_id=7, external_id="88"))
