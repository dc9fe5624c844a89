"""What was decided on passages becomes rows: steps, mails, pauses, ends; everything is asked once more here."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from mailer.db import insert_once
from mailer.flows.decide import Exit, Hold, Send, Skip, Wait
from mailer.flows.definition import Flow
from mailer.flows.looked_at import CHANGED, reads_otherwise
from mailer.flows.mail import Written, asked_already, attempt_of
from mailer.flows.notes import note
from mailer.flows.queueing import Queueing, has_place
from mailer.flows.situation import Passage, is_at_once, read_passages
from mailer.flows.terms import Terms
from mailer.flows.timing import due_at
from mailer.flows.verdict import Item, is_batched, verdict
from mailer.model import (
    Customer,
    Enrollment,
    EnrollmentState,
    FlowStep,
    StepOutcome,
    raise_alarm,
)
from mailer.outbound.passage import BEFORE

_HOLD_AGAIN = timedelta(minutes=30)
# A file that changes wakes what waits for it; this is for what began to wait in that very moment.
_FILE_AGAIN = timedelta(hours=6)
_UNDER_WAY = (EnrollmentState.ACTIVE, EnrollmentState.PAUSED)
_OPEN_OUTCOMES = (StepOutcome.AGAIN, StepOutcome.BATCHED)
# Reasons that are the ordinary course of things and need no note.
_QUIET = ("due ", BEFORE)


def record(
    session: Session,
    items: Sequence[Item],
    flows: Mapping[str, Flow],
    terms: Terms,
    *,
    now: datetime,
    wall: datetime,
) -> None:
    """Carry out these decisions. A row that changed meanwhile is left for the next round.

    `now` is the time in which flows live, `wall` the machine's.
    """
    by_id = {item.enrollment.id: item for item in items}
    rows = [one for one in _locked(session, by_id) if one.version == by_id[one.id].version]
    _lock_capped(session, rows, flows)
    passages = {one.enrollment.id: one for one in read_passages(session, rows, flows, terms, now=now)}
    queueing = Queueing(session, terms, now=now, wall=wall)
    for enrollment in rows:
        passage = passages.get(enrollment.id)
        if passage is None:
            _lay_aside(session, enrollment, flows, now)
        elif not _moved_house(session, passage, now):
            _carry_out(session, passage, by_id[enrollment.id], queueing, terms, now)
    queueing.finish()


def set_aside(session: Session, item: Item, error: str, *, now: datetime) -> None:
    """What cannot be recorded waits, and a person hears of it."""
    for enrollment in _locked(session, {item.enrollment.id: item}):
        _hold(session, enrollment, Hold(f"its mail could not be queued: {error}", mistake=True), now)


def _locked(session: Session, ids: Mapping[int | None, Item]) -> Sequence[Enrollment]:
    wanted = select(Enrollment).where(col(Enrollment.id).in_(list(ids)), col(Enrollment.state).in_(_UNDER_WAY))
    return session.exec(wanted.order_by(col(Enrollment.id)).with_for_update()).all()


def _lock_capped(session: Session, enrollments: Sequence[Enrollment], flows: Mapping[str, Flow]) -> None:
    """Of two workers who write to one address, the second counts the mail of the first."""
    capped = sorted({one.address for one in enrollments if (flow := flows.get(one.flow)) and flow.cap is not None})
    if capped:
        wanted = select(Customer.id).where(col(Customer.address).in_(capped)).order_by(col(Customer.id))
        session.exec(wanted.with_for_update(key_share=True)).all()


def _lay_aside(session: Session, enrollment: Enrollment, flows: Mapping[str, Flow], now: datetime) -> None:
    """Without its flow or its step nothing can be decided: it waits until the file says otherwise."""
    flow = flows.get(enrollment.flow)
    if flow is not None and enrollment.step is not None and flow.step(enrollment.step) is None:
        reason = f"the flow has no step {enrollment.step} any more"
    else:
        reason = "the file of its flow is gone"
    _pause(session, enrollment, reason, now + _FILE_AGAIN, now)


def _moved_house(session: Session, passage: Passage, now: datetime) -> bool:
    """Whether the order belongs to another address now: the passage goes on there, and is decided for it anew."""
    enrollment, order = passage.enrollment, passage.order
    if order is None or not order.email or order.email == enrollment.address:
        return False
    enrollment.address, enrollment.version = order.email, enrollment.version + 1
    insert_once(session, Customer(address=order.email, created_at=now))
    note(session, enrollment, "address", "the order has another address now", now=now)
    return True


def _carry_out(session: Session, passage: Passage, item: Item, queueing: Queueing, terms: Terms, now: datetime) -> None:
    enrollment = passage.enrollment
    if passage.flow.status == "draft":
        _pause(session, enrollment, "the flow is a draft", now + _FILE_AGAIN, now)
        return
    if passage.decided is not None and passage.decided.outcome not in _OPEN_OUTCOMES:
        # A step before it was decided anew; this one was decided already, and is never decided twice.
        move_on(session, passage, terms, now=now)
        return
    decision = verdict(passage)
    if isinstance(decision, Send) and isinstance(item.decision, Hold):
        # It could not be written.
        decision = item.decision
    match decision:
        case Send():
            _send(session, passage, item.written, queueing, terms, now)
        case Wait(until, reason):
            _wait(session, enrollment, until, reason, now)
        case Hold():
            _hold(session, enrollment, decision, now)
        case Skip(reason):
            step = step_row(session, passage, StepOutcome.SKIPPED, reason, now)
            step.rests_on = {**step.rests_on, "kind": passage.flow.kind}
            note(session, enrollment, "skip", reason, step=step.step, now=now)
            move_on(session, passage, terms, now=now)
        case Exit(reason):
            _exit(session, enrollment, reason, now)


def _send(
    session: Session, passage: Passage, written: Written | None, queueing: Queueing, terms: Terms, now: datetime
) -> None:
    enrollment, step = passage.enrollment, passage.step
    if is_batched(passage):
        _batch(session, passage, "waits until a person releases it", now)
        return
    if (talk := asked_already(session, passage)) is not None:
        step_row(session, passage, StepOutcome.IN_CONVERSATION, "the customer asked already; the answer tells it", now)
        if passage.order is not None:
            # The answer that waits is looked at again: it may rest on what we learnt of the order.
            passage.order.recorded_at = now
        note(session, enrollment, "in conversation", f"told in conversation {talk.id}", step=step.id, now=now)
        move_on(session, passage, terms, now=now)
        return
    if written is None:
        return
    if reads_otherwise(passage, written):
        _batch(session, passage, CHANGED, now)
        return
    if wait := has_place(session, passage, written, terms, now=now, queueing=queueing):
        if wait.reason:
            _wait(session, enrollment, wait.until, wait.reason, now)
        return
    at_once = {"at_once": True} if is_at_once(passage.decided) else {}
    row = step_row(session, passage, StepOutcome.QUEUED, "", now)
    row.template, row.locale, row.made_from = written.mail.template, written.mail.locale, written.mail.made_from
    row.rests_on = {**written.rests_on, **at_once}
    row.facts, row.fingerprint = written.facts.stored(), written.facts.fingerprint
    queueing.add(passage, row, written)
    move_on(session, passage, terms, now=now)


def _batch(session: Session, passage: Passage, reason: str, now: datetime) -> None:
    step_row(session, passage, StepOutcome.BATCHED, reason, now).rests_on = {}
    _pause(session, passage.enrollment, f"`mailer flows release {passage.flow.id}` lets it go", None, now)


def step_row(session: Session, passage: Passage, outcome: StepOutcome, reason: str, now: datetime) -> FlowStep:
    """The row of this step with what became of it; unique, so that it is decided once."""
    row = passage.decided
    if row is None:
        row = FlowStep(enrollment_id=passage.enrollment.id or 0, step=passage.step.id, outcome=outcome, decided_at=now)
        session.add(row)
    row.attempt = attempt_of(passage)
    row.outcome, row.reason, row.decided_at = outcome, reason, now
    return row


def move_on(session: Session, passage: Passage, terms: Terms, *, now: datetime) -> None:
    """The next step is the passage's; without one it is finished."""
    enrollment, following = passage.enrollment, passage.flow.after(passage.step.id)
    _change(enrollment, now)
    if following is None:
        enrollment.state, enrollment.reason = EnrollmentState.FINISHED, ""
        enrollment.step, enrollment.due_at, enrollment.ended_at = None, None, now
        return
    country = passage.situation.values["customer"]["country"]
    enrollment.state, enrollment.reason, enrollment.step = EnrollmentState.ACTIVE, "", following.id
    enrollment.due_at = enrollment.first_due_at = due_at(
        following, now, home=terms.is_home(country), zone=passage.situation.zones[0], calendar=terms.calendar
    )


def _wait(session: Session, enrollment: Enrollment, until: datetime, reason: str, now: datetime) -> None:
    if enrollment.state == EnrollmentState.PAUSED:
        note(session, enrollment, "release", "", step=enrollment.step or "", now=now)
    if enrollment.reason != reason and not reason.startswith(_QUIET):
        note(session, enrollment, "wait", reason, step=enrollment.step or "", now=now)
    enrollment.state, enrollment.reason, enrollment.due_at = EnrollmentState.ACTIVE, reason, until
    _change(enrollment, now)


def _hold(session: Session, enrollment: Enrollment, hold: Hold, now: datetime) -> None:
    if hold.mistake:
        raise_alarm(session, "flow", enrollment.flow, hold.reason, now)
    _pause(session, enrollment, hold.reason, now + _HOLD_AGAIN, now)


def _pause(session: Session, enrollment: Enrollment, reason: str, again_at: datetime | None, now: datetime) -> None:
    if enrollment.state != EnrollmentState.PAUSED or enrollment.reason != reason:
        note(session, enrollment, "hold", reason, step=enrollment.step or "", now=now)
    enrollment.state, enrollment.reason, enrollment.due_at = EnrollmentState.PAUSED, reason, again_at
    _change(enrollment, now)


def _exit(session: Session, enrollment: Enrollment, reason: str, now: datetime) -> None:
    enrollment.state, enrollment.reason = EnrollmentState.EXITED, reason
    enrollment.step, enrollment.due_at, enrollment.ended_at = None, None, now
    note(session, enrollment, "exit", reason, now=now)
    _change(enrollment, now)


def _change(enrollment: Enrollment, now: datetime) -> None:
    enrollment.version, enrollment.updated_at = enrollment.version + 1, now
