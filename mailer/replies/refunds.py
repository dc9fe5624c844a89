"""Is the money on its way back? The clock from the answer to a cancellation until the order is refunded."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from mailer.model import ClockKind, Conversation, Delivery, DeliveryState, Message, Order, ReplyClock, Shipment
from mailer.rendering.facts import state_of
from mailer.replies.clocks import Clocks
from mailer.replies.due import start_clock

# What was answered longer ago has its clock, or the job did not run for so long that a person looks anyway.
_LOOK_BACK = timedelta(days=14)
_PAID_BACK = frozenset({"refunded", "partially_refunded"})
_NOTHING_PAID = frozenset({"pending", "authorized", "unpaid", "voided", "expired"})


def look_after_refunds(session: Session, clocks: Clocks, *, now: datetime) -> None:
    """Start the clock of each refund that is owed, stop it where the order says that it was paid."""
    answered = select(ReplyClock).where(
        ReplyClock.kind == ClockKind.CANCELLATION,
        col(ReplyClock.stopped_at).is_(None) | (col(ReplyClock.stopped_at) > now - _LOOK_BACK),
    )
    for clock in session.exec(answered.order_by(col(ReplyClock.id))).all():
        order = _order_of(session, clock.conversation_id)
        started_at = _owed_since(session, clock, order) if order else None
        if started_at and not _has_clock(session, clock.conversation_id, clock.started_at):
            start_clock(session, clock.conversation_id, ClockKind.REFUND_PAID, clocks, started_at=started_at)
    _stop_paid(session, now)


def _owed_since(session: Session, clock: ReplyClock, order: Order) -> datetime | None:
    """When it was clear that the money goes back; None while it is not, or when there is none to give back."""
    if order.payment_state in _PAID_BACK | _NOTHING_PAID:
        return None
    if order.canceled_at is not None:
        return max(order.canceled_at, clock.started_at)
    parcels = session.exec(select(Shipment).where(Shipment.order_id == order.id)).all()
    is_refusal = state_of(order, parcels) != "not_shipped"
    return clock.stopped_at if clock.stopped_at and not is_refusal and _was_answered(session, clock) else None


def _was_answered(session: Session, clock: ReplyClock) -> bool:
    """Whether a reply stopped this clock, and nobody's decision that there is nothing to answer."""
    reply = (
        select(Delivery.id)
        .join(Message, col(Message.id) == Delivery.message_id)
        .where(
            Message.conversation_id == clock.conversation_id,
            Delivery.kind == "reply",
            Delivery.state == DeliveryState.SENT,
            Delivery.settled_at == clock.stopped_at,
        )
    )
    return session.exec(reply.limit(1)).first() is not None


def _has_clock(session: Session, conversation_id: int, since: datetime) -> bool:
    wanted = select(ReplyClock.id).where(
        ReplyClock.conversation_id == conversation_id,
        ReplyClock.kind == ClockKind.REFUND_PAID,
        col(ReplyClock.stopped_at).is_(None) | (col(ReplyClock.started_at) >= since),
    )
    return session.exec(wanted.limit(1)).first() is not None


def _stop_paid(session: Session, now: datetime) -> None:
    running = select(ReplyClock).where(ReplyClock.kind == ClockKind.REFUND_PAID, col(ReplyClock.stopped_at).is_(None))
    for clock in session.exec(running).all():
        order = _order_of(session, clock.conversation_id)
        if order is not None and order.payment_state in _PAID_BACK:
            clock.stopped_at = now


def _order_of(session: Session, conversation_id: int) -> Order | None:
    conversation = session.get_one(Conversation, conversation_id)
    return session.get(Order, conversation.order_id) if conversation.order_id else None
