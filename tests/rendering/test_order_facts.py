"""What an order says at a moment: state, delay, refunds, returns; each with source and time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from mailer.model import Order, ParcelState, Shipment
from mailer.rendering.facts import Facts, Subject, differences, read_facts, state_of
from mailer.rendering.shop_facts import sync_shop_facts
from mailer.shop_config import Shop
from tests import build

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
SHIPPED = NOW - timedelta(days=4)
DAY = timedelta(days=1)
# Not of the order: what the shop says of itself, and what we promise.
OTHERS = ("formal", "shop", "shipping", "customs", "offers", "promise", "size_table")
SHOP = Shop.model_validate(
    {
        "name": "Linen & Co",
        "zone": "Europe/Berlin",
        "returns": {"*": {"days": 14}, "EU": {"days": 30}},
        "compensation": [
            {"after_days": 0, "offer": "nothing yet"},
            {"after_days": 3, "offer": {"en": "5 EUR", "de": "5 Euro"}},
            {"after_days": 10, "offer": "half of the price"},
        ],
    }
)


def facts(session: Session, order: int | None, now: datetime = NOW, language: str = "en") -> Facts:
    session.flush()
    session.expire_all()
    found = read_facts(session, Subject(order_id=order, language=language), now=now)
    return Facts(tuple(one for one in found.facts if one.path.split(".")[0] not in OTHERS), found.turns)


def values(session: Session, order: int | None, now: datetime = NOW, language: str = "en") -> dict[str, object]:
    return dict(facts(session, order, now, language).values())


def shop(session: Session) -> None:
    sync_shop_facts(session, SHOP, now=NOW)


def test_an_order_and_its_parcels_are_told(session: Session) -> None:
    assert values(session, build.shop_order(session, NOW)) == {
        "order.number": "#1001",
        "order.state": "in_transit",
        "order.placed_on": "2026-11-16",
        "order.total": "59.00",
        "order.currency": "EUR",
        "order.payment_state": "paid",
        "order.country": "PT",
        "order.shipped_on": "2026-11-18",
        "order.expected_on": "2026-11-23",
        "order.refund_state": "none",
        "customer.first_name": "Anabel",
        "items.0.title": "Linen shirt (M)",
        "items.0.quantity": 2,
        "parcels.0.state": "in_transit",
        "parcels.0.carrier": "DHL",
        "parcels.0.number": "JD0146009999",
        "parcels.0.url": "https://track.example/JD0146009999",
        "parcels.0.expected_on": "2026-11-23",
        "parcels.0.state_on": "2026-11-18",
        "parcels.0.shipped_on": "2026-11-18",
        "parcels.0.last_scan_at": "2026-11-18T19:00:00+00:00",
        "parcels.0.last_place": "Leipzig",
        "customer.full_name": "Anabel",
    }


def test_what_is_not_known_is_no_fact(session: Session) -> None:
    bare = {"customer": None, "shipping_address": None, "line_items": [], "fulfillments": [], "financial_status": ""}
    found = values(session, build.shop_order(session, NOW, **bare, total_price="", currency=""))
    assert set(found) == {"order.number", "order.state", "order.placed_on"}
    assert values(session, None) == values(session, 999) == {}


def test_a_fact_says_where_it_is_from_and_when(session: Session) -> None:
    found = {fact.path: fact for fact in facts(session, build.shop_order(session, NOW)).facts}
    assert (found["parcels.0.state"].source, found["parcels.0.state"].at) == ("DHL", SHIPPED + timedelta(hours=9))
    assert (found["order.state"].source, found["order.state"].at) == ("api", SHIPPED)


def test_days_are_those_of_the_shop(session: Session) -> None:
    shop(session)
    late_evening = datetime(2026, 11, 16, 23, 30, tzinfo=UTC)
    order = build.shop_order(session, NOW, created_at=late_evening.isoformat())
    assert values(session, order)["order.placed_on"] == "2026-11-17"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"fulfillments": [build.parcel(SHIPPED, "carrier_picked_up", "in_transit", "delivered")]}, "order.state"),
        ({"cancelled_at": NOW.isoformat()}, "order.canceled_on"),
        ({"line_items": [{"id": "900", "title": "Linen shirt", "variant_title": "L"}]}, "items.0.title"),
        (
            {"fulfillments": [{**build.parcel(SHIPPED), "estimated_delivery_at": (NOW + 9 * DAY).isoformat()}]},
            "order.expected_on",
        ),
        ({"financial_status": "refunded"}, "order.refund_state"),
    ],
)
def test_a_changed_value_changes_the_fingerprint_and_is_told(
    session: Session, change: dict[str, Any], path: str
) -> None:
    before = facts(session, build.shop_order(session, NOW))
    after = facts(session, build.shop_order(session, NOW, updated_at=NOW.isoformat(), **change))
    assert after.fingerprint != before.fingerprint
    assert any(words.startswith(f"{path} was ") for words in differences(before.stored(), after))


def test_the_same_order_told_again_later_has_the_same_fingerprint(session: Session) -> None:
    before = facts(session, build.shop_order(session, NOW)).fingerprint
    order = build.shop_order(session, NOW, updated_at=NOW.isoformat())
    assert facts(session, order).fingerprint == before


@pytest.mark.parametrize(
    ("person", "name", "known"),
    [
        ({"first_name": "Ana", "last_name": "da Silva"}, "", ("Ana", "da Silva", "Ana da Silva")),
        ({}, "Ana da Silva", ("Ana", "da Silva", "Ana da Silva")),
        ({}, "王小明", ("王小明", None, "王小明")),
        ({}, "", (None, None, None)),
    ],
)
def test_a_name_is_told_in_parts(
    session: Session, person: dict[str, str], name: str, known: tuple[str | None, ...]
) -> None:
    order = build.shop_order(session, NOW, customer=person, shipping_address={"name": name, "country_code": "PT"})
    found = values(session, order)
    assert tuple(found.get(f"customer.{part}_name") for part in ("first", "last", "full")) == known


EXPECTED = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("statuses", "now", "late", "offer"),
    [
        (("in_transit",), EXPECTED, None, None),
        (("in_transit",), datetime(2026, 11, 23, 22, 59, tzinfo=UTC), None, None),
        (("in_transit",), datetime(2026, 11, 23, 23, 0, tzinfo=UTC), True, "nothing yet"),
        (("in_transit",), EXPECTED + 2 * DAY, True, "nothing yet"),
        (("in_transit",), EXPECTED + 3 * DAY, True, "5 EUR"),
        (("in_transit",), EXPECTED + 9 * DAY, True, "5 EUR"),
        (("in_transit",), EXPECTED + 10 * DAY, True, "half of the price"),
        (("in_transit", "delayed"), EXPECTED - 2 * DAY, True, "nothing yet"),
        (("in_transit", "lost"), EXPECTED - 2 * DAY, True, "nothing yet"),
        (("in_transit", "delivered"), EXPECTED + 10 * DAY, None, None),
    ],
)
def test_late_is_what_the_carrier_missed_or_says(
    session: Session, statuses: tuple[str, ...], now: datetime, late: bool | None, offer: str | None
) -> None:
    shop(session)
    order = build.shop_order(session, NOW, fulfillments=[build.parcel(SHIPPED, *statuses)])
    found = values(session, order, now)
    assert (found.get("order.late"), found.get("compensation.offer")) == (late, offer)
    assert found.get("parcels.0.late") == late


def test_a_canceled_order_is_never_late(session: Session) -> None:
    order = build.shop_order(session, NOW, cancelled_at=NOW.isoformat())
    assert "order.late" not in values(session, order, EXPECTED + 5 * DAY)


def test_time_alone_changes_a_delay_and_its_tier(session: Session) -> None:
    shop(session)
    order = build.shop_order(session, NOW)
    midnight = datetime(2026, 11, 23, 23, 0, tzinfo=UTC)
    assert facts(session, order).relevant(["order.late"]).until == midnight
    assert facts(session, order).relevant(["compensation.offer"]).until == midnight
    assert facts(session, order, midnight).relevant(["order.late"]).until is None
    assert facts(session, order, midnight).relevant(["compensation.offer"]).until == midnight + 2 * DAY


@pytest.mark.parametrize(
    ("country", "now", "until", "is_open"),
    [
        ("PT", NOW, "2026-12-19", True),
        ("PT", datetime(2026, 12, 19, 22, 59, tzinfo=UTC), "2026-12-19", True),
        ("PT", datetime(2026, 12, 19, 23, 0, tzinfo=UTC), "2026-12-19", False),
        ("US", NOW, "2026-12-03", True),
        ("US", NOW + 30 * DAY, "2026-12-03", False),
    ],
)
def test_the_time_for_a_return_runs_from_the_delivery(
    session: Session, country: str, now: datetime, until: str, is_open: bool
) -> None:
    shop(session)
    told = {
        "shipping_address": {"name": "Ana", "country_code": country},
        "fulfillments": [build.parcel(SHIPPED, "in_transit", "in_transit", "in_transit", "in_transit", "delivered")],
    }
    found = values(session, build.shop_order(session, NOW, **told), now)
    assert found["order.delivered_on"] == "2026-11-19"
    assert (found["order.return_until"], found["order.return_open"]) == (until, is_open)


def test_without_delivery_or_rule_nothing_is_said_of_returns(session: Session) -> None:
    order = build.shop_order(session, NOW, fulfillments=[build.parcel(SHIPPED, "delivered")])
    assert "order.return_until" not in values(session, order)
    shop(session)
    assert "order.return_until" in values(session, order)
    other = build.shop_order(session, NOW, name="#1002")
    assert "order.return_open" not in values(session, other)


def refund(amount: object, day: str, **transaction: object) -> dict[str, Any]:
    paid = {"kind": "refund", "status": "success", "amount": amount, **transaction}
    return {"processed_at": f"2026-11-{day}T09:00:00Z", "transactions": [paid]}


@pytest.mark.parametrize(
    ("payment", "refunds", "known"),
    [
        ("paid", None, ("none", None, None)),
        ("pending", [], ("none", None, None)),
        ("refunded", None, ("full", "59.00", None)),
        ("refunded", [refund("59.00", "20")], ("full", "59.00", "2026-11-20")),
        ("partially_refunded", None, ("partial", None, None)),
        ("partially_refunded", [refund("10.00", "18"), refund("5.50", "20")], ("partial", "15.50", "2026-11-20")),
        ("partially_refunded", [refund("10", "18", status="failure")], ("partial", None, None)),
        ("partially_refunded", [refund("10", "18", kind="void")], ("partial", None, None)),
        ("", [refund("10.00", "18")], ("partial", "10.00", "2026-11-18")),
        ("", None, (None, None, None)),
        ("chargeback", None, (None, None, None)),
        ("refunded", "nonsense", ("full", "59.00", None)),
        ("partially_refunded", [{"transactions": [{"amount": "x"}], "created_at": None}], ("partial", None, None)),
    ],
)
def test_what_went_back(session: Session, payment: str, refunds: object, known: tuple[str | None, ...]) -> None:
    order = build.shop_order(session, NOW, financial_status=payment, refunds=refunds)
    found = values(session, order)
    assert tuple(found.get(f"order.{name}") for name in ("refund_state", "refunded", "refunded_on")) == known


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
    shipments = [Shipment(order_id=1, external_id=str(n), state=one) for n, one in enumerate(parcels)]
    assert state_of(order, shipments) == state
