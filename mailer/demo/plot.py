"""What happens to the demo's buyers: orders, parcels, delays, refunds, each as the webhook that tells of it and when.

Days are counted back from the end of the story, so that the mails of each flow fall due within its last days.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

SHOP, PARCELS = "shop", "parcels"
_FIRST_NUMBER, _FIRST_ID = 2001, 7001


@dataclass(frozen=True)
class Buyer:
    """Somebody whose order goes through the flows. `plot` names what happens, `does` what they do about it."""

    name: str
    address: str
    language: str
    country: str
    plot: str
    does: str
    position: int

    @property
    def number(self) -> str:
        """The number of their order."""
        return f"#{_FIRST_NUMBER + self.position}"

    @property
    def tracking_number(self) -> str:
        """The number of its parcel."""
        return f"ST0146{self.position:06}"


@dataclass(frozen=True)
class Happening:
    """One webhook: of whose order, when it is sent, to which source, about what, and its body."""

    buyer: int
    at: datetime
    source: str
    topic: str
    key: str
    body: bytes


# Who they are, what happens, and what they do: rate, review or unsubscribe by the pages, complain by mail, and so on.
_CAST = (
    ("Mara Engel", "de", "DE", "arrives", "reviews"), ("Holly Reed", "en", "GB", "arrives", "nothing"),
    ("Jan Vogel", "de", "DE", "arrives", "complains"), ("Gina Rowe", "en", "US", "arrives", "complains"),
    ("Piet Kern", "de", "AT", "rated", "rates 5"), ("Lara Dean", "en", "IE", "rated", "rates 4"),
    ("高明", "zh", "CN", "rated", "rates 2"), ("Marie Colas", "fr", "FR", "rated", "rates 5"),
    ("Olivia Hart", "en", "GB", "rated", "unsubscribes"), ("Ralf Stein", "de", "DE", "rated", "unsubscribes"),
    ("Sven Otto", "de", "DE", "silent", "waits"), ("Amy Fox", "en", "GB", "slips", "waits"),
    ("Uwe Blum", "de", "AT", "slips", "cancels"), ("周玲", "zh", "SG", "slips", "nothing"),
    ("Tess Moran", "en", "IE", "returned", "returns"), ("Kai Lang", "de", "DE", "returned", "returns"),
    ("Nora Quinn", "en", "US", "refunded", "nothing"), ("Iris Feld", "de", "DE", "canceled", "nothing"),
    ("Elsa Roy", "fr", "FR", "two_parcels", "nothing"), ("Max Arndt", "de", "DE", "two_parcels", "reviews"),
)  # fmt: skip
_LOCALES = {"zh": "zh-CN"}
# A step of a plot: the day before the end, what is told, and what of it.
_PLOTS: dict[str, tuple[tuple[float, str, str], ...]] = {
    "arrives": ((-7.4, "order", ""), (-6.3, "parcel", ""), (-5.9, "scan", "in_transit"), (-4.6, "scan", "delivered")),
    "rated": ((-14, "order", ""), (-13, "parcel", ""), (-12.5, "scan", "in_transit"), (-11.6, "scan", "delivered")),
    "silent": ((-8, "order", ""), (-6.6, "parcel", ""), (-6.4, "scan", "in_transit"), (-1, "scan", "delivered")),
    "slips": ((-8, "order", ""), (-7, "parcel", ""), (-6.5, "track", "InTransit"), (-4.9, "track", "edd_revise")),
    "returned": ((-7.4, "order", ""), (-6.4, "parcel", ""), (-6.2, "scan", "in_transit"), (-5.3, "scan", "delivered")),
    "refunded": ((-8, "order", ""), (-6.8, "parcel", ""), (-6, "scan", "delivered"), (-4.4, "refund", "")),
    "canceled": ((-4, "order", ""), (-3.6, "canceled", "")),
    "two_parcels": (
        (-8, "order", ""), (-6.9, "parcel", ""), (-6.1, "second", ""), (-5.9, "scan", "delivered"),
        (-4.9, "second scan", "delivered"),
    ),
}  # fmt: skip


def buyers() -> list[Buyer]:
    """Everybody who buys while the demo runs."""
    return [
        Buyer(name, f"buyer{position}@customers.test", language, country, plot, does, position)
        for position, (name, language, country, plot, does) in enumerate(_CAST, start=1)
    ]


def happenings(people: list[Buyer], end: datetime) -> list[Happening]:
    """All webhooks of the story, the earliest first."""
    found = [_happening(one, end, *step) for one in people for step in _PLOTS[one.plot]]
    return sorted(found, key=lambda each: each.at)


def _happening(buyer: Buyer, end: datetime, day: float, what: str, word: str) -> Happening:
    at = end + timedelta(days=day, minutes=7 * buyer.position)
    source, topic, data = _told(buyer, at, end, what, word)
    key = f"{buyer.position}-{what}-{word}".replace(" ", "-")
    return Happening(buyer.position, at, source, topic, key, json.dumps({**data, **_named(source, key)}).encode())


def _named(source: str, key: str) -> dict[str, str]:
    return {"event_id": key} if source == PARCELS else {}


def _told(buyer: Buyer, at: datetime, end: datetime, what: str, word: str) -> tuple[str, str, dict[str, Any]]:
    placed = end + timedelta(days=_PLOTS[buyer.plot][0][0], minutes=7 * buyer.position)
    match what:
        case "order":
            return SHOP, "orders/create", _order(buyer, placed, at)
        case "canceled":
            return SHOP, "orders/cancelled", {**_order(buyer, placed, at), "cancelled_at": at.isoformat()}
        case "parcel" | "second":
            return SHOP, "fulfillments/create", _parcel(buyer, at, second=what == "second")
        case "scan" | "second scan":
            return SHOP, "fulfillment_events/create", _scan(buyer, at, word, second=what == "second scan")
        case "refund":
            return SHOP, "refunds/create", _refund(buyer, at)
        case _:
            return PARCELS, "", _tracking(buyer, at, end, word)


def _order(buyer: Buyer, placed: datetime, at: datetime) -> dict[str, Any]:
    given, _, family = buyer.name.partition(" ")
    line = {"id": 30 + buyer.position, "title": "Linen shirt", "variant_title": "M", "sku": "LS-M", "price": "59.00"}
    return {
        "id": _FIRST_ID + buyer.position,
        "name": buyer.number,
        "email": buyer.address,
        "customer_locale": _LOCALES.get(buyer.language, buyer.language),
        "currency": "EUR",
        "created_at": placed.isoformat(),
        "updated_at": at.isoformat(),
        "cancelled_at": None,
        "financial_status": "paid",
        "total_price": "59.00",
        # Germany and Austria ask for a consent before a survey.
        "buyer_accepts_marketing": buyer.position % 8 != 0,
        "customer": {"id": 500 + buyer.position, "first_name": given, "last_name": family},
        "shipping_address": {"name": buyer.name, "country_code": buyer.country},
        "line_items": [{**line, "quantity": 1}],
    }


def _parcel(buyer: Buyer, at: datetime, *, second: bool) -> dict[str, Any]:
    number = f"{buyer.tracking_number}B" if second else buyer.tracking_number
    return {
        "id": 40_000 + buyer.position + (500 if second else 0),
        "order_id": _FIRST_ID + buyer.position,
        "name": f"{buyer.number}.{2 if second else 1}",
        "status": "success",
        "created_at": at.isoformat(),
        "updated_at": at.isoformat(),
        "tracking_company": "DHL",
        "tracking_number": number,
        "tracking_url": f"https://track.example/{number}",
    }


def _scan(buyer: Buyer, at: datetime, word: str, *, second: bool) -> dict[str, Any]:
    return {
        "id": int(at.timestamp()) * 100 + buyer.position,
        "fulfillment_id": 40_000 + buyer.position + (500 if second else 0),
        "order_id": _FIRST_ID + buyer.position,
        "status": word,
        "happened_at": at.isoformat(),
        "city": "Leipzig",
    }


def _refund(buyer: Buyer, at: datetime) -> dict[str, Any]:
    paid = {"amount": "59.00", "currency": "EUR", "kind": "refund", "status": "success"}
    facts = {"id": 60 + buyer.position, "order_id": _FIRST_ID + buyer.position, "created_at": at.isoformat()}
    return {**facts, "transactions": [paid], "refund_line_items": [{"line_item_id": 30 + buyer.position}]}


def _tracking(buyer: Buyer, at: datetime, end: datetime, word: str) -> dict[str, Any]:
    promised = (end - timedelta(days=3)).date().isoformat()
    later = (end + timedelta(days=2)).date().isoformat()
    facts: dict[str, Any] = {
        "tracking_number": buyer.tracking_number,
        "slug": "dhl",
        "order_id": str(_FIRST_ID + buyer.position),
        "tag": "InTransit",
        "order_promised_delivery_date": promised,
        "checkpoints": [{"checkpoint_time": at.isoformat(), "tag": "InTransit", "subtag": "InTransit_007"}],
    }
    if word == "edd_revise":
        estimates = {
            "first_estimated_delivery": {"datetime": promised},
            "latest_estimated_delivery": {"datetime": later},
        }
        return {"event": "edd_revise", "ts": int(at.timestamp()), "msg": {**facts, **estimates}}
    return {"event": "tracking_update", "ts": int(at.timestamp()), "msg": facts}
