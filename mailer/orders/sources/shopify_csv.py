"""The orders export of Shopify's admin (PROVIDERS 2.9), tested against files written after its description.

One line for each item, the order's facts on its first line only, columns found by name. It names no parcel: a date
under `Fulfilled at` (in one variant `Fulfillment Date`) says that the order left, and no more.
"""

from collections.abc import Iterator, Sequence
from typing import Any, TextIO

from mailer.orders.source import UNTRACKED, BadOrder, OrderIn
from mailer.orders.table import Line, as_order, by_order, first, lines_of, newest_of

REQUIRED = ("name", "email", "created at", "lineitem name")
_ORDER = {
    "name": "name",
    "email": "email",
    "created_at": "created at",
    "currency": "currency",
    "total_price": "total",
    "financial_status": "financial status",
    "cancelled_at": "cancelled at",
    "id": "id",
}
_ITEM = {"title": "lineitem name", "sku": "lineitem sku", "quantity": "lineitem quantity"}
_FULFILLED = ("fulfilled at", "fulfillment date")
_OTHERS = ("paid at", "fulfillment status", "billing name", "billing country", "shipping name", "shipping country")
COLUMNS = tuple(dict.fromkeys((*REQUIRED, *_ORDER.values(), *_ITEM.values(), *_FULFILLED, *_OTHERS)))

_PLACES = {
    **_ORDER,
    **{f"line_items.{name}": column for name, column in _ITEM.items()},
    "fulfillments.created_at": "fulfilled at",
}


class ShopifyCsv:
    """Shopify's orders export."""

    name = "shopify-csv"

    def recognises(self, header: Sequence[str]) -> bool:
        return {"name", "lineitem name"} <= set(header)

    def read(self, file: TextIO) -> Iterator[OrderIn | BadOrder]:
        for group in by_order(lines_of(file, COLUMNS, REQUIRED), "name"):
            yield group if isinstance(group, BadOrder) else _order(group)


def _order(lines: list[Line]) -> OrderIn | BadOrder:
    items = [line for line in lines if line["lineitem name"]]
    payload = {
        **{name: _plain(first(lines, column)) for name, column in _ORDER.items()},
        "updated_at": newest_of(lines, ("created at", "paid at", "cancelled at", *_FULFILLED)),
        "shipping_address": {"name": first(lines, "shipping name"), "country_code": first(lines, "shipping country")},
        "billing_address": {"name": first(lines, "billing name"), "country_code": first(lines, "billing country")},
        "line_items": [_item(line) for line in items],
        "fulfillments": _parcels(lines),
    }
    return as_order(payload, lines, _PLACES, {"line_items": items})


def _item(line: Line) -> dict[str, Any]:
    return {name: _plain(line[column]) for name, column in _ITEM.items() if line[column]}


def _parcels(lines: list[Line]) -> list[dict[str, Any]]:
    shipped_at = next((at for column in _FULFILLED if (at := first(lines, column))), "")
    if not shipped_at and first(lines, "fulfillment status").lower() not in {"fulfilled", "partial"}:
        return []
    return [{"id": UNTRACKED, "status": "success", "created_at": shipped_at}]


def _plain(value: str) -> str:
    # Exports that went through a spreadsheet mark text with an apostrophe.
    return value.removeprefix("'")
