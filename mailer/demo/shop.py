"""The made-up shop: its orders in every state and several countries, and its files in a folder."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from mailer.signing import write_key_file

CARE = "care@shop.test"

_PEOPLE = (
    ("Ana", "Silva", "PT"), ("Ben", "Okafor", "GB"), ("Chloé", "Martin", "FR"), ("Dieter", "Braun", "DE"),
    ("Emma", "Jansen", "NL"), ("Farid", "Haddad", "FR"), ("Grace", "Kelly", "IE"), ("Hiro", "Tanaka", "JP"),
    ("Ines", "Ortega", "ES"), ("Jack", "Miller", "US"), ("Karin", "Lund", "SE"), ("Luca", "Rossi", "IT"),
    ("Mei", "Chen", "CN"), ("Noah", "Smith", "US"), ("Olga", "Nowak", "PL"), ("Paul", "Weber", "AT"),
)  # fmt: skip
_THINGS = (("Linen shirt", "M"), ("Wool scarf", "grey"), ("Canvas bag", "natural"), ("Cotton dress", "38"))
_STATES = ("paid", "label_printed", "in_transit", "out_for_delivery", "delivered", "delayed", "canceled", "customs")


@dataclass(frozen=True)
class Customer:
    """Somebody of the demo, with a mailbox and an order."""

    name: str
    address: str
    order_number: str


def customers() -> list[Customer]:
    """Everybody who buys in this shop."""
    return [
        Customer(f"{first} {last}", f"{_plain(first)}.{_plain(last)}@customers.test", f"#{1001 + position}")
        for position, (first, last, _) in enumerate(_PEOPLE)
    ]


def orders(now: datetime) -> list[dict[str, Any]]:
    """One order for each customer, as `POST /api/orders` takes them, over all states."""
    return [_order(position, customer, now) for position, customer in enumerate(customers())]


def write_files(folder: Path, shipped: Path, config: str) -> None:
    """What `mailer init` writes, with this configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("templates", "schedules"):
        shutil.copytree(shipped / name, folder / name)
    (folder / "config.toml").write_text(config, encoding="utf-8")
    write_key_file(folder / "mailer.key")


def _order(position: int, customer: Customer, now: datetime) -> dict[str, Any]:
    first, _, country = _PEOPLE[position]
    state = _STATES[position % len(_STATES)]
    placed = now - timedelta(days=3 + position % 9, hours=position)
    title, variant = _THINGS[position % len(_THINGS)]
    canceled = placed + timedelta(hours=5) if state == "canceled" else None
    return {
        "id": 5001 + position,
        "name": customer.order_number,
        "email": customer.address,
        "customer_locale": "en",
        "currency": "EUR",
        "created_at": placed.isoformat(),
        "cancelled_at": canceled.isoformat() if canceled else None,
        "financial_status": "paid",
        "total_price": "59.00",
        "customer": {"id": 71 + position, "first_name": first},
        "shipping_address": {"name": customer.name, "country_code": country},
        "line_items": [{"id": 900 + position, "title": title, "variant_title": variant, "quantity": 1 + position % 2}],
        "fulfillments": [] if state in ("paid", "canceled") else [_parcel(position, state, placed)],
    }


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
    path = {"label_printed": ["label_printed"]}.get(state, ["label_printed", "carrier_picked_up", "in_transit", state])
    for step, status in enumerate(dict.fromkeys(path)):
        yield {
            "id": 70000 + position * 10 + step,
            "fulfillment_id": 88000 + position,
            "status": status,
            "happened_at": (begin + timedelta(hours=9 * step)).isoformat(),
            "estimated_delivery_at": (begin + timedelta(days=5)).isoformat(),
            "city": ("Leipzig", "Roissy", "Cologne")[position % 3],
        }


def _plain(name: str) -> str:
    return name.lower().replace("é", "e")
