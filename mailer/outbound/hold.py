"""Stops on sending: on one delivery, an address or a flow, or on everything (the big red stop)."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from mailer.errors import Conflict, InputError, NotFound
from mailer.model import Delivery, DeliveryState, Enrollment, Hold, HoldScope, settle_alarm
from mailer.outbound.relays import ask_at_once

MAILER = "Mailer"
_WAITING = (DeliveryState.UNDOABLE, DeliveryState.QUEUED)


def stopped(session: Session) -> Hold | None:
    """The stop of everything, if one is put."""
    return standing(session, HoldScope.ALL, "")


def stop(session: Session, *, by: str, reason: str, now: datetime) -> bool:
    """Send nothing any more until `resume`; False when all was stopped already. Bodies in flight finish."""
    return put_hold(session, HoldScope.ALL, "", by, reason, now)


def resume(session: Session, *, by: str, now: datetime) -> bool:
    """Send again, and ask a resting relay at once; whether it was stopped. No mail expires by the time of a stop."""
    hold = stopped(session)
    ask_at_once(session, now=now)
    if hold is None:
        return False
    release_hold(hold, by, now)
    for kind in ("clock", "restore"):
        settle_alarm(session, kind, "sending", now)
    waiting = select(Delivery).where(col(Delivery.state).in_(_WAITING), col(Delivery.expires_at).is_not(None))
    _give_time_back(session.exec(waiting.with_for_update()), hold.put_at, now)
    return True


def stop_flow(session: Session, flow: str, *, by: str, reason: str, now: datetime) -> bool:
    """Send nothing of this flow, and let nobody move on in it; False when it was stopped already."""
    if not put_hold(session, HoldScope.FLOW, flow, by, reason, now):
        return False
    for delivery in _of_flow(session, flow, _WAITING):
        put_aside(delivery, _words(by, reason), now=now)
    return True


def resume_flow(session: Session, flow: str, *, by: str, now: datetime) -> int:
    """Let a flow go on; how many of its mails that were ready go now. Raises NotFound."""
    hold = standing(session, HoldScope.FLOW, flow)
    if hold is None:
        raise NotFound(f"the flow {flow} is not stopped")
    release_hold(hold, by, now)
    settle_alarm(session, "canary", flow, now)
    mine = [one for one in _of_flow(session, flow, (DeliveryState.HELD,)) if not _held_itself(session, one)]
    _requeue(mine, now)
    return len(mine)


def hold_address(session: Session, address: str, *, by: str, reason: str, now: datetime) -> int:
    """Send nothing to this address; how many deliveries are held now. Raises InputError, Conflict."""
    subject = address.strip().lower()
    if "@" not in subject:
        raise InputError("address", [f'"{address}" is no mail address'])
    if not put_hold(session, HoldScope.ADDRESS, subject, by, reason, now):
        raise Conflict(f"mails to {subject} are held already")
    waiting = select(Delivery).where(col(Delivery.state).in_(_WAITING))
    mine = [one for one in session.exec(waiting.with_for_update()) if one.recipient.lower() == subject]
    for delivery in mine:
        put_aside(delivery, _words(by, reason), now=now)
    return len(mine)


def hold_delivery(session: Session, delivery_id: int, *, by: str, reason: str, now: datetime) -> None:
    """Send this mail later, or never: a person decides. Raises Conflict, NotFound."""
    delivery = locked(session, delivery_id)
    if delivery.state not in _WAITING:
        raise Conflict(f"delivery {delivery_id} is {delivery.state.value}; only what waits can be held")
    put_hold(session, HoldScope.DELIVERY, str(delivery_id), by, reason, now)
    put_aside(delivery, _words(by, reason), now=now)


def release_address(session: Session, address: str, *, by: str, now: datetime) -> int:
    """Send to this address again; how many deliveries go. Raises NotFound."""
    subject = address.strip().lower()
    hold = standing(session, HoldScope.ADDRESS, subject)
    if hold is None:
        raise NotFound(f"mails to {subject} are not held")
    release_hold(hold, by, now)
    held = session.exec(select(Delivery).where(Delivery.state == DeliveryState.HELD).with_for_update())
    mine = [one for one in held if one.recipient.lower() == subject and not _held_itself(session, one)]
    _requeue(mine, now)
    return len(mine)


def release_delivery(session: Session, delivery_id: int, *, by: str, now: datetime) -> None:
    """Let a held mail go; what else speaks against it is asked again. Raises Conflict, NotFound."""
    delivery = locked(session, delivery_id)
    if delivery.state != DeliveryState.HELD:
        raise Conflict(f"delivery {delivery_id} is {delivery.state.value}, not held")
    if hold := standing(session, HoldScope.DELIVERY, str(delivery_id)):
        release_hold(hold, by, now)
    _requeue([delivery], now)


def held_because(session: Session, recipient: str) -> str:
    """Why mails to this address are held; empty when they are not."""
    hold = standing(session, HoldScope.ADDRESS, recipient.lower())
    return _words(hold.put_by, hold.reason) if hold else ""


def flow_held_because(session: Session, enrollment_id: int) -> str:
    """Why the flow of this passage sends nothing; empty when it does."""
    mine = select(Hold).join(Enrollment, col(Enrollment.flow) == Hold.subject)
    wanted = mine.where(Enrollment.id == enrollment_id, Hold.scope == HoldScope.FLOW, col(Hold.released_at).is_(None))
    hold = session.exec(wanted).first()
    return _words(hold.put_by, hold.reason) if hold else ""


def put_aside(delivery: Delivery, words: str, *, now: datetime) -> None:
    """Let a delivery lie until somebody releases it."""
    delivery.state, delivery.reason, delivery.held_at, delivery.undo_until = DeliveryState.HELD, words, now, None


def locked(session: Session, delivery_id: int) -> Delivery:
    """A delivery that nobody else changes meanwhile. Raises NotFound."""
    delivery = session.exec(select(Delivery).where(Delivery.id == delivery_id).with_for_update()).first()
    if delivery is None:
        raise NotFound(f"there is no delivery {delivery_id}")
    return delivery


def put_hold(session: Session, scope: HoldScope, subject: str, by: str, reason: str, now: datetime) -> bool:
    """Put a stop; False when one stands."""
    if standing(session, scope, subject) is not None:
        return False
    session.add(Hold(scope=scope, subject=subject, reason=reason, put_by=by, put_at=now))
    session.flush()
    return True


def standing(session: Session, scope: HoldScope, subject: str) -> Hold | None:
    """The stop that stands on this subject."""
    wanted = select(Hold).where(Hold.scope == scope, Hold.subject == subject, col(Hold.released_at).is_(None))
    return session.exec(wanted).first()


def _of_flow(session: Session, flow: str, states: Sequence[DeliveryState]) -> Sequence[Delivery]:
    mine = select(Delivery).join(Enrollment, col(Delivery.enrollment_id) == Enrollment.id)
    wanted = mine.where(Enrollment.flow == flow, col(Delivery.state).in_(states))
    return session.exec(wanted.with_for_update(of=Delivery)).all()


def _held_itself(session: Session, delivery: Delivery) -> bool:
    return standing(session, HoldScope.DELIVERY, str(delivery.id)) is not None


def release_hold(hold: Hold, by: str, now: datetime) -> None:
    """Take a stop away; it stays as a row."""
    hold.released_by, hold.released_at = by, now


def _requeue(deliveries: Iterable[Delivery], now: datetime) -> None:
    for delivery in deliveries:
        _give_time_back([delivery], delivery.held_at or now, now)
        delivery.state, delivery.reason, delivery.held_at = DeliveryState.QUEUED, "", None
        delivery.next_attempt_at = now


def _give_time_back(deliveries: Iterable[Delivery], since: datetime, now: datetime) -> None:
    for delivery in deliveries:
        if delivery.expires_at is not None and now > since:
            # Queued in the middle of the stop, it lost only the rest of it.
            delivery.expires_at += now - max(since, delivery.queued_at)


def _words(by: str, reason: str) -> str:
    return f"held by {by}: {reason}" if reason else f"held by {by}"
