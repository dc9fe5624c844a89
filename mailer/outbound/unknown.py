"""What became of a mail whose worker died, or whose relay fell silent, after the body left?

For fifteen minutes look for a Sighting of its Message-ID. Then a person decides; only a relay that config declares
to show everything we send makes "never seen" mean "not sent". Nothing is ever sent again blindly.
"""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from mailer.errors import Conflict, NotFound
from mailer.model import Attempt, Delivery, DeliveryState, Message, Sighting
from mailer.outbound.settle import expire, sent

# Whether one of these arrived is no question for a person.
_NO_QUESTION = ("acknowledgement", "marketing", "test")
LOOK_FOR = timedelta(minutes=15)


def settle_unknown(session: Session, *, sightings_complete: bool, now: datetime) -> int:
    """Settle each unknown delivery that can be; how many were."""
    unknown = select(Delivery).where(Delivery.state == DeliveryState.UNKNOWN)
    deliveries = session.exec(unknown.with_for_update(skip_locked=True)).all()
    return sum(_settle_one(session, delivery, sightings_complete, now) for delivery in deliveries)


def decide(session: Session, delivery_id: int, *, arrived: bool, agent_id: int, now: datetime) -> None:
    """A person decides: it arrived, or send it again with the same Message-ID. Raises Conflict, NotFound."""
    wanted = select(Delivery).where(Delivery.id == delivery_id).with_for_update()
    delivery = session.exec(wanted).first()
    if delivery is None:
        raise NotFound(f"there is no delivery {delivery_id}")
    if delivery.state != DeliveryState.UNKNOWN:
        raise Conflict(f"delivery {delivery_id} is {delivery.state.value}, not unknown; nothing was changed")
    if arrived:
        sent(session, delivery, f"agent {agent_id} says that it arrived", now=now)
    else:
        _queue_again(delivery, f"agent {agent_id} asked to send it again", now)


def _settle_one(session: Session, delivery: Delivery, sightings_complete: bool, now: datetime) -> bool:
    message = session.get_one(Message, delivery.message_id)
    seen = select(Sighting).where(Sighting.internet_message_id == message.internet_message_id)
    sighting = session.exec(seen.limit(1)).first()
    if sighting is not None:
        sent(session, delivery, f"seen in {sighting.place}", now=now)
        return True
    if delivery.kind in _NO_QUESTION and now - _since(session, delivery, now) > LOOK_FOR:
        expire(session, delivery, "nobody knows whether it arrived, and a second one would be worse than none", now=now)
        return True
    if sightings_complete and now - _since(session, delivery, now) > LOOK_FOR:
        _queue_again(delivery, "nowhere to be seen where everything shows", now)
        return True
    return False


def _since(session: Session, delivery: Delivery, now: datetime) -> datetime:
    tries = select(Attempt.started_at).where(Attempt.delivery_id == delivery.id)
    return delivery.settled_at or session.exec(tries.order_by(col(Attempt.number).desc())).first() or now


def _queue_again(delivery: Delivery, reason: str, now: datetime) -> None:
    delivery.state = DeliveryState.QUEUED
    delivery.reason = reason
    delivery.next_attempt_at = now
    delivery.settled_at = None
