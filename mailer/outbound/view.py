"""What the outbox looks like to a person: what waits, what ended badly, and why."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from mailer.errors import NotFound
from mailer.model import Attempt, AutomaticAnswer, Delivery, DeliveryState, Hold, HoldScope, Message, SendAnyway

# What a person may want to look at; what went well is asked for by name.
OPEN = (
    DeliveryState.UNDOABLE,
    DeliveryState.QUEUED,
    DeliveryState.SENDING,
    DeliveryState.HANDING_OVER,
    DeliveryState.HELD,
    DeliveryState.UNKNOWN,
    DeliveryState.WITHHELD,
    DeliveryState.FAILED,
    DeliveryState.EXPIRED,
    DeliveryState.BOUNCED,
    DeliveryState.COMPLAINED,
)


@dataclass(frozen=True)
class Seen:
    """One delivery with all that is known of it."""

    delivery: Delivery
    message: Message
    attempts: Sequence[Attempt]
    holds: Sequence[Hold]
    sent_anyway: SendAnyway | None


def deliveries(session: Session, states: Sequence[DeliveryState], *, limit: int = 50) -> list[Delivery]:
    """Deliveries in these states, the newest first."""
    wanted = select(Delivery).where(col(Delivery.state).in_(states))
    return list(session.exec(wanted.order_by(col(Delivery.id).desc()).limit(limit)))


def one(session: Session, delivery_id: int) -> Seen:
    """A delivery with its message, its tries and its holds. Raises NotFound."""
    delivery = session.get(Delivery, delivery_id)
    if delivery is None:
        raise NotFound(f"there is no delivery {delivery_id}")
    attempts = select(Attempt).where(Attempt.delivery_id == delivery_id).order_by(col(Attempt.number))
    return Seen(
        delivery,
        session.get_one(Message, delivery.message_id),
        list(session.exec(attempts)),
        [hold for hold in open_holds(session) if hold.subject in (str(delivery_id), delivery.recipient.lower(), "")],
        session.get(SendAnyway, delivery_id),
    )


def open_holds(session: Session) -> list[Hold]:
    """Every stop that stands, the stop of everything first."""
    holds = session.exec(select(Hold).where(col(Hold.released_at).is_(None)).order_by(col(Hold.id)))
    return sorted(holds, key=lambda hold: hold.scope != HoldScope.ALL)


def stopped_automatic(session: Session, *, limit: int = 50) -> list[AutomaticAnswer]:
    """Mails that got no acknowledgement, with what stopped it; the newest first."""
    wanted = select(AutomaticAnswer).where(col(AutomaticAnswer.delivery_id).is_(None))
    return list(session.exec(wanted.order_by(col(AutomaticAnswer.id).desc()).limit(limit)))
