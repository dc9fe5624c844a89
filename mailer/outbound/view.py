"""What the outbox looks like to a person: what waits, what ended badly, and why."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from mailer.errors import NotFound
from mailer.model import (
    Attempt,
    AutomaticAnswer,
    Delivery,
    DeliveryState,
    Enrollment,
    FlowStep,
    Hold,
    HoldScope,
    Message,
    SendAnyway,
    StepOutcome,
)

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
    flow: str = ""
    step: str = ""


def deliveries(session: Session, states: Sequence[DeliveryState], *, limit: int = 50) -> list[Delivery]:
    """Deliveries in these states, the newest first."""
    wanted = select(Delivery).where(col(Delivery.state).in_(states))
    return list(session.exec(wanted.order_by(col(Delivery.id).desc()).limit(limit)))


def one(session: Session, delivery_id: int) -> Seen:
    """A delivery with its message, its tries and its holds. Raises NotFound."""
    delivery = session.get(Delivery, delivery_id)
    if delivery is None:
        raise NotFound(f"there is no delivery {delivery_id}")
    flow, step = flow_of(session, delivery)
    attempts = select(Attempt).where(Attempt.delivery_id == delivery_id).order_by(col(Attempt.number))
    return Seen(
        delivery,
        session.get_one(Message, delivery.message_id),
        list(session.exec(attempts)),
        [hold for hold in open_holds(session) if _holds(hold, delivery, flow)],
        session.get(SendAnyway, delivery_id),
        flow,
        step,
    )


def _holds(hold: Hold, delivery: Delivery, flow: str) -> bool:
    subjects = {
        HoldScope.ALL: "",
        HoldScope.ADDRESS: delivery.recipient.lower(),
        HoldScope.DELIVERY: str(delivery.id),
        HoldScope.FLOW: flow or None,
    }
    return hold.subject == subjects.get(hold.scope)


def open_holds(session: Session) -> list[Hold]:
    """Every stop that stands, the stop of everything first."""
    holds = session.exec(select(Hold).where(col(Hold.released_at).is_(None)).order_by(col(Hold.id)))
    return sorted(holds, key=lambda hold: hold.scope != HoldScope.ALL)


@dataclass(frozen=True)
class Skipped:
    """A mail that a flow did not send, and to whom."""

    step: FlowStep
    enrollment: Enrollment


def skipped_steps(session: Session, flow: str = "", *, limit: int = 50) -> list[Skipped]:
    """Steps of flows that sent no mail, each with its reason; the newest first."""
    wanted = select(FlowStep, Enrollment).join(Enrollment, col(Enrollment.id) == FlowStep.enrollment_id)
    unsent = wanted.where(FlowStep.outcome == StepOutcome.SKIPPED)
    if flow:
        unsent = unsent.where(Enrollment.flow == flow)
    found = session.exec(unsent.order_by(col(FlowStep.id).desc()).limit(limit))
    return [Skipped(step, enrollment) for step, enrollment in found]


def flow_of(session: Session, delivery: Delivery) -> tuple[str, str]:
    """The flow and the step that a delivery belongs to; nothing twice for a mail that no flow sends."""
    if delivery.enrollment_id is None:
        return "", ""
    mine = select(FlowStep.step).where(FlowStep.delivery_id == delivery.id)
    enrollment = session.get(Enrollment, delivery.enrollment_id)
    return (enrollment.flow if enrollment else ""), session.exec(mine).first() or ""


def stopped_automatic(session: Session, *, limit: int = 50) -> list[AutomaticAnswer]:
    """Mails that got no acknowledgement, with what stopped it; the newest first."""
    wanted = select(AutomaticAnswer).where(col(AutomaticAnswer.delivery_id).is_(None))
    return list(session.exec(wanted.order_by(col(AutomaticAnswer.id).desc()).limit(limit)))
