"""The made-up shop: its orders in every state and several countries, its products, and its files in a folder."""

import csv
import io
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

from mailer.demo.people import FIRST_NUMBER, Customer
from mailer.signing import write_key_file

CARE = "care@shop.test"
AUTHSERV_ID = "mail.shop.test"

# How many days ago an order of this state was placed; 6 where nothing is said.
_AGE = {"paid": 1, "label_printed": 2, "delivered_long_ago": 120, "delayed": 14, "overdue": 20, "refunded": 25,
        "partly_refunded": 25, "delivered": 9, "customs": 9}  # fmt: skip
_PAYMENT = {"canceled": "refunded", "refunded": "refunded", "partly_refunded": "partially_refunded"}
_BACK = {"canceled": "59.00", "refunded": "59.00", "partly_refunded": "20.00"}
# What the carrier said last, where the state is no word of a carrier.
_LAST_SCAN = {
    "overdue": "in_transit", "delivered_long_ago": "delivered", "refunded": "delivered", "partly_refunded": "delivered",
}  # fmt: skip
_LOCALES = {"en": "en", "de": "de", "zh": "zh-CN", "fr": "fr", "es": "es"}


@dataclass(frozen=True)
class Thing:
    """What the shop sells."""

    sku: str
    title: str


def product_of(customer: Customer) -> Thing:
    """What this customer has bought, or looks at."""
    things = _things()
    return things[sum(map(ord, customer.address)) % len(things)]


def orders(people: Sequence[Customer], now: datetime) -> list[dict[str, Any]]:
    """The order of each customer who has one, as `POST /api/orders` takes them."""
    return [_order(one, now) for one in people if one.order_number]


def placed_before(customer: Customer, now: datetime, moment: datetime) -> bool:
    """Whether what this customer has ordered, if anything, was ordered by that moment."""
    return not customer.order_number or _placed(customer, now) < moment


def products(today: date) -> str:
    """The products as a file for `mailer products import`."""
    return _filled("products.csv", today)


def write_files(folder: Path, shipped: Path, config: str, today: date) -> None:
    """What `mailer init` writes, with all that this shop says of itself and the rest of the configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("templates", "schedules"):
        shutil.copytree(shipped / name, folder / name)
    (folder / "config.toml").write_text(f"{_filled('shop.toml', today)}\n{config}", encoding="utf-8")
    write_key_file(folder / "mailer.key")


def go_live(folder: Path, flows: Sequence[str], status: str = "live") -> None:
    """Change the one word by which these flows send, by themselves or when a person lets them."""
    for name in flows:
        file = folder / "schedules" / "flows" / f"{name}.toml"
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace('status = "draft"', f'status = "{status}"', 1), encoding="utf-8")


def _things() -> list[Thing]:
    return [Thing(row["sku"], row["title"]) for row in csv.DictReader(io.StringIO(products(date.min)))]


def _filled(name: str, today: date) -> str:
    """A file of this folder with its days counted from today."""
    text = resources.files("mailer.demo").joinpath(name).read_text(encoding="utf-8")
    days = {f"in_{count}_days": today + timedelta(days=count) for count in (3, 12, 20)}
    return Template(text).substitute({name: day.isoformat() for name, day in days.items()})


def _order(customer: Customer, now: datetime) -> dict[str, Any]:
    position, state, thing = int(customer.order_number[1:]) - FIRST_NUMBER, customer.state, product_of(customer)
    placed = _placed(customer, now)
    canceled = placed + timedelta(hours=5) if state == "canceled" else None
    given, _, family = customer.name.partition(" ")
    return {
        "id": 5001 + position,
        "name": customer.order_number,
        "email": customer.address,
        "customer_locale": _LOCALES[customer.language],
        "currency": "EUR",
        "created_at": placed.isoformat(),
        "cancelled_at": canceled.isoformat() if canceled else None,
        "financial_status": _PAYMENT.get(state, "paid"),
        "total_price": "59.00",
        "customer": {"id": 71 + position, "first_name": given, "last_name": family},
        "shipping_address": {"name": customer.name, "country_code": customer.country},
        "line_items": [
            {
                "id": 900 + position,
                "title": thing.title,
                "sku": thing.sku,
                "variant_title": "M",
                "quantity": 1 + position % 2,
            }
        ],
        "refunds": list(_refunds(state, placed + timedelta(days=3))),
        "fulfillments": [] if state in ("paid", "canceled") else [_parcel(position, state, placed)],
    }


def _placed(customer: Customer, now: datetime) -> datetime:
    return now - timedelta(days=_AGE.get(customer.state, 6), hours=(int(customer.order_number[1:]) - FIRST_NUMBER) % 12)


def _line(position: int, thing: Thing) -> dict[str, Any]:
    quantity = 1 + position % 2
    return {"id": 900 + position, "title": thing.title, "sku": thing.sku, "variant_title": "M", "quantity": quantity}


def _refunds(state: str, at: datetime) -> Iterator[dict[str, Any]]:
    if state in _BACK:
        paid = {"kind": "refund", "status": "success", "amount": _BACK[state]}
        yield {"id": 1, "processed_at": at.isoformat(), "transactions": [paid]}


def _parcel(position: int, state: str, placed: datetime) -> dict[str, Any]:
    number = f"JD01460000{position:04}"
    return {
        "id": 88000 + position,
        "order_id": 5001 + position,
        "status": "success",
        "created_at": (placed + timedelta(days=1)).isoformat(),
        "tracking_company": ("DHL", "UPS", "La Poste")[position % 3],
        "tracking_number": number,
        "tracking_url": f"https://track.example/{number}",
        "events": list(_scans(position, state, placed + timedelta(days=1))),
    }


def _scans(position: int, state: str, begin: datetime) -> Iterator[dict[str, Any]]:
    last = _LAST_SCAN.get(state, state)
    path = [last] if last == "label_printed" else ["label_printed", "carrier_picked_up", "in_transit", last]
    for step, status in enumerate(dict.fromkeys(path)):
        yield {
            "id": 70000 + position * 10 + step,
            "fulfillment_id": 88000 + position,
            "status": status,
            "happened_at": (begin + timedelta(hours=9 * step)).isoformat(),
            "estimated_delivery_at": (begin + timedelta(days=12 if state != "overdue" else 8)).isoformat(),
            "city": ("Leipzig", "Roissy", "Cologne")[position % 3],
        }
