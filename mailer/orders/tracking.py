"""What was told of one parcel, apart from its order: the order that it belongs to, and what changes there."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, or_, select

from mailer.model import Order, Shipment, number_key
from mailer.orders.hook import TrackingIn
from mailer.orders.ingest import Teller
from mailer.orders.parcels import Telling, newest_words, record_parcels
from mailer.orders.source import FulfillmentIn
from mailer.orders.waiting import wake_payloads

# Carriers use numbers again: a parcel that came so long ago is another one.
_SAME_PARCEL = timedelta(days=60)
# Shops' clocks and carriers' differ.
_CLOCKS_DIFFER = timedelta(days=1)


def order_named(session: Session, storefront: str, *, order_id: str = "", number: str = "") -> Order | None:
    """The order with this id of its platform, else with this number, locked; the newest where there are several."""
    for name, column in ((order_id, Order.external_id), (number_key(number), Order.number_key)):
        if not name:
            continue
        wanted = select(Order).where(Order.storefront == storefront, column == name)
        found = session.exec(wanted.order_by(col(Order.placed_at).desc()).limit(1).with_for_update()).first()
        if found is not None:
            return found
    return None


def order_of(session: Session, storefront: str, told: TrackingIn) -> Order | None:
    """The order that a parcel belongs to: by its id or number, by the parcel's number, or by the shop's own words."""
    return (
        order_named(session, storefront, order_id=told.order_id, number=told.order_number)
        # Some shops give their order's number where an id is asked for.
        or order_named(session, storefront, number=told.order_id)
        or _by_parcel(session, storefront, told)
        or order_named(session, storefront, number=told.hint)
    )


def _by_parcel(session: Session, storefront: str, told: TrackingIn) -> Order | None:
    number = told.parcel.tracking_number
    if not number:
        return None
    wanted = (
        select(Order)
        .join(Shipment, col(Shipment.order_id) == Order.id)
        .where(Order.storefront == storefront, Shipment.tracking_number == number)
        .where(Order.placed_at <= told.changed_at + _CLOCKS_DIFFER)
        .where(or_(col(Shipment.delivered_at).is_(None), col(Shipment.delivered_at) > told.changed_at - _SAME_PARCEL))
    )
    newest = wanted.order_by(col(Order.placed_at).desc()).limit(1)
    return session.exec(newest.with_for_update(of=Order)).first()


def unknown_parcel(session: Session, order: Order, parcel: FulfillmentIn) -> str:
    """The id of a parcel of which the shop has not told yet, and that has no number by which to know it; else empty."""
    if parcel.tracking_number or not parcel.tracker:
        return ""
    mine = select(Shipment.id).where(Shipment.order_id == order.id, Shipment.external_id == parcel.id)
    return "" if session.exec(mine).first() is not None else parcel.id


def record_tracking(session: Session, order: Order, told: TrackingIn, teller: Teller, *, now: datetime) -> bool:
    """Record what was told of a parcel of this order; whether anything changed."""
    if not told.parcel.tracker:
        _remember(order, told)
    changed = _promise(order, told)
    changed |= record_parcels(_telling(session, order, told, teller, now=now))
    if changed:
        order.recorded_at = order.watch_at = now
        session.flush()
        wake_payloads(session, order)
    return changed


def _telling(session: Session, order: Order, told: TrackingIn, teller: Teller, *, now: datetime) -> Telling:
    config, parcels = teller.book.of(order.source), (told.parcel,)
    moments = (told.changed_at, told.parcel.updated_at)
    return Telling(session, order, parcels, *moments, new=False, stale=False, config=config, now=now)


def _remember(order: Order, told: TrackingIn) -> None:
    """Keep the shop's newest word of its parcel with the order: a parcel that it took back does not come again."""
    words = order.raw.get("fulfillments") or []
    word = {name: value for name, value in told.parcel.raw.items() if name != "events"}
    others = [one for one in words if not isinstance(one, dict) or str(one.get("id")) != told.parcel.id]
    order.raw = {**order.raw, "fulfillments": [*others, *newest_words(words, [word])[:1]]}


def _promise(order: Order, told: TrackingIn) -> bool:
    if told.promised_on is None or told.promised_on == order.promised_on:
        return False
    order.promised_on = told.promised_on
    return True
