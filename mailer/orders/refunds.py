"""Money that went back for an order: a row for each refund, and the events that all of it or some of it did."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sqlmodel import Session, select

from mailer.db import insert_once
from mailer.model import Order, Refund
from mailer.orders.events import record_order_event, row_id
from mailer.orders.source import RefundIn, as_amount


def record_refunds(session: Session, order: Order, refunds: Sequence[RefundIn], *, at: datetime, now: datetime) -> bool:
    """Keep each refund once, and say what went back; whether one was new. `at` stands for a time that is not told."""
    new = [refund for refund in refunds if _keep(session, order, refund, at)]
    state = order.payment_state or ""
    if new or state in ("refunded", "partially_refunded"):
        _record_events(session, order, state, at=at, now=now)
    return bool(new)


def _keep(session: Session, order: Order, refund: RefundIn, at: datetime) -> bool:
    if not refund.amount and not refund.lines:
        return False
    row = Refund(
        order_id=row_id(order),
        external_id=refund.id or f"{refund.amount}@{(refund.refunded_at or at).isoformat()}",
        amount=str(refund.amount) if refund.amount else "",
        currency=refund.in_currency or order.currency or "",
        note=refund.note or refund.reason,
        lines=refund.lines,
        refunded_at=refund.refunded_at or at,
        raw=refund.raw,
    )
    return insert_once(session, row)


def _record_events(session: Session, order: Order, state: str, *, at: datetime, now: datetime) -> None:
    rows = session.exec(select(Refund).where(Refund.order_id == order.id)).all()
    paid = [row for row in rows if row.amount]
    last = max((row.refunded_at for row in paid), default=at)
    if state == "refunded" or _is_all(order, paid):
        record_order_event(session, order, "order.refunded", at=last, now=now)
        return
    for row in paid:
        part, when = row.external_id, row.refunded_at
        record_order_event(session, order, "order.partly_refunded", part=part, at=when, now=now)
    if not paid and state == "partially_refunded":
        record_order_event(session, order, "order.partly_refunded", at=at, now=now)


def _is_all(order: Order, paid: Sequence[Refund]) -> bool:
    total = as_amount(order.total)
    return bool(total) and sum((as_amount(row.amount) for row in paid), Decimal()) >= total
