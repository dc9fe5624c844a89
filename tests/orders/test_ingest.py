"""Orders become rows once, on both engines, however often and in whatever sequence the shop tells them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel import Session, col, select

from mailer.db import Database
from mailer.model import Event, Order, OrderLine, Row
from mailer.orders.ingest import Ingested, ingest
from mailer.orders.source import parse_payload
from tests.orders.payloads import a_parcel, a_scan, an_order

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def take(session: Session, *payloads: dict[str, Any], storefront: str = "main") -> Ingested:
    return ingest(session, parse_payload(list(payloads)), source="shopify", storefront=storefront, now=NOW)


def the_order(session: Session) -> Order:
    return session.exec(select(Order)).one()


def rows(session: Session, table: type[Row]) -> list[dict[str, Any]]:
    return [row.model_dump() for row in session.exec(select(table).order_by(table.__table__.c.id))]


def kinds(session: Session) -> list[str]:
    return list(session.exec(select(Event.kind).order_by(Event.kind)))


def test_an_order_becomes_a_row_with_its_positions(session: Session) -> None:
    assert take(session, an_order()) == Ingested(created=1)
    order = the_order(session)
    assert (order.number, order.number_key, order.email) == ("#1001", "1001", "ana@example.com")
    assert (order.external_id, order.source, order.storefront) == ("820982911946154508", "shopify", "main")
    assert (order.customer_name, order.language, order.country) == ("Ana Silva", "en-GB", "DE")
    assert (order.currency, order.total, order.payment_state) == ("EUR", "59.00", "paid")
    assert order.placed_at == datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
    line = session.exec(select(OrderLine)).one()
    assert (line.external_id, line.title, line.variant, line.sku, line.quantity) == ("9", "Linen shirt", "M", "LS-M", 1)


def test_the_same_payload_again_changes_nothing(session: Session) -> None:
    payload = an_order(fulfillments=[a_parcel(a_scan(900, "in_transit", "06T10:00"))])
    assert take(session, payload) == Ingested(created=1)
    before = {table.name: rows(session, mapped) for mapped, table in _tables()}
    session.expire_all()
    assert take(session, payload, payload) == Ingested(unchanged=2)
    assert {table.name: rows(session, mapped) for mapped, table in _tables()} == before


def _tables() -> list[tuple[type[Row], Any]]:
    from mailer.model import Scan, Shipment

    mapped: list[type[Row]] = [Order, OrderLine, Shipment, Scan, Event]
    return [(table, table.__table__) for table in mapped]


def test_a_newer_payload_overwrites_and_an_older_one_does_not(session: Session) -> None:
    new = an_order(updated_at="2026-11-04T09:00:00Z", email="new@example.com", line_items=[{"id": 10, "title": "Hat"}])
    old = an_order(updated_at="2026-11-03T09:00:00Z", email="old@example.com")
    assert take(session, new) == Ingested(created=1)
    assert take(session, old) == Ingested(unchanged=1)
    assert the_order(session).email == "new@example.com"
    assert [line.title for line in session.exec(select(OrderLine))] == ["Hat"]


def test_facts_name_the_source_that_told_them_last(session: Session) -> None:
    take(session, an_order())
    ingest(session, parse_payload(an_order(updated_at="2026-11-04T09:00:00Z")), source="csv", now=NOW)
    assert the_order(session).source == "csv"


def test_payloads_of_one_batch_are_taken_in_their_sequence(session: Session) -> None:
    first, second = an_order(total_price="59.00"), an_order(total_price="49.00")
    assert take(session, first, second) == Ingested(created=1, updated=1)
    assert the_order(session).total == "49.00"


def test_positions_are_those_that_the_shop_names_last(session: Session) -> None:
    lines = [{"id": 9, "title": "Linen shirt", "quantity": 2}, {"id": 10, "title": "Hat"}]
    take(session, an_order(line_items=lines))
    assert take(session, an_order(line_items=[{**lines[0], "quantity": 1}])) == Ingested(updated=1)
    assert [(line.external_id, line.quantity) for line in session.exec(select(OrderLine))] == [("9", 1)]
    take(session, an_order(line_items=[]))
    assert len(session.exec(select(OrderLine)).all()) == 1


def test_the_number_is_one_whatever_its_writing(session: Session) -> None:
    take(session, an_order(name="#R-77"))
    assert take(session, an_order(name="r-77")) == Ingested(updated=1)
    assert the_order(session).number_key == "r-77"


def test_two_storefronts_may_use_the_same_number(session: Session) -> None:
    take(session, an_order())
    assert take(session, an_order(), storefront="japan") == Ingested(created=1)


def test_tests_of_the_platform_are_counted_and_ignored(session: Session) -> None:
    assert take(session, an_order(test=True, cancelled_at="2026-11-02T10:00:00Z")) == Ingested(ignored=1)
    assert session.exec(select(Order)).all() == []


def test_placing_and_canceling_are_events_once(session: Session) -> None:
    canceled = an_order(cancelled_at="2026-11-03T10:00:00Z")
    for payload in (an_order(), canceled, canceled, an_order()):
        take(session, payload)
    events = session.exec(select(Event).order_by(col(Event.key))).all()
    assert [(event.key, event.subject_id) for event in events] == [
        ("order.canceled:main:1001", the_order(session).id),
        ("order.placed:main:1001", the_order(session).id),
    ]
    assert the_order(session).canceled_at == datetime(2026, 11, 3, 10, 0, tzinfo=UTC)


def test_a_payload_from_before_the_cancellation_does_not_undo_it(session: Session) -> None:
    take(session, an_order(cancelled_at="2026-11-03T10:00:00Z"))
    take(session, an_order())
    assert the_order(session).canceled_at is not None


@pytest.mark.parametrize("strange", ["\x00", "\ud800", "😀", "\u2028", "'; DROP TABLE shop_order; --"])
def test_strange_text_is_stored(session: Session, strange: str) -> None:
    payload = an_order(note=strange, customer={"first_name": f"A{strange}"})
    assert take(session, payload) == Ingested(created=1)
    session.expire_all()
    assert the_order(session).customer_name.startswith("A")
    assert take(session, payload) == Ingested(unchanged=1)


def test_of_many_who_tell_the_same_orders_at_once_each_is_right(db: Database) -> None:
    payloads = [
        an_order(name=f"#{number}", fulfillments=[a_parcel(a_scan(900, "delivered", "09T11:20"))])
        for number in range(1001, 1011)
    ]

    def tell(turn: int) -> Ingested:
        shuffled = payloads[turn:] + payloads[:turn]
        return db.run_here(ingest, parse_payload(shuffled), source="shopify", storefront="main", now=NOW)

    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(tell, range(6)))
    assert sum(each.created for each in done) == 10
    assert sum(each.created + each.unchanged for each in done) == 60
    found = db.read_here(kinds)
    assert {kind: found.count(kind) for kind in found} == {
        "order.placed": 10,
        "order.shipped": 10,
        "order.delivered": 10,
        "shipment.shipped": 10,
        "shipment.scanned": 10,
        "shipment.delivered": 10,
    }


def test_counts_add_up() -> None:
    assert Ingested(1, 2, 3, 4) + Ingested(created=1) == Ingested(2, 2, 3, 4)
