"""Orders in Mailer's own columns, for shops whose platform has no form of its own here.

One line for each item. order_number stands on every line; the other facts of the order stand on its first line, and
may be repeated. Times need a zone, as in 2026-11-02T09:00:00+01:00.

order_number, email, placed_at      needed
customer_name, language, country    who ordered; language as in de or pt-BR, country as two letters
currency, total, payment_state      as the shop says them
canceled_at                         when the whole order was canceled
item_title, item_variant, item_sku, quantity      the item of this line
tracking_number, carrier, tracking_url            the parcel of this line
shipped_at                          when it left; without tracking_number, that it left is all we know
parcel_state, parcel_state_at       what the carrier said last (a word of ours or of Shopify), and when
expected_on                         the day on which it should arrive, as in 2026-11-27
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, TextIO

from mailer.orders.source import UNTRACKED, BadOrder, OrderIn
from mailer.orders.table import Line, as_order, by_order, first, lines_of, newest_of

REQUIRED = ("order_number", "email", "placed_at")
COLUMNS = (
    *REQUIRED,
    *("customer_name", "language", "country", "currency", "total", "payment_state", "canceled_at"),
    *("item_title", "item_variant", "item_sku", "quantity"),
    *("tracking_number", "carrier", "tracking_url", "shipped_at", "parcel_state", "parcel_state_at", "expected_on"),
)

# Where each column stands in the payload that an order is parsed from.
_ORDER = {
    "name": "order_number",
    "email": "email",
    "created_at": "placed_at",
    "customer_locale": "language",
    "currency": "currency",
    "total_price": "total",
    "financial_status": "payment_state",
    "cancelled_at": "canceled_at",
}
_ITEM = {"title": "item_title", "variant_title": "item_variant", "sku": "item_sku", "quantity": "quantity"}
_PARCEL = {
    "tracking_number": "tracking_number",
    "tracking_company": "carrier",
    "tracking_url": "tracking_url",
    "created_at": "shipped_at",
}
_PLACES = {
    **_ORDER,
    **{f"line_items.{name}": column for name, column in _ITEM.items()},
    **{f"fulfillments.{name}": column for name, column in _PARCEL.items()},
    "fulfillments.events.happened_at": "parcel_state_at",
}


class OwnCsv:
    """Mailer's own columns."""

    name = "csv"

    def recognises(self, header: Sequence[str]) -> bool:
        return "order_number" in header

    def read(self, file: TextIO) -> Iterator[OrderIn | BadOrder]:
        for group in by_order(lines_of(file, COLUMNS, REQUIRED), "order_number"):
            yield group if isinstance(group, BadOrder) else _order(group)


def _order(lines: list[Line]) -> OrderIn | BadOrder:
    problems = [*_other_addresses(lines), *_no_countries(lines), *_no_days(lines)]
    if problems:
        return BadOrder(lines[0]["order_number"], tuple(problems))
    items = [line for line in lines if line["item_title"] or line["item_sku"]]
    parcels = _parcels(lines)
    payload = {
        **_named(lines, _ORDER),
        "updated_at": newest_of(lines, ("placed_at", "canceled_at", "shipped_at", "parcel_state_at")),
        "customer": {"name": first(lines, "customer_name")},
        "shipping_address": {"country_code": first(lines, "country")},
        "line_items": [_named([line], _ITEM) for line in items],
        "fulfillments": [_parcel(of_one) for of_one in parcels],
    }
    places = {"line_items": items, "fulfillments": [of_one[0] for of_one in parcels]}
    return as_order(payload, lines, _PLACES, places)


def _other_addresses(lines: list[Line]) -> list[str]:
    """An order has one address, whatever a spreadsheet did to its lines: facts must not go to another."""
    email = first(lines, "email").lower()
    others = (line for line in lines if line["email"] and line["email"].lower() != email)
    return [f"line {line.number}: email: another than on the order's first line" for line in others]


def _no_countries(lines: list[Line]) -> list[str]:
    """A country that is no code would be lost without a word."""
    said = [(line, line["country"]) for line in lines if line["country"]]
    wrong = [(line, code) for line, code in said if len(code) != 2 or not code.isalpha()]
    return [f'line {line.number}: country: "{code}" is not two letters as in DE' for line, code in wrong]


def _no_days(lines: list[Line]) -> list[str]:
    said = [(line, line["expected_on"]) for line in lines if line["expected_on"]]
    wrong = [(line, text) for line, text in said if not _is_day(text)]
    return [
        f'line {line.number}: expected_on: "{text}" is not a day; write it as in 2026-11-27' for line, text in wrong
    ]


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _named(lines: list[Line], names: dict[str, str]) -> dict[str, Any]:
    return {name: value for name, column in names.items() if (value := first(lines, column))}


def _parcels(lines: list[Line]) -> list[list[Line]]:
    """The lines of each parcel together."""
    parcels: dict[str, list[Line]] = {}
    for line in lines:
        if any(line[column] for column in ("tracking_number", "shipped_at", "parcel_state", "expected_on")):
            parcels.setdefault(line["tracking_number"], []).append(line)
    return list(parcels.values())


def _parcel(lines: list[Line]) -> dict[str, Any]:
    number, day = first(lines, "tracking_number"), first(lines, "expected_on")
    parcel: dict[str, Any] = {
        **_named(lines, _PARCEL),
        "id": number or UNTRACKED,
        "status": "success" if first(lines, "shipped_at") else "open",
        "events": [_scan(line) for line in lines if line["parcel_state"]],
    }
    return {**parcel, "estimated_delivery_at": f"{day}T12:00:00Z"} if day else parcel


def _scan(line: Line) -> dict[str, Any]:
    return {"status": line["parcel_state"], "happened_at": line["parcel_state_at"] or line["shipped_at"]}
