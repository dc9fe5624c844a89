"""WooCommerce's webhooks (PROVIDERS 2.2), read in its REST documentation and class-wc-webhook.php."""

import html
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from mailer.errors import InputError
from mailer.orders.hook import (
    Facts,
    GoneIn,
    Hooked,
    body_hash,
    json_object,
    list_of,
    parse_order,
    part_of,
    payload_key,
    signed_base64,
    word_of,
)
from mailer.sources_config import SourceConfig

_PAID = {"processing": "paid", "completed": "paid", "refunded": "refunded", "pending": "pending", "on-hold": "pending"}
_CANCELED = ("cancelled", "failed", "trash")
# No order of a customer yet: a cart on its way to being one.
_DRAFTS = ("checkout-draft", "auto-draft", "draft")


class WooCommerce:
    """Orders of a WooCommerce shop, with the parcel numbers that its extensions keep in the order."""

    name = "woocommerce"
    kept = tuple(f"x-wc-webhook-{name}" for name in ("topic", "resource", "event", "source", "id", "delivery-id"))

    def verify(self, hooked: Hooked, secrets: Sequence[str], now: datetime) -> bool:
        """By the HMAC of the trimmed body; the shop decodes the entities of its secret first."""
        keys = [key for secret in secrets for key in dict.fromkeys((html.unescape(secret), secret))]
        return signed_base64(hooked.header("x-wc-webhook-signature"), keys, hooked.body.strip())

    def is_ping(self, hooked: Hooked) -> bool:
        """The form that comes, unsigned, when the webhook is made; it must be answered with 200."""
        if hooked.header("x-wc-webhook-signature") or len(hooked.body) > 100:
            return False
        form = parse_qs(hooked.body.decode("ascii", "replace"))
        return form.keys() == {"webhook_id"} and form["webhook_id"][0].isdigit()

    def topic(self, hooked: Hooked) -> str:
        """As in `order.updated`."""
        return (hooked.header("x-wc-webhook-topic") or hooked.about).strip().lower()

    def key(self, hooked: Hooked) -> str:
        """Topic and body: the shop's own id of a delivery is not unique."""
        return payload_key(self.topic(hooked), body_hash(hooked.body.strip()), body=hooked.body)

    def read(self, hooked: Hooked, config: SourceConfig) -> Facts:
        """What it says. Raises InputError with every mistake."""
        topic = self.topic(hooked)
        if not topic.startswith(("order.", "action.")):
            return Facts(ignored=f'"{topic}" speaks of nothing that we keep' if topic else "it has no topic")
        data = json_object(hooked.body)
        order_id = word_of(data, "id")
        if topic == "order.deleted" or data.keys() == {"id"}:
            return Facts((GoneIn(order_id),)) if order_id else Facts(ignored="it names no order")
        if word_of(data, "status") in _DRAFTS:
            return Facts(ignored="an order that is not placed yet")
        if not data.get("billing") and topic.startswith("action."):
            return Facts(ignored="no order is in it")
        return Facts((parse_order(as_order(data, config.tracking_meta_keys)),))


def as_order(data: dict[str, Any], meta_keys: Sequence[str]) -> dict[str, Any]:
    """An order of WooCommerce (webhook or REST) in the words of `OrderIn`, the original in `original`."""
    billing, shipping, status = part_of(data, "billing"), part_of(data, "shipping"), word_of(data, "status")
    changed = _utc(data, "date_modified") or _utc(data, "date_created")
    return {
        "id": word_of(data, "id"),
        "name": word_of(data, "number", "id"),
        "email": word_of(billing, "email"),
        "customer_locale": word_of(data, "customer_locale") or _meta(data, "wpml_language"),
        "currency": word_of(data, "currency"),
        "total_price": word_of(data, "total"),
        "financial_status": _payment(data, status),
        "fulfillment_status": "fulfilled" if status == "completed" else None,
        "created_at": _utc(data, "date_created"),
        "updated_at": changed,
        "cancelled_at": changed if status in _CANCELED else None,
        "customer": _person(billing),
        "billing_address": _person(billing),
        "shipping_address": _person(shipping),
        "line_items": [_line(line) for line in list_of(data, "line_items")],
        "fulfillments": _parcels(data, status, meta_keys),
        "refunds": [_refund(one, data, changed) for one in list_of(data, "refunds")],
        "original": data,
    }


def _utc(data: dict[str, Any], name: str) -> str:
    """A moment; those in UTC have no zone written to them."""
    told = word_of(data, f"{name}_gmt")
    return told if not told or told.endswith("Z") or "+" in told else f"{told}Z"


def _payment(data: dict[str, Any], status: str) -> str:
    if status != "refunded" and list_of(data, "refunds"):
        return "partially_refunded"
    return _PAID.get(status) or ("paid" if data.get("date_paid_gmt") else "")


def _person(data: dict[str, Any]) -> dict[str, str]:
    names = {name: word_of(data, name) for name in ("first_name", "last_name")}
    return {**names, "country_code": word_of(data, "country"), "province_code": word_of(data, "state")}


def _line(line: dict[str, Any]) -> dict[str, Any]:
    facts = {name: line.get(name) for name in ("id", "sku", "quantity", "price", "image", "product_id", "variation_id")}
    return {**facts, "title": word_of(line, "parent_name", "name"), "name": word_of(line, "name")}


def _refund(refund: dict[str, Any], order: dict[str, Any], changed: str) -> dict[str, Any]:
    # Refunds of an order have no time of their own here: it was changed when the money went.
    amount = word_of(refund, "total").lstrip("-")
    paid = [{"kind": "refund", "status": "success", "amount": amount, "currency": word_of(order, "currency")}]
    facts = {"id": word_of(refund, "id"), "note": word_of(refund, "reason"), "transactions": paid}
    return {**facts, "created_at": _utc(refund, "date_created") or changed}


def _parcels(data: dict[str, Any], status: str, meta_keys: Sequence[str]) -> list[dict[str, Any]]:
    parcels = list(_tracked(data, meta_keys))
    done = _utc(data, "date_completed")
    if status != "completed" or parcels:
        return parcels
    return [{"status": "success", "created_at": done or None}]


def _tracked(data: dict[str, Any], meta_keys: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The parcels of the Shipment Tracking extension, a list, or of a plain key with a number in it."""
    numbers = set()
    for entry in list_of(data, "meta_data"):
        if entry.get("key") not in meta_keys:
            continue
        for parcel in _items(entry.get("value")):
            number = word_of(parcel, "tracking_number")
            if number and number not in numbers:
                numbers.add(number)
                yield _parcel(parcel, number, data)


def _items(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, str) and value.startswith(("[", "{")):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise InputError("payload", [f"meta_data: not valid JSON: {error}"]) from None
    if isinstance(value, dict):
        value = [value] if "tracking_number" in value else list(value.values())
    if isinstance(value, list):
        return [one for one in value if isinstance(one, dict)]
    return [{"tracking_number": value}] if isinstance(value, str | int) else []


def _parcel(parcel: dict[str, Any], number: str, order: dict[str, Any]) -> dict[str, Any]:
    plain_carrier = _meta(order, "_tracking_provider")
    shipped = word_of(parcel, "date_shipped") or _meta(order, "_date_shipped")
    return {
        "tracking_number": number,
        "tracking_company": word_of(parcel, "tracking_provider", "custom_tracking_provider") or plain_carrier,
        "tracking_url": word_of(parcel, "custom_tracking_link", "tracking_link"),
        "status": "success",
        "created_at": _shipped_at(shipped) or _utc(order, "date_completed") or _utc(order, "date_modified") or None,
    }


def _shipped_at(told: str) -> str:
    """The extension keeps seconds since 1970, or a day."""
    if told.isdigit() and len(told) >= 9:
        return datetime.fromtimestamp(int(told[:10]), UTC).isoformat()
    return f"{told[:10]}T12:00:00Z" if len(told) >= 10 and told[4] == "-" else ""


def _meta(data: dict[str, Any], key: str) -> str:
    found = (word_of(entry, "value") for entry in list_of(data, "meta_data") if entry.get("key") == key)
    return next(found, "")
