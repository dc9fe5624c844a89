"""One order as a short text: what was sold, where the parcels are, what the carriers said last."""

from collections.abc import Iterator
from datetime import datetime

from sqlmodel import Session, col, select

from mailer.errors import NotFound
from mailer.model import Order, OrderLine, Scan, Shipment, number_key


def order_text(session: Session, number: str, *, storefront: str = "main") -> str:
    """What we know of the order with this number, times in UTC. Raises NotFound."""
    order = find_order(session, number, storefront=storefront)
    return "\n".join([*_head(order), *_positions(session, order), *_parcels(session, order)])


def find_order(session: Session, number: str, *, storefront: str = "main") -> Order:
    """The order with this number, with or without `#`. Raises NotFound."""
    wanted = select(Order).where(Order.storefront == storefront, Order.number_key == number_key(number))
    order = session.exec(wanted).one_or_none()
    if order is None:
        raise NotFound(f'no order "{number}" in storefront "{storefront}"; `mailer orders import` brings orders in')
    return order


def _head(order: Order) -> Iterator[str]:
    amount = " ".join(part for part in (order.total, order.currency, order.payment_state) if part)
    yield f"{order.number}  placed {_at(order.placed_at)}" + (f"  {amount}" if amount else "")
    yield "  " + "  ".join(part for part in (order.customer_name, order.email, order.country) if part)
    if order.canceled_at:
        yield f"  canceled {_at(order.canceled_at)}"
    yield f"  from {order.source}, last changed there {_at(order.changed_at)}"


def _positions(session: Session, order: Order) -> Iterator[str]:
    for line in session.exec(select(OrderLine).where(OrderLine.order_id == order.id).order_by(col(OrderLine.id))):
        what = " ".join(part for part in (line.title, line.variant, f"({line.sku})" if line.sku else "") if part)
        yield f"  {line.quantity} x {what}"


def _parcels(session: Session, order: Order) -> Iterator[str]:
    parcels = session.exec(select(Shipment).where(Shipment.order_id == order.id).order_by(col(Shipment.id))).all()
    if not parcels:
        yield "  no parcel yet"
    for parcel in parcels:
        name = " ".join(part for part in (parcel.carrier, parcel.tracking_number) if part) or "without number"
        yield f"  parcel {name}: {parcel.state}" + (f" since {_at(parcel.state_at)}" if parcel.state_at else "")
        if parcel.expected_on:
            yield f"    expected on {parcel.expected_on}"
        yield from _last_scan(session, parcel)


def _last_scan(session: Session, parcel: Shipment) -> Iterator[str]:
    newest = select(Scan).where(Scan.shipment_id == parcel.id).order_by(col(Scan.happened_at).desc()).limit(1)
    for scan in session.exec(newest):
        told = "  ".join(part for part in (scan.status, scan.place, scan.remark) if part)
        yield f"    last scan {_at(scan.happened_at)}: {told}"


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
