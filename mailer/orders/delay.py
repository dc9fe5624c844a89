"""Delays: an alarm that rings becomes an Incident, once for each cause, and is settled when the cause is gone.

An order is looked at when something new is heard of it, and when its next alarm would ring (`Order.watch_at`).
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from mailer.clock import Clock
from mailer.db import Database, insert_once
from mailer.events import record_event
from mailer.model import Incident, IncidentState, Order, ParcelRoute, ParcelState, Shipment
from mailer.orders.alarms import Alarm, DelayTerms, alarms_of, way_of
from mailer.orders.events import row_id
from mailer.rendering.parcel_routes import Routes, read_routes

_AT_ONCE = 200


@dataclass(frozen=True)
class _Look:
    """One order, all that bears on it, and when we look."""

    session: Session
    order: Order
    parcels: Sequence[Shipment]
    open_ones: list[Incident]
    terms: DelayTerms
    now: datetime


async def watch_orders(db: Database, clock: Clock, terms: DelayTerms) -> bool:
    """Look at the orders whose time has come; False when there are none. The step of a loop."""
    if not await db.read(_any_due, now=clock.now()):
        return False
    return await db.run(look_for_delays, terms=terms, now=clock.now()) > 0


def _any_due(session: Session, *, now: datetime) -> bool:
    return session.exec(select(Order.id).where(col(Order.watch_at) <= now).limit(1)).first() is not None


def look_for_delays(session: Session, *, terms: DelayTerms, now: datetime, limit: int = _AT_ONCE) -> int:
    """Look at the orders whose time has come, open and settle their incidents; how many orders those were."""
    due = select(Order).where(col(Order.watch_at) <= now).order_by(col(Order.watch_at)).limit(limit)
    orders = session.exec(due.with_for_update(skip_locked=True)).all()
    if not orders:
        return 0
    parcels = _by_order(session, select(Shipment), Shipment, orders)
    incidents = _by_order(session, select(Incident).where(Incident.state == IncidentState.OPEN), Incident, orders)
    routes = read_routes(session)
    for order in orders:
        mine = row_id(order)
        _look(_Look(session, order, parcels[mine], list(incidents[mine]), terms, now), routes)
    return len(orders)


def settle_incident(session: Session, incident: Incident, order: Order, because: str, *, now: datetime) -> None:
    """It is over; who waits for it learns so."""
    incident.state, incident.settled_at, incident.settled_because = IncidentState.SETTLED, now, because
    incident.needs_person = False
    order.recorded_at = now
    record_delay(session, incident, order, "delay.settled", now=now)


def record_delay(
    session: Session, incident: Incident, order: Order, kind: str, *, part: str = "", now: datetime
) -> None:
    """Say what became of a delay, once."""
    record_event(
        session,
        kind,
        ("delay", incident.id or 0),
        key=":".join([kind, "delay", str(incident.id), *([part] if part else [])]),
        order_id=row_id(order),
        address=order.email,
        at=now,
        now=now,
        data={"kind": incident.kind.value, "needs_person": incident.needs_person},
    )


def _by_order(session: Session, wanted: Any, table: Any, orders: Sequence[Order]) -> Mapping[int, Sequence[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    ids = [order.id for order in orders]
    for row in session.exec(wanted.where(table.order_id.in_(ids)).order_by(table.id)):
        found[row.order_id].append(row)
    return found


def _look(look: _Look, routes: Routes) -> None:
    learned = {row_id(one): route for one in look.parcels if (route := _route(look, one, routes))}
    alarms = alarms_of(look.order, look.parcels, learned, look.terms)
    _settle_what_is_over(look, alarms)
    forgotten = look.now - look.terms.delay.forget_after
    for alarm in alarms:
        if forgotten <= alarm.rings_at <= look.now:
            _ring(look, alarm)
    look.order.watch_at = min((one.rings_at for one in alarms if one.rings_at > look.now), default=None)


def _route(look: _Look, parcel: Shipment, routes: Routes) -> ParcelRoute | None:
    return routes.of(*way_of(look.order, parcel, look.terms))


def _settle_what_is_over(look: _Look, alarms: Sequence[Alarm]) -> None:
    standing = {alarm.key for alarm in alarms}
    for incident in list(look.open_ones):
        # What rang while it was open keeps it open: nobody is told a second time when the first cause alone is gone.
        if not standing & {incident.key, *incident.notes}:
            settle_incident(look.session, incident, look.order, _why_over(look, incident), now=look.now)
            look.open_ones.remove(incident)


def _why_over(look: _Look, incident: Incident) -> str:
    if look.order.canceled_at is not None:
        return "the order was canceled"
    if (look.order.payment_state or "") in ("refunded", "voided"):
        return "the money went back"
    parcel = next((one for one in look.parcels if one.id == incident.shipment_id), None)
    if parcel is None:
        return "it was shipped" if look.parcels else "it is promised for another day"
    return "it arrived" if parcel.state in (ParcelState.DELIVERED, ParcelState.PICKUP_READY) else "the parcel moves on"


def _ring(look: _Look, alarm: Alarm) -> None:
    if (known := _open_already(look, alarm)) is not None:
        _note(known, alarm, look)
        return
    incident = Incident(
        key=alarm.key,
        kind=alarm.kind,
        order_id=row_id(look.order),
        shipment_id=alarm.shipment_id,
        batch=_batch(look, alarm),
        promised_on=alarm.promised_on,
        expected_on=alarm.expected_on,
        reason=alarm.reason,
        notes={},
        needs_person=alarm.needs_person,
        opened_at=look.now,
    )
    # A cause that was settled and comes again is no second apology.
    if not insert_once(look.session, incident):
        return
    opened = look.session.exec(select(Incident).where(Incident.key == alarm.key)).one()
    look.open_ones.append(opened)
    look.order.recorded_at = look.now
    record_delay(look.session, opened, look.order, "delay.opened", now=look.now)


def _open_already(look: _Look, alarm: Alarm) -> Incident | None:
    """The incident of this parcel, or of the whole order, that covers the alarm."""
    same: Callable[[Incident], bool] = lambda one: one.shipment_id == alarm.shipment_id  # noqa: E731
    covers = [one for one in look.open_ones if same(one) or one.shipment_id is None or alarm.shipment_id is None]
    return next((one for one in covers if one.key == alarm.key), covers[0] if covers else None)


def _note(incident: Incident, alarm: Alarm, look: _Look) -> None:
    """A later word on a delay that is known: the newer day counts, and what an agent has to see is marked."""
    if alarm.expected_on is not None and alarm.expected_on != incident.expected_on:
        incident.expected_on = alarm.expected_on
        look.order.recorded_at = look.now
    if alarm.key != incident.key and alarm.key not in incident.notes:
        words = f"{look.now:%Y-%m-%d}: {alarm.kind.value.replace('_', ' ')}"
        incident.notes = {**incident.notes, alarm.key: f"{words}, {alarm.reason}" if alarm.reason else words}
        incident.needs_person = incident.needs_person or alarm.needs_person


def _batch(look: _Look, alarm: Alarm) -> str:
    """Carrier, route and day, as one word: what an agent handles at once."""
    carrier = "-".join(alarm.carrier.casefold().split()) or "none"
    route = f"{alarm.origin or 'XX'}-{look.order.country or 'XX'}"
    return f"{carrier}:{route}:{look.now.astimezone(look.terms.zone):%Y-%m-%d}"
