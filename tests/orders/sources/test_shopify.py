"""Shopify's webhooks."""

from datetime import UTC, datetime
from typing import Any

import pytest

from mailer.orders.hook import Facts, Hooked, TrackingIn
from mailer.orders.source import OrderIn, RefundIn
from mailer.orders.sources.shopify import Shopify
from mailer.outbound.consent import ConsentTold
from mailer.sources_config import SourceConfig
from mailer.testing import HookSourceContract
from tests.orders.payloads import an_order
from tests.orders.sources.hooked import SECRET, VECTOR, VECTOR_BODY, as_json, base64_hmac

CONFIG = SourceConfig(kind="shopify")
PARCEL = {
    "id": 88,
    "order_id": 5001,
    "name": "#1001.1",
    "status": "success",
    "tracking_company": "DHL",
    "tracking_number": "JD014",
    "shipment_status": None,
    "created_at": "2026-11-05T10:00:00Z",
}
SCAN = {"id": 900, "fulfillment_id": 88, "order_id": 5001, "status": "delivered", "happened_at": "2026-11-09T11:20:00Z"}
REFUND = {
    "id": 41,
    "order_id": 5001,
    "note": "too small",
    "created_at": "2026-11-12T10:00:00Z",
    "refund_line_items": [{"line_item_id": 9, "quantity": 1}],
    "transactions": [{"amount": "59.00", "currency": "EUR", "kind": "refund"}],
}


def read(topic: str, data: object, **headers: str) -> Facts:
    return Shopify().read(Hooked("shop", {"x-shopify-topic": topic, **headers}, as_json(data)), CONFIG)


def headers(topic: str, number: str = "w1") -> dict[str, str]:
    return {"x-shopify-topic": topic, "x-shopify-webhook-id": number}


class TestShopify(HookSourceContract):
    source = Shopify()
    config = CONFIG
    examples = (
        (headers("orders/create"), as_json(an_order())),
        (headers("orders/updated"), as_json(an_order())),
        (headers("fulfillments/create"), as_json(PARCEL)),
        (headers("fulfillment_events/create"), as_json(SCAN)),
        (headers("refunds/create"), as_json(REFUND)),
    )
    unknown_word = (headers("fulfillment_events/create"), as_json({**SCAN, "status": "teleported"}), "teleported")
    test_example = (headers("orders/create"), as_json(an_order(test=True, cancelled_at="2026-11-02T10:00:00Z")))

    def sign(self, body: bytes, secret: str) -> dict[str, str]:
        return {"x-shopify-hmac-sha256": base64_hmac(body, secret)}


@pytest.mark.parametrize("name", ["x-shopify-hmac-sha256", "shopify-hmac-sha256"])
def test_the_signature_is_that_of_the_vector_under_both_spellings(name: str) -> None:
    assert Shopify().verify(Hooked("shop", {name: VECTOR}, VECTOR_BODY), [SECRET], datetime.now(UTC))


def test_the_key_is_topic_and_delivery_so_one_action_under_two_topics_is_two() -> None:
    one, other = (Hooked("shop", headers(topic), b"{}") for topic in ("orders/create", "orders/updated"))
    assert Shopify().key(one) == "orders/create:w1"
    assert Shopify().key(one) != Shopify().key(other)
    unspelled = Hooked("shop", {"shopify-topic": "orders/create", "shopify-webhook-id": "w1"}, b"{}")
    assert Shopify().key(unspelled) == Shopify().key(one)


def test_a_delivery_without_an_id_is_known_by_its_body() -> None:
    one, other = (Hooked("shop", {"x-shopify-topic": "orders/create"}, body) for body in (b"{}", b"{ }"))
    assert Shopify().key(one) != Shopify().key(other)


def test_a_parcel_knows_its_order_by_id_and_by_name() -> None:
    (told,) = read("fulfillments/create", PARCEL).facts
    assert isinstance(told, TrackingIn)
    assert (told.order_id, told.order_number, told.waits_for) == ("5001", "#1001", "5001")
    assert (told.parcel.id, told.parcel.tracking_number, told.parcel.shipped) == ("88", "JD014", True)


def test_a_scan_speaks_for_the_carrier_only() -> None:
    (told,) = read("fulfillment_events/create", SCAN).facts
    assert isinstance(told, TrackingIn)
    assert (told.parcel.id, told.parcel.tracker, told.parcel.shipped) == ("88", True, False)
    assert [scan.key for scan in told.parcel.events] == ["900"]


def test_a_refund_is_added_up_from_what_was_paid() -> None:
    failed = {"amount": "5.00", "kind": "refund", "status": "failure"}
    other = {"amount": "1.50", "kind": "refund", "status": "success"}
    (told,) = read("refunds/create", {**REFUND, "transactions": [*REFUND["transactions"], failed, other]}).facts  # type: ignore[misc]
    assert isinstance(told, RefundIn)
    assert (str(told.amount), told.in_currency, told.lines, told.order_id) == ("60.50", "EUR", ["9"], "5001")


def test_ids_beyond_what_a_float_can_hold_stay_whole() -> None:
    (order,) = read("orders/create", an_order(id=820982911946154508)).facts
    assert isinstance(order, OrderIn)
    assert order.id == "820982911946154508"


def test_who_accepts_marketing_at_the_checkout_agrees() -> None:
    _, consent = read("orders/create", an_order(buyer_accepts_marketing=True)).facts
    assert isinstance(consent, ConsentTold)
    assert (consent.address, consent.stream, consent.granted, consent.basis) == (
        "ana@example.com",
        "marketing",
        True,
        "opt_in",
    )


@pytest.mark.parametrize(
    ("told", "basis"),
    [
        ({"state": "subscribed", "opt_in_level": "single_opt_in"}, "opt_in"),
        ({"state": "subscribed", "opt_in_level": "confirmed_opt_in"}, "double_opt_in"),
        ({"state": "unsubscribed"}, "withdrawn"),
        ({"state": "pending"}, None),
        ({}, None),
    ],
)
def test_a_consent_is_given_taken_back_or_neither(told: dict[str, Any], basis: str | None) -> None:
    at = {"consent_updated_at": "2026-11-10T10:00:00Z"}
    data = {"customer_id": 71, "email_address": "ana@example.com", "email_marketing_consent": {**told, **at}}
    facts = read("customers_email_marketing_consent/update", data)
    found = [fact.basis for fact in facts.facts if isinstance(fact, ConsentTold)]
    assert found == ([basis] if basis else [])
    assert bool(facts.ignored) == (basis is None)


@pytest.mark.parametrize("topic", ["customers/data_request", "customers/redact", "shop/redact"])
def test_requests_of_privacy_law_are_shown_to_an_agent(topic: str) -> None:
    assert "agent" in read(topic, {}).ignored


@pytest.mark.parametrize("topic", ["themes/publish", "", "returns/request"])
def test_other_topics_are_ignored_with_the_reason(topic: str) -> None:
    assert read(topic, {}).ignored
