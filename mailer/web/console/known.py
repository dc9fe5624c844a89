"""What we know beside the mails: the customer's other matters, parcels, permissions, promises, mails of flows, money.

A fixed number of questions to the database, however much there is to know.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from mailer.model import (
    Compensation,
    Consent,
    Conversation,
    Customer,
    Delivery,
    DeliveryState,
    Draft,
    Enrollment,
    EnrollmentState,
    FlowStep,
    Order,
    Refund,
    ReturnRequest,
    Scan,
    StepOutcome,
    Suppression,
)
from mailer.replies.queue import Item
from mailer.web.console.words import fact_name

_MOST = 10
_MOST_SCANS = 100
_MOST_ANSWERS = 20
_LEFT_US = (DeliveryState.SENT, DeliveryState.HANDING_OVER, DeliveryState.UNKNOWN)
_RUNS_ON = (EnrollmentState.ACTIVE, EnrollmentState.PAUSED)


@dataclass(frozen=True)
class Promise:
    """A day that a mail of ours named, under the name of its fact (the shop itself: none), and when we said so."""

    day: date
    name: str
    said_at: datetime
    conversation_id: int | None


@dataclass(frozen=True)
class Step:
    """One mail of a flow: what became of it, and why."""

    flow: str
    step: str
    outcome: StepOutcome
    delivery: DeliveryState | None
    at: datetime
    reason: str


@dataclass(frozen=True)
class Known:
    """All of it, each list the newest first."""

    # Scans of the parcels, by the parcel's id.
    scans: Mapping[int, Sequence[Scan]]
    others: Sequence[Conversation]
    others_count: int
    orders: Sequence[Order]
    consents: Sequence[Consent]
    suppressions: Sequence[Suppression]
    promises: Sequence[Promise]
    steps: Sequence[Step]
    coming: Sequence[Enrollment]
    returns: Sequence[ReturnRequest]
    refunds: Sequence[Refund]
    compensations: Sequence[Compensation]


def known_of(session: Session, item: Item) -> Known:
    """What there is to know of this customer and this order."""
    customer, order_id = item.customer, item.order.id if item.order else None
    others = _others(session, item)
    return Known(
        scans=_scans(session, item),
        others=others[:_MOST],
        others_count=_count_others(session, item) if len(others) > _MOST else len(others),
        orders=_orders(session, customer, order_id),
        consents=_consents(session, customer.address),
        suppressions=_suppressions(session, customer.address),
        promises=[*_promised_by_shop(item), *_promises(session, item)][:_MOST],
        steps=_steps(session, customer.address, order_id),
        coming=_coming(session, customer.address, order_id),
        returns=_of_order_or_address(session, ReturnRequest, "requested_at", customer.address, order_id),
        refunds=_refunds(session, order_id),
        compensations=_of_order_or_address(session, Compensation, "given_at", customer.address, order_id),
    )


def _scans(session: Session, item: Item) -> dict[int, list[Scan]]:
    found: dict[int, list[Scan]] = {}
    if item.shipments:
        wanted = select(Scan).where(col(Scan.shipment_id).in_([one.id for one in item.shipments]))
        for scan in session.exec(wanted.order_by(col(Scan.happened_at).desc(), col(Scan.id).desc()).limit(_MOST_SCANS)):
            found.setdefault(scan.shipment_id, []).append(scan)
    return found


def _others(session: Session, item: Item) -> list[Conversation]:
    wanted = select(Conversation).where(
        Conversation.customer_id == item.customer.id, Conversation.id != item.conversation.id
    )
    return list(session.exec(wanted.order_by(col(Conversation.updated_at).desc()).limit(_MOST + 1)))


def _count_others(session: Session, item: Item) -> int:
    wanted = select(func.count(col(Conversation.id))).where(Conversation.customer_id == item.customer.id)
    return session.exec(wanted).one() - 1


def _orders(session: Session, customer: Customer, shown: int | None) -> Sequence[Order]:
    if not customer.address:
        return []
    wanted = select(Order).where(Order.email == customer.address, Order.id != (shown or 0))
    return session.exec(wanted.order_by(col(Order.placed_at).desc()).limit(_MOST)).all()


def _consents(session: Session, address: str) -> list[Consent]:
    """The newest word for each stream: that one counts."""
    wanted = select(Consent).where(Consent.address == address).order_by(col(Consent.given_at).desc()).limit(50)
    newest: dict[str, Consent] = {}
    for consent in session.exec(wanted):
        newest.setdefault(consent.stream, consent)
    return list(newest.values())


def _suppressions(session: Session, address: str) -> Sequence[Suppression]:
    wanted = select(Suppression).where(Suppression.address == address, col(Suppression.lifted_at).is_(None))
    return session.exec(wanted.order_by(col(Suppression.since).desc())).all()


def _promised_by_shop(item: Item) -> Iterator[Promise]:
    if item.order and item.order.promised_on:
        yield Promise(item.order.promised_on, "", item.order.placed_at, None)


def _promises(session: Session, item: Item) -> list[Promise]:
    """The days that answers and mails of flows to this customer named, each day of a fact as it was said last."""
    answers = (
        select(Delivery.settled_at, Delivery.queued_at, Draft.facts, Draft.conversation_id)
        .join(Draft, col(Draft.id) == Delivery.draft_id)
        .join(Conversation, col(Conversation.id) == Draft.conversation_id)
        .where(Conversation.customer_id == item.customer.id, col(Delivery.state).in_(_LEFT_US))
    )
    by_flows = (
        select(Delivery.settled_at, Delivery.queued_at, FlowStep.facts, Enrollment.id)
        .join(FlowStep, col(FlowStep.delivery_id) == Delivery.id)
        .join(Enrollment, col(Enrollment.id) == FlowStep.enrollment_id)
        .where(Enrollment.address == item.customer.address, col(Delivery.state).in_(_LEFT_US))
    )
    found: dict[tuple[str, date], Promise] = {}
    for query, is_answer in ((answers, True), (by_flows, False)):
        for settled, queued, facts, number in session.exec(
            query.order_by(col(Delivery.id).desc()).limit(_MOST_ANSWERS)
        ):
            for name, day in days_in(facts):
                found.setdefault((name, day), Promise(day, name, settled or queued, number if is_answer else None))
    return sorted(found.values(), key=lambda promise: promise.said_at, reverse=True)


def days_in(facts: Mapping[str, Any]) -> Iterator[tuple[str, date]]:
    """The facts of a mail that are days which may still have been to come when it was written."""
    for path, entry in facts.items():
        value = entry.get("value") if isinstance(entry, dict) else None
        if not isinstance(value, str) or len(value) != len("2026-01-01"):
            continue
        try:
            day = date.fromisoformat(value)
            said = datetime.fromisoformat(entry["at"]).date()
        except (ValueError, KeyError):
            continue
        if day >= said:
            yield fact_name(path), day


def _steps(session: Session, address: str, order_id: int | None) -> list[Step]:
    wanted = (
        select(FlowStep, Enrollment.flow, Delivery.state)
        .join(Enrollment, col(Enrollment.id) == FlowStep.enrollment_id)
        .outerjoin(Delivery, col(Delivery.id) == FlowStep.delivery_id)
        .where(_belongs(address, order_id))
        .order_by(col(FlowStep.decided_at).desc(), col(FlowStep.id).desc())
        .limit(_MOST)
    )
    rows: Sequence[Any] = session.exec(wanted).all()
    return [
        Step(flow, step.step, step.outcome, state, step.sent_at or step.decided_at, step.reason)
        for step, flow, state in rows
    ]


def _coming(session: Session, address: str, order_id: int | None) -> Sequence[Enrollment]:
    """Passages with a step to come, the next one first; one without a time waits for something to happen."""
    wanted = select(Enrollment).where(
        _belongs(address, order_id), col(Enrollment.state).in_(_RUNS_ON), col(Enrollment.step).is_not(None)
    )
    return session.exec(wanted.order_by(col(Enrollment.due_at).is_(None), col(Enrollment.due_at)).limit(_MOST)).all()


def _belongs(address: str, order_id: int | None) -> Any:
    own = col(Enrollment.address) == address
    return or_(own, col(Enrollment.order_id) == order_id) if order_id else own


def _of_order_or_address(session: Session, kind: Any, at: str, address: str, order_id: int | None) -> Sequence[Any]:
    here = or_(kind.address == address, kind.order_id == order_id) if order_id else kind.address == address
    return session.exec(select(kind).where(here).order_by(getattr(kind, at).desc()).limit(_MOST)).all()


def _refunds(session: Session, order_id: int | None) -> Sequence[Refund]:
    if order_id is None:
        return []
    wanted = select(Refund).where(Refund.order_id == order_id)
    return session.exec(wanted.order_by(col(Refund.refunded_at).desc()).limit(_MOST)).all()
