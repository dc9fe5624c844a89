"""Why was this sent, held or not sent, and what comes next: the past and the future of one order, gate by gate."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from mailer.calendars import in_words
from mailer.errors import InputError, NotFound
from mailer.flows.condition import holds
from mailer.flows.decide import may_enter
from mailer.flows.definition import Flow
from mailer.flows.events import OPEN_MATTERS
from mailer.flows.situation import Passage, read_passages
from mailer.flows.subjects import read_subjects
from mailer.flows.terms import Terms
from mailer.flows.verdict import verdict
from mailer.model import (
    Delivery,
    Enrollment,
    EnrollmentNote,
    EnrollmentState,
    FlowStep,
    Order,
    number_key,
)
from mailer.windows import next_open

_UNDER_WAY = (EnrollmentState.ACTIVE, EnrollmentState.PAUSED)


@dataclass(frozen=True)
class Moment:
    """Something that happened to a passage."""

    at: datetime
    what: str
    step: str
    reason: str


@dataclass(frozen=True)
class Gate:
    """One question that is asked before a mail goes, and its answer now."""

    name: str
    is_open: bool
    words: str


@dataclass(frozen=True)
class Chapter:
    """One flow and one order: what was, how it stands, which gates the next step has before it, what follows."""

    flow: str
    subject: str
    standing: str
    past: Sequence[Moment] = ()
    gates: Sequence[Gate] = ()
    then: Sequence[str] = ()


def find_order(session: Session, number: str) -> Order:
    """The order of that number. Raises NotFound."""
    found = session.exec(select(Order).where(Order.number_key == number_key(number))).first()
    if found is None:
        raise NotFound(f"there is no order {number}; `mailer orders list` shows those that we know")
    return found


def explain(session: Session, order: Order, flows: Mapping[str, Flow], terms: Terms, *, now: datetime) -> list[Chapter]:
    """Every flow that has to do with this order, and why each of the others has not."""
    mine = select(Enrollment).where(Enrollment.order_id == order.id).order_by(col(Enrollment.id))
    enrollments = list(session.exec(mine))
    passages = {one.enrollment.id: one for one in read_passages(session, enrollments, flows, terms, now=now)}
    told = [_chapter(session, one, passages.get(one.id), flows.get(one.flow)) for one in enrollments]
    entered = {one.flow for one in enrollments}
    outside = [flow for flow in flows.values() if flow.id not in entered]
    return [*told, *(_outside(session, order, flow, terms, now) for flow in outside)]


def chapter_of(
    session: Session, enrollment: Enrollment, flows: Mapping[str, Flow], terms: Terms, *, now: datetime
) -> Chapter:
    """The past and the future of one passage."""
    passages = read_passages(session, [enrollment], flows, terms, now=now)
    return _chapter(session, enrollment, passages[0] if passages else None, flows.get(enrollment.flow))


def gates(passage: Passage) -> Iterator[Gate]:
    """Each question in the order in which it is asked, with its answer now."""
    now, flow, step = passage.situation, passage.flow, passage.step
    ended = sorted(flow.exit_on & now.happened)
    yield Gate("exit", not ended, ended[0] if ended else f"none of {', '.join(sorted(flow.exit_on)) or 'nothing'} came")
    if flow.give_up_after is not None:
        until = now.entered_at + flow.give_up_after
        yield Gate("time", now.now < until, f"it is given up at {_said(until, passage)}")
    if step.expires is not None:
        until = now.due_at + step.expires
        yield Gate("expiry", now.now < until, f"it is no news after {_said(until, passage)}")
    held = sorted(flow.pause & now.open)
    yield Gate("open matters", not held, "; ".join(OPEN_MATTERS[one] for one in held) or "nothing is open")
    yield Gate("due", now.now >= now.due_at, f"due {_said(now.due_at, passage)}")
    if passage.before is not None:
        yield Gate("the mail before", False, f"delivery {passage.before.id} is {passage.before.state.value}")
    if flow.window is not None:
        opens = next_open(max(now.now, now.due_at), flow.window, now.zones)
        yield Gate("quiet hours", opens <= now.now, f"mails may leave from {_said(opens, passage)} on")
    if step.condition:
        yield _condition(step.condition, passage)
    yield Gate("may be written to", not now.blocked, now.blocked or "nothing speaks against it")
    if flow.cap is not None:
        since = [one for one in now.written if one > now.now - flow.cap.span]
        yield Gate("cap", len(since) < flow.cap.count, f"{len(since)} of at most {flow.cap}")
    yield Gate("status", flow.status == "live", f"the flow is {flow.status}")


def _condition(condition: str, passage: Passage) -> Gate:
    try:
        return Gate("condition", holds(condition, passage.situation.values), condition)
    except InputError as error:
        return Gate("condition", False, f"{condition} cannot be worked out: {error.problems[0]}")


def _chapter(session: Session, enrollment: Enrollment, passage: Passage | None, flow: Flow | None) -> Chapter:
    under_way = enrollment.state in _UNDER_WAY
    reason = f": {enrollment.reason}" if enrollment.reason else ""
    standing = f"{enrollment.state.value}{reason}"
    if under_way and passage is not None:
        decision = verdict(passage)
        standing = f"{enrollment.state.value} at step {passage.step.id}; now: {type(decision).__name__.lower()}"
        standing += f" ({decision.reason})"
    elif under_way:
        standing += "; its flow or its step is not in service"
    return Chapter(
        flow=enrollment.flow,
        subject=f"{enrollment.subject_kind} {enrollment.subject_id}",
        standing=standing,
        past=_past(session, enrollment),
        gates=tuple(gates(passage)) if under_way and passage is not None else (),
        then=_then(flow, enrollment) if under_way and flow is not None else (),
    )


def _past(session: Session, enrollment: Enrollment) -> list[Moment]:
    notes = session.exec(select(EnrollmentNote).where(EnrollmentNote.enrollment_id == enrollment.id))
    found = [Moment(one.at, one.what, one.step, one.reason) for one in notes]
    steps = session.exec(select(FlowStep).where(FlowStep.enrollment_id == enrollment.id))
    found += [_moment(session, one) for one in steps]
    return sorted(found, key=lambda one: one.at)


def _moment(session: Session, step: FlowStep) -> Moment:
    delivery = session.get(Delivery, step.delivery_id) if step.delivery_id else None
    words = f"delivery {delivery.id} is {delivery.state.value}: {delivery.reason}" if delivery else step.reason
    return Moment(step.decided_at, step.outcome.value, step.step, words)


def _then(flow: Flow, enrollment: Enrollment) -> list[str]:
    """What follows the next step, if that is sent."""
    following, told = flow.after(enrollment.step), []
    while following is not None:
        condition = f", if {following.condition}" if following.condition else ""
        wait = following.wait
        apart = "" if str(wait.home) == str(wait.abroad) else f" (abroad {wait.abroad})"
        told.append(f"{following.id}: {following.send}, {wait.home}{apart} after the step before{condition}")
        following = flow.after(following.id)
    return told


def _outside(session: Session, order: Order, flow: Flow, terms: Terms, now: datetime) -> Chapter:
    """Why an order is not in a flow, as its conditions read now."""
    fallback = flow.trigger.fallback
    waits = f"it waits for {flow.trigger.event}" + (f" or {fallback.event}" if fallback else "")
    if flow.status == "draft":
        return Chapter(flow.id, flow.trigger.per, "not in it: the flow is a draft")
    candidate = Enrollment(
        key="",
        flow=flow.id,
        subject_kind=flow.trigger.per,
        subject_id=order.id or 0,
        order_id=order.id,
        address=order.email,
        anchor_at=now,
        entered_at=now,
        updated_at=now,
    )
    subjects = read_subjects(session, [candidate], {flow.id: flow}, terms, now=now)
    try:
        refused = may_enter(flow, subjects.values(candidate, flow))
    except InputError as error:
        refused = error.problems[0]
    return Chapter(flow.id, flow.trigger.per, f"not in it: {refused}" if refused else f"not in it: {waits}")


def _said(moment: datetime, passage: Passage) -> str:
    zone = passage.situation.zones[0]
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M} ({zone.key}, {_apart(moment, passage.situation.now)})"


def _apart(moment: datetime, now: datetime) -> str:
    return f"in {in_words(moment - now)}" if moment > now else f"{in_words(now - moment)} ago"
