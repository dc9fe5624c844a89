"""What an Event means to passages that are under way: it ends them, wakes them, or is remembered in `run`."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, select, update

from mailer.flows.answers import end_by_answer
from mailer.flows.definition import Flow
from mailer.flows.notes import note
from mailer.flows.situation import ON_ITS_WAY, concerns, ends
from mailer.flows.tally import GOAL
from mailer.flows.values import run_after
from mailer.model import (
    Delivery,
    DeliveryState,
    Enrollment,
    EnrollmentState,
    Event,
    Message,
    MessageState,
)
from mailer.outbound.passage import WAITS

REPLIED = "mail.replied"


def is_ready() -> ColumnElement[bool]:
    """Whether an Event can be taken: a customer's answer first when triage has said what it wants."""
    unread = select(Message.id).where(
        Message.id == col(Event.data)["message_id"].as_integer(),
        Message.state == MessageState.RECEIVED,
        col(Message.error).is_(None),
    )
    return or_(col(Event.kind) != REPLIED, ~unread.exists())


def pass_on(session: Session, event: Event, flows: Mapping[str, Flow], *, now: datetime, wall: datetime) -> None:
    """Let every passage near this Event know of it. `now` is the time in which flows live, `wall` the machine's."""
    for enrollment in session.exec(
        select(Enrollment).where(_near(event)).order_by(col(Enrollment.id)).with_for_update()
    ):
        _remember(enrollment, event, now)
        flow = flows.get(enrollment.flow)
        if flow is not None and event.kind == flow.goal and _reaches_goal(event, enrollment):
            note(session, enrollment, GOAL, event.kind, now=now)
        if flow is not None and event.kind in flow.exit_on and ends(event, enrollment):
            end(session, enrollment, event.kind, now=now)
        _wake(session, enrollment, now, wall)
    if event.kind == REPLIED:
        end_by_answer(session, event, flows, end, now=now)


def end(session: Session, enrollment: Enrollment, reason: str, *, now: datetime) -> bool:
    """No step of it is sent any more; a mail that is queued is withheld by the guard. Whether that changed anything."""
    if enrollment.state == EnrollmentState.EXITED:
        return False
    if enrollment.state == EnrollmentState.FINISHED and not _has_mail_on_its_way(session, enrollment):
        return False
    enrollment.state, enrollment.reason = EnrollmentState.EXITED, reason
    enrollment.step, enrollment.due_at, enrollment.ended_at = None, None, now
    enrollment.version, enrollment.updated_at = enrollment.version + 1, now
    note(session, enrollment, "exit", reason, now=now)
    return True


def _near(event: Event) -> ColumnElement[bool]:
    """The passages that an Event may concern: of its order, its subject or its customer."""
    reasons = [and_(col(Enrollment.subject_kind) == event.subject_kind, col(Enrollment.subject_id) == event.subject_id)]
    if event.order_id is not None:
        reasons.append(col(Enrollment.order_id) == event.order_id)
    if event.address:
        # Whose passages of other orders matter only while something of this customer is open.
        open_ones = col(Enrollment.state).in_([EnrollmentState.ACTIVE, EnrollmentState.PAUSED])
        others = open_ones if event.order_id is not None else col(Enrollment.id) > 0
        reasons.append(and_(col(Enrollment.address) == event.address, others))
    return or_(*reasons)


def _reaches_goal(event: Event, enrollment: Enrollment) -> bool:
    """Whether an Event is about this passage, or this customer where it is a customer's, and did not let it in."""
    concerned = _concerned(event, enrollment)
    if enrollment.subject_kind == "customer":
        concerned = bool(event.address) and event.address == enrollment.address
    return concerned and event.id != enrollment.event_id


def _remember(enrollment: Enrollment, event: Event, now: datetime) -> None:
    if not _concerned(event, enrollment):
        return
    run = run_after(enrollment.run, event.kind, event.data)
    if run != enrollment.run:
        enrollment.run, enrollment.updated_at = run, now
        enrollment.version += 1


def _concerned(event: Event, enrollment: Enrollment) -> bool:
    """An answer to one of our mails is about the passage that sent it, and no other."""
    asked = event.data.get("enrollment_id")
    return bool(asked == enrollment.id) if asked else concerns(event, enrollment)


def _wake(session: Session, enrollment: Enrollment, now: datetime, wall: datetime) -> None:
    """What waits for something that is open looks again: the passage, and its mail that is queued."""
    if enrollment.state == EnrollmentState.PAUSED and enrollment.due_at is not None:
        enrollment.due_at, enrollment.version = min(enrollment.due_at, now), enrollment.version + 1
    session.exec(
        update(Delivery)
        .where(
            col(Delivery.enrollment_id) == enrollment.id,
            col(Delivery.state) == DeliveryState.QUEUED,
            col(Delivery.next_attempt_at) > wall,
            col(Delivery.reason).startswith(WAITS),
        )
        .values(next_attempt_at=wall)
    )


def _has_mail_on_its_way(session: Session, enrollment: Enrollment) -> bool:
    waiting = select(Delivery.id).where(Delivery.enrollment_id == enrollment.id, col(Delivery.state).in_(ON_ITS_WAY))
    return session.exec(waiting.limit(1)).first() is not None
