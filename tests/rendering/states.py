"""What is known of a shop and an order in each state in which a customer may write."""

from collections.abc import Iterator, Mapping

from mailer.model import ParcelState
from mailer.rendering.catalog import Catalog, Template
from mailer.rendering.context import flatten
from mailer.rendering.known import SAMPLES
from mailer.rendering.page import Page

Facts = dict[str, object]

_OF_AN_ORDER = ("order.", "customer.", "items.", "parcels.", "compensation.", "notice.")
# Replies do not read these; mails of flows do.
_OF_FLOWS = ("shipment.", "delay.", "return.", "refund.", "coupon.", "links.")
_NOTICE = {path: value for path, value in SAMPLES.items() if path.startswith("notice.")}
_ALWAYS_KNOWN = ("number", "placed_on", "total", "currency", "payment_state", "country")
_PARCEL = {path: value for path, value in SAMPLES.items() if path.startswith("parcels.") and not path.endswith(".late")}
# Samples in a template's own language stand for those of known.py.
_WORDED = ("product.", "asked.", "items.", "offers.", "compensation.", "shipping.methods.")


def no_order() -> Facts:
    """The shop, a product, and what the mail itself says."""
    return {
        path: value
        for path, value in SAMPLES.items()
        if not path.startswith((*_OF_AN_ORDER, *_OF_FLOWS)) and path not in ("asked.unknown_number", "formal")
    }


def order(state: str, **more: object) -> Facts:
    """An order of which everything is known that can be known in this state; `more` are facts below `order.`."""
    known = {f"order.{name}": SAMPLES[f"order.{name}"] for name in _ALWAYS_KNOWN}
    people = {path: value for path, value in SAMPLES.items() if path.startswith(("customer.", "items."))}
    told = {f"order.{name}": value for name, value in more.items()}
    return {**no_order(), **known, **people, "order.state": state, "order.refund_state": "none", **told}


def parcel(state: ParcelState | str, **more: object) -> Facts:
    """The first parcel of an order, in this state."""
    return {**_PARCEL, "parcels.0.state": str(state), **{f"parcels.0.{name}": value for name, value in more.items()}}


# Parcels of which read_facts says so, whatever day was expected.
_LATE = (ParcelState.DELAYED, ParcelState.LOST)
_ARRIVED: Facts = {
    **order("delivered", shipped_on="2026-11-18", delivered_on="2026-11-20", return_until="2026-12-20"),
    **parcel(ParcelState.DELIVERED),
    "order.return_open": True,
}
_MOVING: Facts = {
    **order("in_transit", shipped_on="2026-11-18", expected_on="2026-11-27"),
    **parcel(ParcelState.IN_TRANSIT),
}
_BACK: Facts = {"order.refunded": "59.00", "order.refunded_on": "2026-11-10"}

STATES: dict[str, Facts] = {
    "none": no_order(),
    "not_shipped": order("not_shipped"),
    "in_transit": _MOVING,
    "late": {
        **_MOVING,
        "order.late": True,
        "parcels.0.late": True,
        "compensation.offer": SAMPLES["compensation.offer"],
        "compensation.after_days": 7,
    },
    "delivered": _ARRIVED,
    "window_over": {
        **_ARRIVED,
        "order.return_open": False,
        "order.refund_state": "partial",
        **_BACK,
        "order.refunded": "20.00",
    },
    "canceled": {**order("canceled", canceled_on="2026-11-05"), "order.refund_state": "full", **_BACK},
}


def states(catalog: Catalog, template: Template) -> Iterator[tuple[str, Facts]]:
    """Name and facts of every case in which this template may read differently."""
    page = Page(catalog, template, [template.locale], {}, "main")
    worded = {
        path: value for path, value in page.sampled().items() if path.startswith(_WORDED) and isinstance(value, str)
    }
    named = {path: value for path, value in worded.items() if path in SAMPLES}
    for name, facts in [*STATES.items(), *_otherwise(page)]:
        yield name, {**facts, **{path: value for path, value in named.items() if path in facts}}


def _otherwise(page: Page) -> Iterator[tuple[str, Facts]]:
    """Where something else than the order's state decides."""
    yield "informal", {**_ARRIVED, "formal": False}
    yield "informal_on_its_way", {**_MOVING, "formal": False}
    yield "low_value", {**_ARRIVED, "order.total": "5.00"}
    yield "we_pay_nothing", {**_ARRIVED, "shop.return_paid_by": "customer"}
    yield "no_photo", {**_ARRIVED, "asked.has_photo": False}
    yield "little_asked", {path: value for path, value in _ARRIVED.items() if not path.startswith("asked.")}
    yield "unknown_product", without(_ARRIVED, "product.")
    yield "nothing_said", without(without(_ARRIVED, "product."), "asked.")
    yield "sold_out", {**_ARRIVED, "product.stock": 0}
    yield "sold_out_without_date", without({**_ARRIVED, "product.stock": 0}, "product.restock_on")
    yield "no_offers", without(_ARRIVED, "offers.")
    yield "no_offers_not_shipped", without(STATES["not_shipped"], "offers.")
    yield "other_rule", {**_ARRIVED, "shop.combined_shipping": "each", "customs.paid_by": "shop"}
    yield "no_country", without(without(_ARRIVED, "shipping.country"), "asked.country")
    yield "not_paid", {**_ARRIVED, "order.payment_state": "pending"}
    yield "unknown_number", {**_MOVING, "asked.unknown_number": "#9999"}
    if "notice.sent_on" in page.declared:
        yield "told_of_it", {**STATES["late"], **_NOTICE}
        yield "told_without_a_day", {**STATES["not_shipped"], **_NOTICE, "notice.expected_on": None}
    if "parcels.*.state" in page.declared and "order.late" in page.declared:
        for state in ParcelState:
            if state not in (ParcelState.DELIVERED, ParcelState.IN_TRANSIT, ParcelState.LABEL):
                late = {"order.late": True, "parcels.0.late": True} if state in _LATE else {}
                yield f"parcel_{state}", {**_MOVING, **parcel(state), **late}
        second = {path.replace(".0.", ".1."): value for path, value in parcel(ParcelState.LABEL).items()}
        yield "one_of_two_delivered", {**_MOVING, **parcel(ParcelState.DELIVERED), **second}
    for state in ("not_shipped", "in_transit", "delivered", "canceled"):
        yield f"little_known_{state}", {**needed(page), **({"order.state": state} if _asks_state(page) else {})}


def needed(page: Page) -> Facts:
    """Only what the template and its blocks need."""
    return {path: SAMPLES[path] for part in page.parts for path in flatten(part.needs) if path in SAMPLES}


def without(facts: Mapping[str, object], start: str) -> Facts:
    """The facts less those below this path."""
    return {path: value for path, value in facts.items() if not path.startswith(start)}


def _asks_state(page: Page) -> bool:
    return "order.state" in page.declared
