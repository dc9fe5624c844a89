"""What a person does with one passage: take it out of its flow, or let its next mail go before its time."""

from datetime import datetime

from sqlmodel import Session, select

from mailer.errors import Conflict, InputError, NotFound
from mailer.flows.definition import Flow
from mailer.flows.notes import note
from mailer.flows.passing import end
from mailer.model import Enrollment, EnrollmentState, FlowStep, StepOutcome

_UNDER_WAY = (EnrollmentState.ACTIVE, EnrollmentState.PAUSED)
_OPEN = (StepOutcome.AGAIN, StepOutcome.BATCHED)


def take_out(session: Session, enrollment_id: int, *, version: int, reason: str, by: str, now: datetime) -> None:
    """Send no mail of this passage any more; one that is queued is withheld. Who and why is kept.

    Raises InputError without a reason, Conflict when it moved meanwhile or is over, NotFound.
    """
    if not reason.strip():
        raise InputError("reason", ["say why; your colleagues will read it"])
    enrollment = _read(session, enrollment_id, version)
    if not end(session, enrollment, f"{by} took it out: {reason.strip()}", now=now):
        raise Conflict("it is over already; nothing was changed")


def send_now(session: Session, flow: Flow, enrollment_id: int, *, version: int, by: str, now: datetime) -> None:
    """Let the next mail of a passage go without its wait; all else that speaks against it is asked as ever.

    Raises Conflict when it moved meanwhile, is over, or its flow is a draft, NotFound.
    """
    enrollment = _read(session, enrollment_id, version)
    if enrollment.state not in _UNDER_WAY or enrollment.step is None or flow.step(enrollment.step) is None:
        raise Conflict("no mail of it is to come; nothing was changed")
    if flow.status == "draft":
        raise Conflict("the flow is a draft, so nothing of it is sent; make it manual or live first")
    mine = select(FlowStep).where(FlowStep.enrollment_id == enrollment_id, FlowStep.step == enrollment.step)
    step = session.exec(mine.with_for_update()).one_or_none()
    if step is not None and step.outcome not in _OPEN:
        raise Conflict("this step is decided already; nothing was changed")
    if step is None:
        step = FlowStep(enrollment_id=enrollment_id, step=enrollment.step, outcome=StepOutcome.AGAIN, decided_at=now)
        # It was not written yet: the first mail of a step has the number 1.
        step.attempt = 0
        session.add(step)
    step.outcome, step.reason, step.decided_at = StepOutcome.AGAIN, f"{by} sends it now", now
    step.rests_on = {"released": True, "at_once": True}
    enrollment.state, enrollment.due_at, enrollment.reason = EnrollmentState.ACTIVE, now, ""
    enrollment.version, enrollment.updated_at = enrollment.version + 1, now
    note(session, enrollment, "send now", step.reason, step=step.step, now=now)


def _read(session: Session, enrollment_id: int, version: int) -> Enrollment:
    found = session.exec(select(Enrollment).where(Enrollment.id == enrollment_id).with_for_update()).one_or_none()
    if found is None:
        raise NotFound(f"there is no passage {enrollment_id}")
    if found.version != version:
        raise Conflict("it moved on meanwhile; look at it again")
    return found
