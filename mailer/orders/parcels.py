"""The parcels of an order and what their carriers said: scans only add up, states only go forward."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce
from typing import Any

from sqlmodel import Session, col, delete, func, select

from mailer.model import Conversation, Event, Order, ParcelState, Scan, Shipment, Snooze
from mailer.orders.events import record_order_event, record_shipment_event, row_id
from mailer.orders.source import UNTRACKED, FulfillmentIn, ScanIn
from mailer.orders.vocabulary import Observation, later, state_of
from mailer.sources_config import SourceConfig


@dataclass(frozen=True)
class Telling:
    """What one payload says of an order's parcels, which was so at `changed_at`; `updated_at` where it says that.

    `stale` when we know a newer payload, `new` when the order was not known before; `config` is of the order's source.
    """

    session: Session
    order: Order
    parcels: Sequence[FulfillmentIn]
    changed_at: datetime
    updated_at: datetime | None
    new: bool
    stale: bool
    config: SourceConfig
    now: datetime


def record_parcels(telling: Telling) -> bool:
    """Record the parcels that a payload names; whether anything changed. A stale payload adds and never overwrites."""
    if not telling.parcels:
        return False
    known = {} if telling.new else _known(telling)
    gone = _gone(telling, known)
    changes = [_remove(telling, known.pop(key)) for key in sorted(known.keys() & gone)]
    for parcel in telling.parcels:
        if not parcel.gone and parcel.key not in gone:
            changes.append(_record(telling, known, parcel))
    _record_order_events(telling, list(known.values()))
    return any(changes)


def without_events(raw: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """An order's payload as the order keeps it: of each parcel the newest word, what carriers said with the parcel."""
    told = raw.get("fulfillments")
    if not isinstance(told, list):
        return raw
    parcels = [_own_words(each) for each in told]
    return {**raw, "fulfillments": newest_words(known.get("fulfillments") or [], parcels)}


def newest_words(known: Sequence[Any], told: Sequence[Any]) -> list[Any]:
    """What the shop said of its parcels last: each as it was changed last, and what it once took back stays so."""
    before = {str(one["id"]): one for one in known if isinstance(one, dict) and one.get("id")}
    named = {str(one.get("id")) for one in told if isinstance(one, dict)}
    newest = [_newer(before.get(str(one.get("id"))), one) if isinstance(one, dict) else one for one in told]
    gone = [one for key, one in before.items() if key not in named and FulfillmentIn.model_validate(one).gone]
    return newest + gone


def _newer(before: dict[str, Any] | None, told: dict[str, Any]) -> dict[str, Any]:
    return before if before is not None and _is_older(told, before) else told


def _is_older(told: dict[str, Any], known: dict[str, Any]) -> bool:
    parcels = [FulfillmentIn.model_validate(each) for each in (told, known)]
    one, other = (parcel.updated_at or parcel.created_at for parcel in parcels)
    return one is not None and other is not None and one < other


def _own_words(parcel: Any) -> Any:
    return {key: value for key, value in parcel.items() if key != "events"} if isinstance(parcel, dict) else parcel


def _known(telling: Telling) -> dict[str, Shipment]:
    rows = telling.session.exec(select(Shipment).where(Shipment.order_id == telling.order.id))
    return {shipment.external_id: shipment for shipment in rows}


def _gone(telling: Telling, known: dict[str, Shipment]) -> set[str]:
    """The parcels that are not there by the newest word of the shop, which is what the order's row keeps."""
    words = telling.order.raw.get("fulfillments")
    newest = [FulfillmentIn.model_validate(each) for each in words] if isinstance(words, list) else []
    gone = {parcel.key for parcel in newest if parcel.gone}
    there = known.keys() | {parcel.key for parcel in telling.parcels if not parcel.gone}
    return gone | {UNTRACKED} if there - gone - {UNTRACKED} else gone


def _remove(telling: Telling, shipment: Shipment) -> bool:
    session = telling.session
    session.exec(delete(Scan).where(col(Scan.shipment_id) == shipment.id))
    session.delete(shipment)
    if shipment.external_id != UNTRACKED:
        at = telling.changed_at
        record_shipment_event(session, telling.order, shipment, "shipment.canceled", at=at, now=telling.now)
    return True


def _record(telling: Telling, known: dict[str, Shipment], parcel: FulfillmentIn) -> bool:
    shipment = _find(known, parcel)
    new = shipment is None
    if shipment is None:
        shipment = known[parcel.key] = _add(telling, parcel)
    before = shipment.model_dump()
    _name(shipment, parcel)
    stale = telling.stale or _is_older(parcel.raw, shipment.raw.get(_told_in(parcel), {}))
    if new or not stale:
        _describe(telling, shipment, parcel)
    added = _record_scans(telling, shipment, parcel, new=new)
    _move_on(telling, shipment, parcel, stale=stale)
    if not new and not added and before == shipment.model_dump():
        return False
    _record_events(telling, shipment, parcel, added)
    if added or shipment.state is not before["state"]:
        _wake_who_waits(telling, shipment)
    return True


def _wake_who_waits(telling: Telling, shipment: Shipment) -> None:
    """Conversations that were put aside until the parcel moves."""
    wanted = select(Conversation).where(
        Conversation.order_id == telling.order.id, Conversation.snoozed_for == Snooze.PARCEL
    )
    for conversation in telling.session.exec(wanted.with_for_update()).all():
        conversation.wake(f"the parcel moved: {shipment.state.value.replace('_', ' ')}")


def _find(known: dict[str, Shipment], parcel: FulfillmentIn) -> Shipment | None:
    """The parcel by its id; or by its number, when another source told of it under another id."""
    numbered = {_plain(shipment.tracking_number): shipment for shipment in known.values() if shipment.tracking_number}
    return known.get(parcel.key) or numbered.get(_plain(parcel.tracking_number))


def _name(shipment: Shipment, parcel: FulfillmentIn) -> None:
    """Let a parcel of which only a carrier spoke have the shop's id; what we said of it stays said under the old."""
    if parcel.id and not parcel.tracker and "fulfillment" not in shipment.raw and shipment.external_id != parcel.id:
        shipment.raw = {**shipment.raw, "known_as": shipment.external_id}
        shipment.external_id = parcel.id


def _plain(number: str) -> str:
    return "".join(number.split()).upper()


def _add(telling: Telling, parcel: FulfillmentIn) -> Shipment:
    number = _fresh_id(telling.session)
    shipment = Shipment(id=number, order_id=row_id(telling.order), external_id=parcel.key, raw={})
    telling.session.add(shipment)
    telling.session.flush()
    return shipment


def _fresh_id(session: Session) -> int | None:
    """An id that no parcel ever had: SQLite gives that of the newest again, once it was removed; Events still say it.

    None where the database sees to that.
    """
    if session.get_bind().dialect.name != "sqlite":
        return None
    told = select(func.max(Event.subject_id)).where(Event.subject_kind == "shipment")
    there = session.exec(select(func.max(Shipment.id))).one()
    return max(there or 0, session.exec(told).one() or 0) + 1


def _told_in(parcel: FulfillmentIn) -> str:
    return "tracker" if parcel.tracker else "fulfillment"


def _describe(telling: Telling, shipment: Shipment, parcel: FulfillmentIn) -> None:
    # What a payload leaves blank it does not know; it does not take it back.
    if not (parcel.tracker and shipment.carrier):
        shipment.carrier = parcel.tracking_company or shipment.carrier
    shipment.tracking_number = parcel.tracking_number or shipment.tracking_number
    shipment.tracking_url = parcel.tracking_url or shipment.tracking_url
    # The service of Shopify's payload is the program that made the parcel ("manual"), not the carrier's product.
    shipment.service = (parcel.service if parcel.tracker else "") or shipment.service
    shipment.origin = parcel.origin or shipment.origin or telling.config.country
    shipment.raw = {**shipment.raw, _told_in(parcel): _own_words(parcel.raw)}


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
    telling.session.flush()
    return sorted(added, key=lambda scan: scan.happened_at)


def _scan_row(shipment: Shipment, scan: ScanIn) -> Scan:
    return Scan(
        shipment_id=row_id(shipment),
        external_id=scan.key,
        status=scan.status,
        state=meaning(scan),
        happened_at=scan.happened_at,
        place=", ".join(part for part in (scan.city, scan.country) if part),
        remark=scan.message,
    )


def meaning(scan: ScanIn) -> ParcelState:
    """Our state for a scan: by its source where it knows its carrier's words."""
    return scan.state or state_of(scan.status)


def _move_on(telling: Telling, shipment: Shipment, parcel: FulfillmentIn, *, stale: bool) -> None:
    shipment.shipped_at = _shipped_at(telling, shipment, parcel, stale=stale)
    standing = Observation(shipment.state, shipment.state_at)
    stands = reduce(later, _observations(telling, shipment, parcel), standing)
    shipment.state, shipment.state_at = stands.state, stands.at
    _hear(shipment, list(_carrier_words(telling, parcel)))
    estimates = sorted(_estimates(telling, shipment))
    if estimates:
        shipment.first_expected_on, shipment.expected_on = estimates[0][1], estimates[-1][1]


def _observations(telling: Telling, shipment: Shipment, parcel: FulfillmentIn) -> Iterable[Observation]:
    if parcel.shipped and not parcel.shipment_status and not parcel.events:
        # No carrier speaks of it: the shop's word that it left is all there is.
        yield Observation(ParcelState.PICKED_UP, shipment.shipped_at)
    yield from _carrier_words(telling, parcel)


def _carrier_words(telling: Telling, parcel: FulfillmentIn) -> Iterable[Observation]:
    if parcel.shipment_status:
        yield Observation(state_of(parcel.shipment_status), _told_at(telling, parcel))
    for scan in parcel.events:
        yield Observation(meaning(scan), scan.happened_at)


def _hear(shipment: Shipment, words: Sequence[Observation]) -> None:
    """When a carrier was heard of it first, last, and of its end, in whatever sequence the words come."""
    heard = [word.at for word in words if word.at]
    moving = [word.at for word in words if word.at and word.state is not ParcelState.LABEL]
    there = [word.at for word in words if word.at and word.state is ParcelState.DELIVERED]
    shipment.heard_at = max(_also(shipment.heard_at, heard), default=None)
    shipment.scanned_at = min(_also(shipment.scanned_at, moving), default=None)
    shipment.delivered_at = min(_also(shipment.delivered_at, there), default=None)


def _also(known: datetime | None, told: list[datetime]) -> list[datetime]:
    return told if known is None else [known, *told]


def _told_at(telling: Telling, parcel: FulfillmentIn) -> datetime:
    return parcel.updated_at or parcel.created_at or telling.changed_at


def _shipped_at(telling: Telling, shipment: Shipment, parcel: FulfillmentIn, *, stale: bool) -> datetime | None:
    """When it left: by the shop's word, else by the first scan of it under way, else when we heard that it has."""
    if parcel.shipped and parcel.created_at:
        return shipment.shipped_at if stale and shipment.shipped_at else parcel.created_at
    moving = [scan.happened_at for scan in parcel.events if meaning(scan) is not ParcelState.LABEL]
    heard = [parcel.updated_at or telling.updated_at or telling.now] if parcel.shipped else []
    return shipment.shipped_at or min(moving, default=None) or min(heard, default=None)


def _estimates(telling: Telling, shipment: Shipment) -> Iterable[tuple[datetime, date]]:
    """Each day on which it was expected, and when that was told; the day in the zone in which it was told."""
    for raw in shipment.raw.get("events", {}).values():
        scan = ScanIn.model_validate(raw)
        if scan.estimated_delivery_at:
            yield scan.happened_at, scan.estimated_delivery_at.date()
    for name in ("fulfillment", "tracker"):
        parcel = FulfillmentIn.model_validate(shipment.raw.get(name, {}))
        if parcel.estimated_delivery_at:
            yield _told_at(telling, parcel), parcel.estimated_delivery_at.date()


def _record_events(telling: Telling, shipment: Shipment, parcel: FulfillmentIn, added: list[ScanIn]) -> None:
    left = left_at(shipment, telling.config)
    told = {"shipment.shipped": left, "shipment.scanned": shipment.scanned_at}
    moments = {kind: at for kind, at in told.items() if at}
    for scan in added:
        moments.setdefault(f"shipment.{meaning(scan)}", scan.happened_at)
    if parcel.shipment_status:
        moments.setdefault(f"shipment.{state_of(parcel.shipment_status)}", _told_at(telling, parcel))
    for kind, at in moments.items():
        record_shipment_event(telling.session, telling.order, shipment, kind, at=at, now=telling.now)


def left_at(shipment: Shipment, config: SourceConfig) -> datetime | None:
    """When it counts as shipped: by the shop's word, or by the carrier's first scan, as [sources] says."""
    return shipment.scanned_at if config.shipped_when == "first_scan" else shipment.shipped_at


def _record_order_events(telling: Telling, shipments: Sequence[Shipment]) -> None:
    left = [at for shipment in shipments if (at := left_at(shipment, telling.config))]
    if left:
        record_order_event(telling.session, telling.order, "order.shipped", at=min(left), now=telling.now)
    if (there := _all_there(telling.order, shipments)) is not None:
        record_order_event(telling.session, telling.order, "order.delivered", at=there, now=telling.now)


def _all_there(order: Order, shipments: Sequence[Shipment]) -> datetime | None:
    """When the last parcel came; None while one is on its way, or while the shop says that more will follow."""
    there = [one.delivered_at for one in shipments if one.state is ParcelState.DELIVERED and one.delivered_at]
    more = order.raw.get("fulfillment_status") == "partial"
    return None if more or not there or len(there) < len(shipments) else max(there)
