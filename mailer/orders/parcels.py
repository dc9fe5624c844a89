"""The parcels of an order and what their carriers said: scans only add up, states only go forward."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce
from typing import Any

from sqlmodel import Session, col, delete, select

from mailer.model import Order, ParcelState, Scan, Shipment
from mailer.orders.events import record_order_event, record_shipment_event, row_id
from mailer.orders.source import UNTRACKED, FulfillmentIn, OrderIn, ScanIn
from mailer.orders.vocabulary import Observation, later, state_of


@dataclass(frozen=True)
class Telling:
    """One payload about one order; `stale` when we know a newer one, `new` when the order was not known before."""

    session: Session
    order: Order
    told: OrderIn
    new: bool
    stale: bool
    now: datetime


def record_parcels(telling: Telling) -> bool:
    """Record the parcels that a payload names; whether anything changed. A stale payload adds and never overwrites."""
    if not telling.told.fulfillments:
        return False
    known = {} if telling.new else _known(telling)
    gone = _gone(telling, known)
    changes = [_remove(telling, known.pop(key)) for key in sorted(known.keys() & gone)]
    for parcel in telling.told.fulfillments:
        if not parcel.gone and parcel.key not in gone:
            changes.append(_record(telling, known, parcel))
    return any(changes)


def without_events(raw: dict[str, Any]) -> dict[str, Any]:
    """An order's payload as the order keeps it: what carriers said is kept with each parcel."""
    parcels = raw.get("fulfillments")
    return {**raw, "fulfillments": [_own_words(each) for each in parcels]} if isinstance(parcels, list) else raw


def _own_words(parcel: Any) -> Any:
    return {key: value for key, value in parcel.items() if key != "events"} if isinstance(parcel, dict) else parcel


def _known(telling: Telling) -> dict[str, Shipment]:
    rows = telling.session.exec(select(Shipment).where(Shipment.order_id == telling.order.id))
    return {shipment.external_id: shipment for shipment in rows}


def _gone(telling: Telling, known: dict[str, Shipment]) -> set[str]:
    """The parcels that are not there by the newest word of the shop, which is what the order's row keeps."""
    newest = telling.told.fulfillments
    if telling.stale:
        newest = tuple(FulfillmentIn.model_validate(each) for each in telling.order.raw.get("fulfillments") or ())
    gone = {parcel.key for parcel in newest if parcel.gone}
    there = known.keys() | {parcel.key for parcel in telling.told.fulfillments if not parcel.gone}
    return gone | {UNTRACKED} if there - gone - {UNTRACKED} else gone


def _remove(telling: Telling, shipment: Shipment) -> bool:
    session = telling.session
    session.exec(delete(Scan).where(col(Scan.shipment_id) == shipment.id))
    session.delete(shipment)
    if shipment.external_id != UNTRACKED:
        at, part = telling.told.changed_at, shipment.external_id
        record_order_event(session, telling.order, "shipment.canceled", part=part, at=at, now=telling.now)
    return True


def _record(telling: Telling, known: dict[str, Shipment], parcel: FulfillmentIn) -> bool:
    shipment = _find(known, parcel)
    new = shipment is None
    if shipment is None:
        shipment = known[parcel.key] = _add(telling, parcel)
    before = shipment.model_dump()
    if new or not telling.stale:
        _describe(shipment, parcel)
    added = _record_scans(telling, shipment, parcel, new=new)
    _move_on(telling, shipment, parcel)
    if not new and not added and before == shipment.model_dump():
        return False
    _record_events(telling, shipment, parcel, added)
    return True


def _find(known: dict[str, Shipment], parcel: FulfillmentIn) -> Shipment | None:
    """The parcel by its id; or by its number, when another source told of it under another id."""
    numbered = {shipment.tracking_number: shipment for shipment in known.values() if shipment.tracking_number}
    return known.get(parcel.key) or numbered.get(parcel.tracking_number)


def _add(telling: Telling, parcel: FulfillmentIn) -> Shipment:
    shipment = Shipment(order_id=row_id(telling.order), external_id=parcel.key, raw={})
    telling.session.add(shipment)
    telling.session.flush()
    return shipment


def _describe(shipment: Shipment, parcel: FulfillmentIn) -> None:
    # What a payload leaves blank it does not know; it does not take it back.
    shipment.carrier = parcel.tracking_company or shipment.carrier
    shipment.tracking_number = parcel.tracking_number or shipment.tracking_number
    shipment.tracking_url = parcel.tracking_url or shipment.tracking_url
    shipment.raw = {**shipment.raw, "fulfillment": _own_words(parcel.raw)}


def _record_scans(telling: Telling, shipment: Shipment, parcel: FulfillmentIn, *, new: bool) -> list[ScanIn]:
    """Keep each scan once; the scans that were not known before."""
    if not parcel.events:
        return []
    wanted = select(Scan).where(Scan.shipment_id == shipment.id)
    known = {} if new else {scan.external_id: scan for scan in telling.session.exec(wanted)}
    told = {scan.key: scan for scan in parcel.events}
    added = [scan for key, scan in told.items() if key not in known]
    for scan in added:
        telling.session.add(_scan_row(shipment, scan))
    heard = {scan.key: scan.raw for scan in added}
    if heard:
        shipment.raw = {**shipment.raw, "events": {**shipment.raw.get("events", {}), **heard}}
    return sorted(added, key=lambda scan: scan.happened_at)


def _scan_row(shipment: Shipment, scan: ScanIn) -> Scan:
    return Scan(
        shipment_id=row_id(shipment),
        external_id=scan.key,
        status=scan.status,
        state=state_of(scan.status),
        happened_at=scan.happened_at,
        place=", ".join(part for part in (scan.city, scan.country) if part),
        remark=scan.message,
    )


def _move_on(telling: Telling, shipment: Shipment, parcel: FulfillmentIn) -> None:
    shipment.shipped_at = _shipped_at(telling, shipment, parcel)
    standing = Observation(shipment.state, shipment.state_at)
    stands = reduce(later, _observations(telling, shipment, parcel), standing)
    shipment.state, shipment.state_at = stands.state, stands.at
    shipment.expected_on = _expected_on(telling, shipment) or shipment.expected_on


def _observations(telling: Telling, shipment: Shipment, parcel: FulfillmentIn) -> Iterable[Observation]:
    if parcel.shipment_status:
        yield Observation(state_of(parcel.shipment_status), _told_at(telling, parcel))
    elif parcel.shipped and not parcel.events:
        # No carrier speaks of it: the shop's word that it left is all there is.
        yield Observation(ParcelState.PICKED_UP, shipment.shipped_at)
    for scan in parcel.events:
        yield Observation(state_of(scan.status), scan.happened_at)


def _told_at(telling: Telling, parcel: FulfillmentIn) -> datetime:
    return parcel.updated_at or parcel.created_at or telling.told.changed_at


def _shipped_at(telling: Telling, shipment: Shipment, parcel: FulfillmentIn) -> datetime | None:
    """When it left: by the shop's word, else by the first scan of it under way, else when we heard that it has."""
    if parcel.shipped and parcel.created_at:
        return shipment.shipped_at if telling.stale and shipment.shipped_at else parcel.created_at
    moving = [scan.happened_at for scan in parcel.events if state_of(scan.status) is not ParcelState.LABEL]
    heard = [parcel.updated_at or telling.told.updated_at or telling.now] if parcel.shipped else []
    return shipment.shipped_at or min(moving, default=None) or min(heard, default=None)


def _expected_on(telling: Telling, shipment: Shipment) -> date | None:
    """The day by the newest estimate, in the zone in which it was told."""
    scans = [ScanIn.model_validate(raw) for raw in shipment.raw.get("events", {}).values()]
    estimates = [(scan.happened_at, scan.estimated_delivery_at) for scan in scans]
    parcel = FulfillmentIn.model_validate(shipment.raw.get("fulfillment", {}))
    estimates.append((_told_at(telling, parcel), parcel.estimated_delivery_at))
    newest = max(((at, day) for at, day in estimates if day is not None), default=None)
    return newest[1].date() if newest else None


def _record_events(telling: Telling, shipment: Shipment, parcel: FulfillmentIn, added: list[ScanIn]) -> None:
    moments = {"shipment.shipped": shipment.shipped_at} if shipment.shipped_at else {}
    for scan in added:
        moments.setdefault(f"shipment.{state_of(scan.status)}", scan.happened_at)
    if parcel.shipment_status:
        moments.setdefault(f"shipment.{state_of(parcel.shipment_status)}", _told_at(telling, parcel))
    for kind, at in moments.items():
        record_shipment_event(telling.session, telling.order, shipment, kind, at=at, now=telling.now)
