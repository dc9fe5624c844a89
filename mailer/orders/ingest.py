"""Orders as told become rows and Events, once: however often, late or shuffled the same payloads come."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlmodel import Session, select

from mailer.db import insert_once
from mailer.model import Order, OrderLine, number_key
from mailer.orders.events import record_order_event, row_id
from mailer.orders.parcels import Telling, record_parcels, without_events
from mailer.orders.refunds import record_refunds
from mailer.orders.source import LineIn, OrderIn
from mailer.orders.waiting import wake_payloads
from mailer.sources_config import SourceBook


@dataclass(frozen=True)
class Ingested:
    """How many orders were new, changed, as known already, and ignored because they are the platform's tests."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    ignored: int = 0

    def __add__(self, other: "Ingested") -> "Ingested":
        return Ingested(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))


@dataclass(frozen=True)
class Teller:
    """Who tells: the name of a source, the storefront whose numbers these are, and what config.toml says of sources."""

    source: str
    storefront: str
    book: SourceBook


def ingest(
    session: Session,
    orders: Sequence[OrderIn],
    *,
    source: str = "api",
    storefront: str = "main",
    book: SourceBook | None = None,
    now: datetime,
) -> Ingested:
    """Record what a shop tells of its orders. A payload older than what we know adds parcels and scans, no more."""
    teller = Teller(source, storefront, book or SourceBook())
    counted = Ingested(ignored=sum(order.test for order in orders))
    # One sequence for all workers: two batches that share orders wait for each other, and never crosswise.
    for told in sorted((order for order in orders if not order.test), key=lambda order: number_key(order.name)):
        counted += _ingest_one(session, told, teller, now=now)
    return counted


def _ingest_one(session: Session, told: OrderIn, teller: Teller, *, now: datetime) -> Ingested:
    order, created = _ours(session, told, teller, now=now)
    stale = told.changed_at < order.changed_at
    changed = not stale and _set(order, _without_person(order, _facts(told, teller, order.raw)))
    changed |= not stale and _replace_lines(session, order, told, new=created)
    changed |= record_parcels(_telling(session, order, told, teller, new=created, stale=stale, now=now))
    changed |= record_refunds(session, order, told.refunds, at=told.changed_at, now=now)
    if created or changed:
        order.recorded_at = order.watch_at = now
        session.flush()
        wake_payloads(session, order)
    _record_events(session, order, created=created, now=now)
    session.flush()
    return Ingested(created=created, updated=changed and not created, unchanged=not (created or changed))


def _telling(
    session: Session, order: Order, told: OrderIn, teller: Teller, *, new: bool, stale: bool, now: datetime
) -> Telling:
    config = teller.book.of(teller.source)
    moments = (told.changed_at, told.updated_at)
    return Telling(session, order, told.fulfillments, *moments, new=new, stale=stale, config=config, now=now)


def _ours(session: Session, told: OrderIn, teller: Teller, *, now: datetime) -> tuple[Order, bool]:
    """The order's row, locked until the transaction ends, and whether it is new: of two who insert it one reads it."""
    key = number_key(told.name)
    found = _locked(session, teller.storefront, key)
    if found is not None:
        return found, False
    row = Order(storefront=teller.storefront, number_key=key, recorded_at=now, **_facts(told, teller, {}))
    created = insert_once(session, row)
    order = _locked(session, teller.storefront, key)
    if order is None:
        raise LookupError(f"order {key} was inserted and is not there")
    return order, created


def _locked(session: Session, storefront: str, key: str) -> Order | None:
    wanted = select(Order).where(Order.storefront == storefront, Order.number_key == key)
    return session.exec(wanted.with_for_update().execution_options(populate_existing=True)).one_or_none()


def _facts(told: OrderIn, teller: Teller, known: dict[str, Any]) -> dict[str, Any]:
    return {
        "source": teller.source,
        "external_id": told.id,
        "number": told.name,
        "email": told.email,
        "customer_name": told.customer_name,
        "language": told.customer_locale.replace("_", "-") or None,
        "country": told.country,
        "province": told.province,
        "currency": told.currency.upper() or None,
        "total": told.total_price or None,
        "payment_state": told.financial_status.lower() or None,
        "placed_at": told.created_at,
        "canceled_at": told.cancelled_at,
        "changed_at": told.changed_at,
        "marketplace": teller.book.is_marketplace(teller.source, told.email),
        "raw": without_events(told.raw, known),
        # What a payload leaves out it does not take back.
        **({"promised_on": told.promised_on} if told.promised_on else {}),
    }


def _without_person(order: Order, facts: dict[str, Any]) -> dict[str, Any]:
    """What may be written of an order whose customer was forgotten."""
    if order.erased_at is None:
        return facts
    return {**facts, "email": order.email, "customer_name": "", "raw": {}}


def _set(row: Order | OrderLine, values: dict[str, Any]) -> bool:
    """Give a row these values; whether any of them is another."""
    others = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in others.items():
        setattr(row, name, value)
    return bool(others)


def _replace_lines(session: Session, order: Order, told: OrderIn, *, new: bool) -> bool:
    """The positions are those that the shop names last; a payload that names none says nothing of them."""
    named = {line.id or str(position): line for position, line in enumerate(told.line_items, start=1)}
    known = {} if new else _lines(session, order)
    gone = known.keys() - named.keys() if named else set()
    for external_id in gone:
        session.delete(known[external_id])
    changes = [_set_line(session, order, external_id, line, known) for external_id, line in named.items()]
    return bool(gone) or any(changes)


def _lines(session: Session, order: Order) -> dict[str, OrderLine]:
    return {line.external_id: line for line in session.exec(select(OrderLine).where(OrderLine.order_id == order.id))}


def _set_line(session: Session, order: Order, external_id: str, line: LineIn, known: dict[str, OrderLine]) -> bool:
    values: dict[str, Any] = {
        "title": line.title or line.name,
        "variant": line.variant_title,
        "sku": line.sku,
        "quantity": line.quantity,
        "price": line.price or None,
        "image_url": line.image_url,
    }
    if external_id in known:
        return _set(known[external_id], values)
    session.add(OrderLine(order_id=row_id(order), external_id=external_id, **values))
    return True


def _record_events(session: Session, order: Order, *, created: bool, now: datetime) -> None:
    moments = {"order.placed": order.placed_at if created else None, "order.canceled": order.canceled_at}
    for kind, at in moments.items():
        if at is not None:
            record_order_event(session, order, kind, at=at, now=now)
