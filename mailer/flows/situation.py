"""What the rows say of passages through flows, read for a batch at once: all that a decision rests on."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeGuard

from sqlalchemy import or_
from sqlmodel import Session, col, select

from mailer.errors import InputError
from mailer.flows.decide import Situation
from mailer.flows.definition import Flow, Step
from mailer.flows.subjects import Subjects, read_subjects
from mailer.flows.terms import Terms
from mailer.flows.timing import due_at, zones_for
from mailer.model import (
    Consent,
    Delivery,
    DeliveryState,
    Enrollment,
    Event,
    FlowStep,
    Order,
    StepOutcome,
    Suppression,
)
from mailer.outbound.address import mailable
from mailer.outbound.consent import marketplace_forbids, may_write
from mailer.outbound.open_matters import open_matters_of

# A mail in one of these states may still leave, so what comes after it waits.
ON_ITS_WAY = frozenset(
    {
        DeliveryState.UNDOABLE,
        DeliveryState.QUEUED,
        DeliveryState.SENDING,
        DeliveryState.HANDING_OVER,
        DeliveryState.HELD,
        DeliveryState.UNKNOWN,
    }
)
_WRITTEN = (*ON_ITS_WAY, DeliveryState.SENT, DeliveryState.BOUNCED, DeliveryState.COMPLAINED)
_COUNTED_KINDS = ("feedback", "marketing")
# "review_invitation:order:17"; a later round has its number behind.
_COLONS_OF_FIRST = 2


@dataclass(frozen=True)
class Passage:
    """One enrollment as it was read, and what a decision on its next step rests on."""

    enrollment: Enrollment
    flow: Flow
    step: Step
    situation: Situation
    order: Order | None = None
    # The row of this very step, where it was batched or is to be decided anew.
    decided: FlowStep | None = None
    # The mail of the step before is still on its way.
    before: Delivery | None = None
    # By its fallback, and no step of it is decided yet.
    enters_now: bool = False


def read_passages(
    session: Session, enrollments: Sequence[Enrollment], flows: Mapping[str, Flow], terms: Terms, *, now: datetime
) -> list[Passage]:
    """What the rows say of these. Those whose flow or step is not there are left out."""
    known = [one for one in enrollments if (flow := flows.get(one.flow)) and one.step and flow.step(one.step)]
    rows = _read_rows(session, known, flows, terms, now)
    return [_passage(session, one, flows[one.flow], rows, terms, now) for one in known]


@dataclass(frozen=True)
class _Rows:
    subjects: Subjects
    open: Mapping[tuple[int | None, str], frozenset[str]]
    happened: Mapping[int, frozenset[str]]
    steps: Mapping[int, list[FlowStep]]
    deliveries: Mapping[int, Delivery]
    written: Mapping[str, list[datetime]]
    # Addresses of which a suppression or a consent is known: of all others nothing is.
    marked: frozenset[str]


def _read_rows(
    session: Session, enrollments: Sequence[Enrollment], flows: Mapping[str, Flow], terms: Terms, now: datetime
) -> _Rows:
    steps = _steps(session, enrollments)
    deliveries = _deliveries(session, [step for some in steps.values() for step in some])
    capped = [one for one in enrollments if flows[one.flow].cap is not None]
    longest = max((cap.span for one in capped if (cap := flows[one.flow].cap)), default=timedelta())
    return _Rows(
        subjects=read_subjects(session, enrollments, flows, terms, now=now),
        open=open_matters_of(session, [(one.order_id, one.address) for one in enrollments]),
        happened=endings(session, enrollments, flows),
        steps=steps,
        deliveries=deliveries,
        written=_written(session, capped, now - longest, now),
        marked=_marked(session, {one.address for one in enrollments}),
    )


def _passage(session: Session, enrollment: Enrollment, flow: Flow, rows: _Rows, terms: Terms, now: datetime) -> Passage:
    step = flow.step(enrollment.step or "")
    if step is None:
        raise LookupError(f"flow {flow.id} has no step {enrollment.step}")
    taken = rows.steps.get(enrollment.id or 0, [])
    before = step_before(taken, step)
    delivery = rows.deliveries.get(before.delivery_id or 0) if before else None
    country, province = rows.subjects.destination(enrollment)
    zones = zones_for(flow, country, province, terms.zone)
    due = due_at(
        step,
        anchor_of(enrollment, before),
        home=terms.is_home(country),
        zone=zones[0],
        calendar=terms.calendar,
        at_once=enrollment.by_fallback and before is None,
    )
    decided = next((one for one in taken if one.step == step.id), None)
    if is_at_once(decided):
        due = min(due, decided.decided_at)
    situation = Situation(
        flow=flow,
        step=step,
        due_at=due,
        entered_at=enrollment.anchor_at,
        now=now,
        values=rows.subjects.values(enrollment, flow),
        zones=zones,
        happened=rows.happened.get(enrollment.id or 0, frozenset()),
        open=rows.open[enrollment.order_id, enrollment.address],
        blocked="" if overruled(flow, decided) else _blocked(session, enrollment, flow, step, rows, country, terms),
        written=rows.written.get(enrollment.address, ()),
    )
    return Passage(
        enrollment=enrollment,
        flow=flow,
        step=step,
        situation=situation,
        order=rows.subjects.order(enrollment),
        decided=decided,
        before=delivery if delivery is not None and delivery.state in ON_ITS_WAY else None,
        enters_now=enrollment.by_fallback and all(is_at_once(one) for one in taken),
    )


def is_at_once(decided: FlowStep | None) -> TypeGuard[FlowStep]:
    """Whether a person let this step go before its time."""
    return decided is not None and decided.outcome is StepOutcome.AGAIN and bool(decided.rests_on.get("at_once"))


def overruled(flow: Flow, decided: FlowStep | None) -> Mapping[str, Any] | None:
    """Who sends this step anyway, and why; only of what belongs to an order."""
    if decided is None or decided.outcome is not StepOutcome.AGAIN or flow.kind != "transactional":
        return None
    return decided.rests_on.get("overruled")


def step_before(taken: Sequence[FlowStep], step: Step) -> FlowStep | None:
    """What was decided last, this step itself aside."""
    return max((one for one in taken if one.step != step.id), key=lambda one: one.decided_at, default=None)


def anchor_of(enrollment: Enrollment, before: FlowStep | None) -> datetime:
    """From when the step's wait counts: the entrance, or when the step before was sent or decided."""
    if before is None:
        return enrollment.anchor_at
    return before.sent_at or before.decided_at


def _steps(session: Session, enrollments: Sequence[Enrollment]) -> dict[int, list[FlowStep]]:
    found: dict[int, list[FlowStep]] = defaultdict(list)
    wanted = select(FlowStep).where(col(FlowStep.enrollment_id).in_([one.id for one in enrollments]))
    for step in session.exec(wanted):
        found[step.enrollment_id].append(step)
    return found


def _deliveries(session: Session, steps: Sequence[FlowStep]) -> dict[int, Delivery]:
    ids = [one.delivery_id for one in steps if one.delivery_id is not None]
    if not ids:
        return {}
    return {one.id or 0: one for one in session.exec(select(Delivery).where(col(Delivery.id).in_(ids)))}


def endings(
    session: Session, enrollments: Sequence[Enrollment], flows: Mapping[str, Flow]
) -> dict[int, frozenset[str]]:
    """For each passage, the kinds of Events that concern it and end it."""
    ending = frozenset[str]().union(*(flows[one.flow].exit_on for one in enrollments)) if enrollments else ()
    if not ending:
        return {}
    orders = [one.order_id for one in enrollments if one.order_id is not None]
    addresses = sorted({one.address for one in enrollments if one.address})
    wanted = select(Event).where(
        col(Event.kind).in_(sorted(ending)), or_(col(Event.order_id).in_(orders), col(Event.address).in_(addresses))
    )
    return ends_of(enrollments, flows, session.exec(wanted).all())


def ends_of(
    enrollments: Iterable[Enrollment], flows: Mapping[str, Flow], events: Sequence[Event]
) -> dict[int, frozenset[str]]:
    """Which kinds of these Events end which of these passages."""
    by_address: dict[str, list[Event]] = defaultdict(list)
    by_order: dict[int, list[Event]] = defaultdict(list)
    for event in events:
        by_address[event.address].append(event)
        if event.order_id is not None:
            by_order[event.order_id].append(event)
    found = {}
    for one in enrollments:
        near = [*by_address.get(one.address, ()), *by_order.get(one.order_id or 0, ())]
        exits = flows[one.flow].exit_on
        found[one.id or 0] = frozenset(event.kind for event in near if event.kind in exits and ends(event, one))
    return found


def concerns(event: Event, enrollment: Enrollment) -> bool:
    """Whether an Event is about this passage: its very subject, else its order, else its customer."""
    if event.subject_kind == enrollment.subject_kind:
        return event.subject_id == enrollment.subject_id
    if event.order_id is not None and enrollment.order_id is not None:
        return event.order_id == enrollment.order_id
    return bool(event.address) and event.address == enrollment.address


def ends(event: Event, enrollment: Enrollment) -> bool:
    """Whether an Event that ends its flow ends this passage.

    In the first round whenever its order or parcel had it; of the customer alone, and in a later round, only what
    happened since it began.
    """
    of_customer = enrollment.order_id is None or event.order_id != enrollment.order_id
    of_itself = event.subject_kind == enrollment.subject_kind != "customer"
    is_first = enrollment.key.count(":") == _COLONS_OF_FIRST
    if not concerns(event, enrollment):
        return False
    # By the fallback it counts from a moment to come.
    began_at = min(enrollment.anchor_at, enrollment.entered_at)
    return event.occurred_at >= began_at or (is_first and (of_itself or not of_customer))


def _written(
    session: Session, capped: Sequence[Enrollment], since: datetime, now: datetime
) -> dict[str, list[datetime]]:
    """When feedback and marketing mails went, or will in a moment, to these addresses."""
    addresses = sorted({one.address for one in capped if one.address})
    if not addresses:
        return {}
    wanted = (
        select(Enrollment.address, FlowStep.sent_at)
        .join(FlowStep, col(FlowStep.enrollment_id) == Enrollment.id)
        .join(Delivery, col(Delivery.id) == FlowStep.delivery_id)
        .where(
            col(Enrollment.address).in_(addresses),
            FlowStep.outcome == StepOutcome.QUEUED,
            col(Delivery.kind).in_(_COUNTED_KINDS),
            col(Delivery.state).in_(_WRITTEN),
            or_(col(FlowStep.sent_at).is_(None), col(FlowStep.sent_at) > since),
        )
    )
    found: dict[str, list[datetime]] = defaultdict(list)
    for address, sent_at in session.exec(wanted):
        # What is on its way goes in a moment.
        found[address].append(sent_at or now)
    return found


def _marked(session: Session, addresses: set[str]) -> frozenset[str]:
    some = sorted(addresses)
    stopped = select(Suppression.address).where(
        col(Suppression.address).in_(some), col(Suppression.lifted_at).is_(None)
    )
    told = select(Consent.address).where(col(Consent.address).in_(some))
    return frozenset([*session.exec(stopped), *session.exec(told)])


def _blocked(
    session: Session, enrollment: Enrollment, flow: Flow, step: Step, rows: _Rows, country: str | None, terms: Terms
) -> str:
    """Why nobody may write there, in words; empty when we may."""
    if not enrollment.address:
        return "no address is known"
    try:
        mailable(enrollment.address)
    except InputError as error:
        return error.problems[0]
    order = rows.subjects.order(enrollment)
    if order is not None and step.send in terms.sources.of(order.source).platform_sends:
        return "the shop's platform sends this itself (platform_sends)"
    if order is not None and order.marketplace and (forbidden := marketplace_forbids(flow.kind)):
        return forbidden
    nothing_known = enrollment.address not in rows.marked
    if nothing_known and (
        flow.kind == "transactional" or (flow.kind == "feedback" and not terms.consent.asks(country))
    ):
        return ""
    return may_write(session, enrollment.address, flow.kind, country, terms.consent)
