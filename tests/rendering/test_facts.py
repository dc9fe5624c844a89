"""The facts of an order, each with source and time; the fingerprint changes when a value does, and only then."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from mailer.model import Order, ParcelState, Shipment
from mailer.rendering.facts import Fact, Facts, differences, order_facts, state_of
from tests import build

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
SHIPPED = NOW - timedelta(days=4)


def values(session: Session, order: int) -> dict[str, object]:
    return {fact.path: fact.value for fact in order_facts(session, order).facts}


def test_an_order_and_its_parcels_are_told(session: Session) -> None:
    assert values(session, build.shop_order(session, NOW)) == {
        "order.number": "#1001",
        "order.state": "in_transit",
        "order.placed_on": "2026-11-16",
        "customer.first_name": "Anabel",
        "items.0.title": "Linen shirt (M)",
        "items.0.quantity": 2,
        "parcels.0.state": "in_transit",
        "parcels.0.carrier": "DHL",
        "parcels.0.number": "JD0146009999",
        "parcels.0.url": "https://track.example/JD0146009999",
        "parcels.0.expected_on": "2026-11-23",
        "parcels.0.state_on": "2026-11-18",
        "parcels.0.last_scan_at": "2026-11-18T19:00:00+00:00",
        "parcels.0.last_place": "Leipzig",
    }


def test_what_is_not_known_is_no_fact(session: Session) -> None:
    bare = build.payload(NOW, customer=None, shipping_address=None, line_items=[], fulfillments=[])
    found = values(session, build.shop_order(session, NOW, **bare))
    assert set(found) == {"order.number", "order.state", "order.placed_on"}
    assert order_facts(session, None) == Facts()
    assert order_facts(session, 999) == Facts()


def test_a_fact_says_where_it_is_from_and_when(session: Session) -> None:
    facts = {fact.path: fact for fact in order_facts(session, build.shop_order(session, NOW)).facts}
    assert (facts["parcels.0.state"].source, facts["parcels.0.state"].at) == ("DHL", SHIPPED + timedelta(hours=9))
    assert facts["order.state"].at == SHIPPED


@pytest.mark.parametrize(
    "change",
    [
        {"fulfillments": [build.parcel(SHIPPED, "carrier_picked_up", "in_transit", "delivered")]},
        {"cancelled_at": NOW.isoformat()},
        {"line_items": [{"id": "900", "title": "Linen shirt", "variant_title": "L", "quantity": 2}]},
        {"fulfillments": [{**build.parcel(SHIPPED), "estimated_delivery_at": (NOW + timedelta(days=9)).isoformat()}]},
    ],
)
def test_a_changed_value_changes_the_fingerprint_and_is_told(session: Session, change: dict[str, Any]) -> None:
    before = order_facts(session, build.shop_order(session, NOW))
    order = build.shop_order(session, NOW, updated_at=NOW.isoformat(), **change)
    session.flush()
    session.expire_all()
    after = order_facts(session, order)
    assert after.fingerprint != before.fingerprint
    assert differences(before.stored(), after)
    assert differences(after.stored(), after) == []


def test_the_same_order_told_again_later_has_the_same_fingerprint(session: Session) -> None:
    before = order_facts(session, build.shop_order(session, NOW)).fingerprint
    order = build.shop_order(session, NOW, updated_at=NOW.isoformat())
    session.flush()
    session.expire_all()
    assert order_facts(session, order).fingerprint == before


def test_a_difference_is_said_in_words() -> None:
    before = Facts((Fact("order.state", "in_transit", "shop", NOW), Fact("gone", 1, "shop", NOW))).stored()
    after = Facts((Fact("order.state", "delivered", "shop", NOW), Fact("new", 2, "shop", NOW)))
    assert differences(before, after) == [
        "order.state was in_transit, is delivered",
        "gone was 1, is unknown",
        "new was unknown, is 2",
    ]


@pytest.mark.parametrize(
    ("parcels", "canceled", "state"),
    [
        ([], False, "not_shipped"),
        ([ParcelState.LABEL], False, "not_shipped"),
        ([ParcelState.LABEL, ParcelState.LABEL], False, "not_shipped"),
        ([ParcelState.LABEL, ParcelState.IN_TRANSIT], False, "in_transit"),
        ([ParcelState.LABEL, ParcelState.DELIVERED], False, "in_transit"),
        ([ParcelState.DELIVERED, ParcelState.IN_TRANSIT], False, "in_transit"),
        ([ParcelState.DELIVERED, ParcelState.DELIVERED], False, "delivered"),
        ([ParcelState.LOST], False, "in_transit"),
        ([ParcelState.RETURNING], False, "in_transit"),
        ([ParcelState.DELIVERED], True, "canceled"),
        ([], True, "canceled"),
    ],
)
def test_one_word_for_an_order(session: Session, parcels: list[ParcelState], canceled: bool, state: str) -> None:
    build.shop_order(session, NOW)
    order = session.exec(select(Order)).one()
    order.canceled_at = NOW if canceled else None
    assert (
        state_of(order, [Shipment(order_id=1, external_id=str(n), state=one) for n, one in enumerate(parcels)]) == state
    )
