"""The facts that a reply rests on, each with its source and time. Drafting, approving and sending read the same."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from mailer.model import Order, OrderLine, ParcelState, Scan, Shipment

Value = str | int | None

# A parcel that only has a label has not left us.
_NOT_SHIPPED = (ParcelState.LABEL,)


@dataclass(frozen=True)
class Fact:
    """One value, where it comes from, and when that said so."""

    path: str
    value: Value
    source: str
    at: datetime


@dataclass(frozen=True)
class Facts:
    """All facts of one draft."""

    facts: tuple[Fact, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Changes when a value changes, and only then."""
        values = [(fact.path, fact.value) for fact in self.facts]
        return hashlib.sha256(json.dumps(values, ensure_ascii=False).encode()).hexdigest()

    def stored(self) -> dict[str, Any]:
        """As a Draft keeps them: path to value, source and time."""
        return {
            fact.path: {"value": fact.value, "source": fact.source, "at": fact.at.isoformat()} for fact in self.facts
        }


def order_facts(session: Session, order_id: int | None) -> Facts:
    """What is known of an order now; no facts without an order."""
    order = session.get(Order, order_id) if order_id is not None else None
    if order is None:
        return Facts()
    lines = session.exec(select(OrderLine).where(OrderLine.order_id == order.id).order_by(col(OrderLine.id))).all()
    parcels = session.exec(select(Shipment).where(Shipment.order_id == order.id).order_by(col(Shipment.id))).all()
    facts = [*_order(order, parcels), *_items(order, lines)]
    for position, parcel in enumerate(parcels):
        facts.extend(_parcel(session, f"parcels.{position}", parcel, order))
    return Facts(tuple(facts))


def differences(before: dict[str, Any], after: Facts) -> list[str]:
    """What changed between the facts of a draft and the facts now, in words."""
    now = {fact.path: fact.value for fact in after.facts}
    then = {path: entry["value"] for path, entry in before.items()}
    paths = dict.fromkeys([*then, *now])
    return [
        f"{path} was {then.get(path) or 'unknown'}, is {now.get(path) or 'unknown'}"
        for path in paths
        if then.get(path) != now.get(path)
    ]


def state_of(order: Order, parcels: Sequence[Shipment]) -> str:
    """The one word for an order that a reply depends on."""
    if order.canceled_at is not None:
        return "canceled"
    moving = [parcel for parcel in parcels if parcel.state not in _NOT_SHIPPED]
    if not moving:
        return "not_shipped"
    if all(parcel.state == ParcelState.DELIVERED for parcel in parcels):
        return "delivered"
    return "in_transit"


def _order(order: Order, parcels: Sequence[Shipment]) -> Iterator[Fact]:
    def fact(path: str, value: Value) -> Fact:
        return Fact(path, value, order.source, order.changed_at)

    yield fact("order.number", order.number)
    yield fact("order.state", state_of(order, parcels))
    yield fact("order.placed_on", order.placed_at.date().isoformat())
    if first_name := order.customer_name.split(" ")[0]:
        yield fact("customer.first_name", first_name)


def _items(order: Order, lines: Sequence[OrderLine]) -> Iterator[Fact]:
    for position, line in enumerate(lines):
        title = f"{line.title} ({line.variant})" if line.variant else line.title
        yield Fact(f"items.{position}.title", title, order.source, order.changed_at)
        yield Fact(f"items.{position}.quantity", line.quantity, order.source, order.changed_at)


def _parcel(session: Session, path: str, parcel: Shipment, order: Order) -> Iterator[Fact]:
    source, at = parcel.carrier or order.source, parcel.state_at or order.changed_at
    scans = (
        select(Scan).where(Scan.shipment_id == parcel.id).order_by(col(Scan.happened_at).desc(), col(Scan.id).desc())
    )
    last = session.exec(scans.limit(1)).first()
    values: dict[str, Value] = {
        "state": parcel.state.value,
        "carrier": parcel.carrier or None,
        "number": parcel.tracking_number or None,
        "url": parcel.tracking_url or None,
        "expected_on": parcel.expected_on.isoformat() if parcel.expected_on else None,
        "state_on": parcel.state_at.date().isoformat() if parcel.state_at else None,
        "last_scan_at": last.happened_at.isoformat() if last else None,
        "last_place": (last.place or None) if last else None,
    }
    for name, value in values.items():
        if value is not None:
            yield Fact(f"{path}.{name}", value, source, at)
