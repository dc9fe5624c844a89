"""Shopify's webhooks (PROVIDERS 2.1), of API 2026-07 and, with headers without `X-`, of its Events preview.

Read in Shopify's own pages; the signature is tested against the vector of PROVIDERS 2.7.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from mailer.errors import InputError
from mailer.orders.hook import (
    Fact,
    Facts,
    Hooked,
    TrackingIn,
    json_object,
    parse_order,
    parse_parcel,
    parse_refund,
    part_of,
    payload_key,
    signed_base64,
    told_at,
    word_of,
)
from mailer.orders.source import OrderIn, parse_moment
from mailer.outbound.consent import ConsentTold
from mailer.sources_config import SourceConfig

_KEPT = ("topic", "webhook-id", "event-id", "triggered-at", "api-version", "shop-domain")
_PRIVACY = ("customers/data_request", "customers/redact", "shop/redact")
_PRIVACY_REASON = "a request of privacy law: an agent has to act on it within 30 days"


class Shopify:
    """Orders, parcels, scans, refunds and consents of a Shopify shop."""

    name = "shopify"
    kept = tuple(f"{prefix}shopify-{name}" for name in _KEPT for prefix in ("x-", ""))

    def verify(self, hooked: Hooked, secrets: Sequence[str], now: datetime) -> bool:
        """By the HMAC of the raw body; it holds no time, so what comes again is known by its id."""
        return signed_base64(_header(hooked, "hmac-sha256"), secrets, hooked.body)

    def is_ping(self, hooked: Hooked) -> bool:
        """Shopify has none."""
        return False

    def topic(self, hooked: Hooked) -> str:
        """As in `orders/create`."""
        return (_header(hooked, "topic") or hooked.about).strip().lower()

    def key(self, hooked: Hooked) -> str:
        """Topic and delivery: one action of the merchant fires several topics, and a retry keeps its id."""
        return payload_key(self.topic(hooked), _header(hooked, "webhook-id"), body=hooked.body)

    def read(self, hooked: Hooked, config: SourceConfig) -> Facts:
        """What it says. Raises InputError with every mistake."""
        topic = self.topic(hooked)
        if topic in _PRIVACY:
            return Facts(ignored=_PRIVACY_REASON, for_a_person=f"{topic}: {_PRIVACY_REASON}")
        reader = _reader_of(topic)
        if reader is None:
            return Facts(ignored=f'"{topic}" speaks of nothing that we keep' if topic else "it has no topic")
        return reader(json_object(hooked.body), hooked, config)


def _header(hooked: Hooked, name: str) -> str:
    return hooked.header(f"x-shopify-{name}", f"shopify-{name}")


def _reader_of(topic: str) -> Callable[[dict[str, Any], Hooked, SourceConfig], Facts] | None:
    room, _, verb = topic.partition("/")
    if room == "orders" and verb != "delete":
        return _order
    return {
        "fulfillments/create": _parcel,
        "fulfillments/update": _parcel,
        "fulfillment_events/create": _scan,
        "refunds/create": _refund,
        "customers_email_marketing_consent/update": _consent,
    }.get(topic)


def _order(data: dict[str, Any], hooked: Hooked, config: SourceConfig) -> Facts:
    order = parse_order(data)
    if order.test and not config.sandbox:
        return Facts(ignored="a test order of the platform; [sources] sandbox takes them")
    agreed = [_agreed(order, hooked)] if data.get("buyer_accepts_marketing") is True else []
    return Facts((order.model_copy(update={"test": False}), *agreed))


def _agreed(order: OrderIn, hooked: Hooked) -> Fact:
    wording = "accepted marketing at the checkout"
    key = f"{hooked.source}:order:{order.id or order.name}"
    at = order.created_at
    return ConsentTold(key, order.email, "marketing", True, "opt_in", hooked.source, at, wording, anew=False)


def _parcel(data: dict[str, Any], hooked: Hooked, config: SourceConfig) -> Facts:
    parcel = parse_parcel(data)
    # Its name is that of its order and a count: #1001.1
    number = word_of(data, "name").rpartition(".")[0]
    at = told_at(parcel, _triggered_at(hooked))
    return Facts((TrackingIn(parcel, at, order_id=word_of(data, "order_id"), order_number=number),))


def _scan(data: dict[str, Any], hooked: Hooked, config: SourceConfig) -> Facts:
    parcel = parse_parcel({"id": data.get("fulfillment_id"), "tracker": True, "events": [data]})
    return Facts((TrackingIn(parcel, told_at(parcel), order_id=word_of(data, "order_id")),))


def _refund(data: dict[str, Any], hooked: Hooked, config: SourceConfig) -> Facts:
    refund = parse_refund(data)
    if not refund.order_id:
        raise InputError("payload", ["order_id: missing"])
    return Facts((refund,))


def _consent(data: dict[str, Any], hooked: Hooked, config: SourceConfig) -> Facts:
    told = part_of(data, "email_marketing_consent")
    address, state = word_of(data, "email_address", "email"), word_of(told, "state").lower()
    if state not in ("subscribed", "unsubscribed", "redacted") or "@" not in address:
        return Facts(ignored=f'a consent that is "{state or "not said"}" is neither given nor taken back')
    at = parse_moment(told.get("consent_updated_at")) or _triggered_at(hooked)
    if at is None:
        raise InputError("payload", ["email_marketing_consent.consent_updated_at: missing"])
    double = "confirmed" in word_of(told, "opt_in_level").lower()
    given = "double_opt_in" if double else "opt_in"
    basis = given if state == "subscribed" else "withdrawn"
    key = f"{hooked.source}:consent:{word_of(data, 'customer_id') or address.lower()}:{at.isoformat()}"
    granted = state == "subscribed"
    return Facts((ConsentTold(key, address, "marketing", granted, basis, hooked.source, at, "told by the platform"),))


def _triggered_at(hooked: Hooked) -> datetime | None:
    try:
        return parse_moment(_header(hooked, "triggered-at"))
    except ValueError:
        return None
