"""What the flows did, and whether they kept their rules: counted from what arrived and from the rows beside it."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func
from sqlmodel import Session, col, select

from mailer.demo.customers import is_flow_mail, read_mail
from mailer.flows.definition import Flow
from mailer.flows.timing import zones_for
from mailer.model import (
    Attempt,
    Choice,
    Consent,
    Conversation,
    Customer,
    Delivery,
    DeliveryState,
    Direction,
    Enrollment,
    EnrollmentNote,
    EnrollmentState,
    FlowStep,
    Message,
    Order,
    Rating,
    ReturnRequest,
    Review,
    StepOutcome,
    Suppression,
)
from mailer.windows import is_open

_UNDER_WAY = (EnrollmentState.ACTIVE, EnrollmentState.PAUSED)
# What somebody may have recorded by a link.
_ANSWERS = (Rating, Review, Choice, ReturnRequest, Suppression, Consent)


@dataclass(frozen=True)
class Told:
    """The story as it was told: what the story's clock showed at a moment of ours, how exactly, and the flows."""

    at: Callable[[datetime], datetime]
    blur: timedelta
    flows: Mapping[str, Flow]
    zone: ZoneInfo
    now: datetime


@dataclass(frozen=True)
class Sent:
    """One mail of a flow that was handed over, when, and in which passage."""

    message_id: str
    enrollment: Enrollment
    step: FlowStep
    country: str | None
    province: str
    began: datetime


def flow_report(session: Session, mailboxes: Sequence[tuple[str, bytes]], told: Told) -> dict[str, Any]:
    """How many mails each flow sent, held and skipped, and how often each rule was broken."""
    sent = list(_sent(session))
    return {"flows": _by_flow(session, sent), "rules": _broken(session, sent, mailboxes, told)}


def answers(session: Session) -> dict[str, int]:
    """How many answers of each kind there are."""
    return {table.__name__: session.exec(select(func.count()).select_from(table)).one() for table in _ANSWERS}


def _sent(session: Session) -> Iterator[Sent]:
    rows = session.exec(
        select(Delivery, FlowStep, Enrollment, Message)
        .join(FlowStep, col(FlowStep.delivery_id) == Delivery.id)
        .join(Enrollment, col(Enrollment.id) == FlowStep.enrollment_id)
        .join(Message, col(Message.id) == Delivery.message_id)
        .where(col(Delivery.state).in_([DeliveryState.SENT, DeliveryState.BOUNCED]))
    )
    for delivery, step, enrollment, message in rows.all():
        order = session.get(Order, enrollment.order_id) if enrollment.order_id else None
        last = select(func.max(Attempt.started_at)).where(Attempt.delivery_id == delivery.id)
        began = session.exec(last).one()
        country, province = (order.country, order.province) if order else (None, "")
        yield Sent(message.internet_message_id, enrollment, step, country, province, began)


def _by_flow(session: Session, sent: Sequence[Sent]) -> dict[str, dict[str, int]]:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for one in sent:
        found[one.enrollment.flow]["sent"] += 1
    for flow, state, count in session.exec(
        select(Enrollment.flow, Enrollment.state, func.count()).group_by(col(Enrollment.flow), col(Enrollment.state))
    ):
        found[flow][EnrollmentState(state).value] += count
    held = select(Enrollment.flow, func.count(func.distinct(Enrollment.id))).join(
        EnrollmentNote, col(EnrollmentNote.enrollment_id) == Enrollment.id
    )
    for flow, count in session.exec(held.where(EnrollmentNote.what == "hold").group_by(col(Enrollment.flow))):
        found[flow]["held"] += count
    skipped = select(Enrollment.flow, func.count()).join(FlowStep, col(FlowStep.enrollment_id) == Enrollment.id)
    for flow, count in session.exec(
        skipped.where(FlowStep.outcome == StepOutcome.SKIPPED).group_by(col(Enrollment.flow))
    ):
        found[flow]["skipped"] += count
    return {flow: dict(counts) for flow, counts in sorted(found.items())}


def _broken(
    session: Session, sent: Sequence[Sent], mailboxes: Sequence[tuple[str, bytes]], told: Told
) -> dict[str, int]:
    arrived = Counter(str(read_mail(raw)["Message-ID"]) for _, raw in mailboxes if is_flow_mail(raw))
    once = Counter((one.enrollment.flow, one.step.step, one.enrollment.subject_id) for one in sent)
    known = {one.message_id for one in sent}
    return {
        "twice": sum(count - 1 for count in arrived.values()) + sum(count - 1 for count in once.values()),
        "lost": len(known - set(arrived)),
        "unknown": len(set(arrived) - _queued(session)),
        "in_quiet_hours": sum(not _in_window(one, told) for one in sent),
        "while_open": sum(_was_open(session, one) for one in sent),
        "after_exit": sum(_after_exit(one, told) for one in sent),
        "unexplained": _unexplained(session, told),
    }


def _queued(session: Session) -> set[str]:
    wanted = select(Message.internet_message_id).join(Delivery, col(Delivery.message_id) == Message.id)
    return set(session.exec(wanted.where(col(Delivery.enrollment_id).is_not(None))))


def _in_window(one: Sent, told: Told) -> bool:
    flow = told.flows.get(one.enrollment.flow)
    if flow is None or flow.window is None:
        return True
    zones = zones_for(flow, one.country, one.province, told.zone)
    at = told.at(one.began)
    # The story runs on between the question whether it is open and the row that says when that was.
    return any(is_open(at - step * told.blur, flow.window, zones) for step in (0, 1))


def _was_open(session: Session, one: Sent) -> bool:
    """Whether a customer's mail lay open when this feedback mail was handed over."""
    flow_kind = session.exec(select(Delivery.kind).where(Delivery.id == one.step.delivery_id)).one()
    if flow_kind == "transactional":
        return False
    wanted = (
        select(func.count())
        .select_from(Conversation)
        .join(Customer, col(Customer.id) == Conversation.customer_id)
        .join(Message, col(Message.conversation_id) == Conversation.id)
        .where(Customer.address == one.enrollment.address, Message.direction == Direction.IN)
        .where(Conversation.created_at < one.began, col(Message.created_at) < one.began)
        .where(col(Conversation.closed_at).is_(None) | (col(Conversation.closed_at) > one.began))
    )
    return session.exec(wanted).one() > 0


def _after_exit(one: Sent, told: Told) -> bool:
    ended = one.enrollment.ended_at if one.enrollment.state is EnrollmentState.EXITED else None
    return ended is not None and told.at(one.began) > ended + told.blur


def _unexplained(session: Session, told: Told) -> int:
    """Steps that were due and of which nothing says what became of them."""
    late = select(Enrollment).where(
        col(Enrollment.state).in_(_UNDER_WAY), col(Enrollment.due_at) < told.now - timedelta(minutes=1)
    )
    stuck = [one for one in session.exec(late) if not one.reason]
    silent = session.exec(select(FlowStep).where(FlowStep.outcome == StepOutcome.SKIPPED, FlowStep.reason == "")).all()
    left = select(Enrollment).where(Enrollment.state == EnrollmentState.EXITED, Enrollment.reason == "")
    return len(stuck) + len(silent) + len(session.exec(left).all())
