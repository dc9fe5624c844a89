"""Payloads that spoke of an order before anybody told us of it are read again when it comes."""

from sqlmodel import Session, col, select, update

from mailer.model import Order, PayloadState, Shipment, SourcePayload


def wake_payloads(session: Session, order: Order) -> int:
    """Let what waits for this order or one of its parcels be read; how many payloads that are."""
    parcels = session.exec(select(Shipment).where(Shipment.order_id == order.id)).all()
    numbers = [name for parcel in parcels for name in (parcel.tracking_number, parcel.external_id)]
    names = {name for name in (order.external_id, order.number_key, order.number, *numbers) if name}
    waiting = (
        update(SourcePayload)
        .where(col(SourcePayload.state) == PayloadState.WAITING, col(SourcePayload.waits_for).in_(sorted(names)))
        .values(state=PayloadState.STORED, waits_for="", reason="")
    )
    return session.exec(waiting).rowcount


def wake_those_whose_order_is_there(session: Session, limit: int = 1000) -> int:
    """As `wake_payloads` for all orders: what was put to wait while its order was being written; how many."""
    waiting = select(SourcePayload).where(SourcePayload.state == PayloadState.WAITING)
    rows = session.exec(waiting.order_by(col(SourcePayload.id).desc()).limit(limit)).all()
    names = sorted({row.waits_for for row in rows})
    known = {*session.exec(select(Order.external_id).where(col(Order.external_id).in_(names)))}
    known |= {*session.exec(select(Order.number_key).where(col(Order.number_key).in_(names)))}
    known |= {*session.exec(select(Shipment.tracking_number).where(col(Shipment.tracking_number).in_(names)))}
    known |= {*session.exec(select(Shipment.external_id).where(col(Shipment.external_id).in_(names)))}
    there = [row for row in rows if row.waits_for in known]
    for row in there:
        row.state, row.waits_for, row.reason = PayloadState.STORED, "", ""
    return len(there)
