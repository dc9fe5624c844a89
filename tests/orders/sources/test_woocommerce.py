"""WooCommerce's webhooks."""

from datetime import UTC, datetime
from typing import Any

import pytest

from mailer.orders.hook import Facts, GoneIn, Hooked
from mailer.orders.source import OrderIn
from mailer.orders.sources.woocommerce import WooCommerce
from mailer.sources_config import SourceConfig
from mailer.testing import HookSourceContract
from tests.orders.sources.hooked import SECRET, VECTOR, VECTOR_BODY, as_json, base64_hmac

CONFIG = SourceConfig(kind="woocommerce")
UPDATED = {"x-wc-webhook-topic": "order.updated", "x-wc-webhook-delivery-id": "same"}


def an_order(**changes: Any) -> dict[str, Any]:
    return {
        "id": 727,
        "number": "727",
        "status": "completed",
        "currency": "EUR",
        "date_created_gmt": "2026-11-02T08:00:00",
        "date_modified_gmt": "2026-11-05T10:00:00",
        "date_completed_gmt": "2026-11-05T10:00:00",
        "total": "29.35",
        "billing": {"first_name": "Ana", "email": "Ana@example.com", "country": "DE"},
        "refunds": [],
        "line_items": [{"id": 315, "name": "Shirt - M", "quantity": 1, "sku": "LS-M", "price": 29.35}],
        "meta_data": [{"key": "_tracking_number", "value": "JD014"}],
        **changes,
    }


def read(data: object, topic: str = "order.updated") -> Facts:
    return WooCommerce().read(Hooked("shop", {"x-wc-webhook-topic": topic}, as_json(data)), CONFIG)


def the_order(**changes: Any) -> OrderIn:
    (order,) = read(an_order(**changes)).facts
    assert isinstance(order, OrderIn)
    return order


class TestWooCommerce(HookSourceContract):
    source = WooCommerce()
    config = CONFIG
    examples = ((UPDATED, as_json(an_order())), (UPDATED, as_json(an_order(status="processing"))))
    ping = ({"content-type": "application/x-www-form-urlencoded"}, b"webhook_id=12")

    def sign(self, body: bytes, secret: str) -> dict[str, str]:
        return {"x-wc-webhook-signature": base64_hmac(body.strip(), secret)}


def test_the_signature_is_that_of_the_vector_and_of_the_trimmed_body() -> None:
    for body in (VECTOR_BODY, VECTOR_BODY + b"\n"):
        hooked = Hooked("shop", {"x-wc-webhook-signature": VECTOR}, body)
        assert WooCommerce().verify(hooked, [SECRET], datetime.now(UTC))


def test_the_shop_decodes_the_entities_of_its_secret_before_it_signs() -> None:
    hooked = Hooked("shop", {"x-wc-webhook-signature": base64_hmac(b"{}", 'a&b"')}, b"{}")
    assert WooCommerce().verify(hooked, ["a&amp;b&quot;"], datetime.now(UTC))
    assert WooCommerce().verify(hooked, ['a&b"'], datetime.now(UTC))


@pytest.mark.parametrize("body", [b"webhook_id=x", b"webhook_id=12&more=1", b"", b"{}", b"webhook_id=" + b"1" * 200])
def test_nothing_else_is_a_ping(body: bytes) -> None:
    assert not WooCommerce().is_ping(Hooked("shop", {}, body))


def test_dates_without_a_zone_are_utc() -> None:
    order = the_order()
    assert order.created_at == datetime(2026, 11, 2, 8, tzinfo=UTC)
    assert order.changed_at == datetime(2026, 11, 5, 10, tzinfo=UTC)


def test_a_completed_order_left_with_the_parcel_that_its_meta_names() -> None:
    (parcel,) = the_order().fulfillments
    assert (parcel.tracking_number, parcel.shipped) == ("JD014", True)
    (untracked,) = the_order(meta_data=[]).fulfillments
    assert (untracked.tracking_number, untracked.shipped) == ("", True)
    assert the_order(status="processing", meta_data=[]).fulfillments == ()


@pytest.mark.parametrize("wrapped", [False, True])
def test_the_tracking_extension_keeps_a_list_as_json_or_as_a_text_of_json(wrapped: bool) -> None:
    items = [
        {"tracking_provider": "DHL", "tracking_number": "A1", "date_shipped": "1793000000"},
        {"custom_tracking_provider": "Van", "tracking_number": "B2", "custom_tracking_link": "https://van.example/B2"},
    ]
    value = as_json(items).decode() if wrapped else items
    order = the_order(meta_data=[{"key": "_wc_shipment_tracking_items", "value": value}])
    assert [(one.tracking_company, one.tracking_number) for one in order.fulfillments] == [("DHL", "A1"), ("Van", "B2")]
    assert order.fulfillments[0].created_at == datetime.fromtimestamp(1793000000, UTC)


def test_a_key_of_the_shops_own_is_looked_at_when_config_names_it() -> None:
    config = SourceConfig(kind="woocommerce", tracking_meta_keys=("my_parcel",))
    body = as_json(an_order(meta_data=[{"key": "my_parcel", "value": "X9"}]))
    (order,) = WooCommerce().read(Hooked("shop", UPDATED, body), config).facts
    assert isinstance(order, OrderIn)
    assert [one.tracking_number for one in order.fulfillments] == ["X9"]


def test_a_deleted_order_is_just_its_id() -> None:
    assert read({"id": 727}, "order.deleted").facts == (GoneIn("727"),)


def test_refunds_keep_their_amount_without_its_sign() -> None:
    order = the_order(refunds=[{"id": 5, "reason": "late", "total": "-10.00"}])
    assert [(one.id, str(one.amount), one.note) for one in order.refunds] == [("5", "10.00", "late")]
    assert order.financial_status == "partially_refunded"
    assert the_order(status="refunded").financial_status == "refunded"


def test_a_canceled_order_is_canceled_when_it_was_changed() -> None:
    assert the_order(status="cancelled").cancelled_at == datetime(2026, 11, 5, 10, tzinfo=UTC)


@pytest.mark.parametrize("status", ["checkout-draft", "auto-draft", "draft"])
def test_what_is_no_order_yet_is_not_taken(status: str) -> None:
    assert read(an_order(status=status)).ignored


@pytest.mark.parametrize("topic", ["product.updated", ""])
def test_other_topics_are_ignored_with_the_reason(topic: str) -> None:
    assert read(an_order(), topic).ignored


def test_the_original_is_kept_beside_our_reading() -> None:
    assert the_order().raw["original"]["number"] == "727"
