"""What a person lets go: mails of a manual flow that they looked at, and a mail of an order that was not sent.

Released steps are decided anew: whatever speaks against a mail by now still counts.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlmodel import Session, col, select

from mailer.errors import Conflict, InputError, NotFound
from mailer.flows.definition import Flow
from mailer.flows.looked_at import of_batch
from mailer.flows.notes import note
from mailer.model import Delivery, DeliveryState, Enrollment, EnrollmentState, FlowStep, StepOutcome

# Consent is the recipient's; no agent can give it for them.
_NEEDS_CONSENT = ("feedback", "marketing")


def release(session: Session, flow: Flow, looked_at: Mapping[int, str], *, by: str, now: datetime) -> int:
    """Let these steps go, each as the mail of its mark reads, as far as nothing speaks against it now; how many.

    What came after the look is not among them. What reads otherwise by the time it goes is batched again.
    """
    released = _steps(session, flow, looked_at)
    for step, enrollment in released:
        told = {"released": True, "looked_at": looked_at[step.id or 0]}
        _again(session, step, enrollment, told, f"{by} released it", now)
    return len(released)


def skip_batch(session: Session, flow: Flow, steps: Collection[int], *, by: str, now: datetime) -> int:
    """Never send these; the next steps follow. How many steps."""
    skipped = _steps(session, flow, steps)
    for step, enrollment in skipped:
        step.outcome, step.reason = StepOutcome.SKIPPED, f"{by} skipped it"
        following = flow.after(step.step)
        note(session, enrollment, "skip", step.reason, step=step.step, now=now)
        enrollment.version, enrollment.updated_at, enrollment.reason = enrollment.version + 1, now, ""
        if following is None:
            enrollment.state, enrollment.step, enrollment.due_at = EnrollmentState.FINISHED, None, None
            enrollment.ended_at = now
        else:
            enrollment.state, enrollment.step, enrollment.due_at = EnrollmentState.ACTIVE, following.id, now
    return len(skipped)


def send_skipped_anyway(session: Session, step_id: int, *, agent_id: int, reason: str, now: datetime) -> None:
    """Let a mail of an order go that was skipped because nobody may write there; who and why is kept.

    Raises Conflict where it would be unlawful or was not skipped, InputError without a reason, NotFound.
    """
    if not reason.strip():
        raise InputError("reason", ["say why it is to go nevertheless; it is kept beside your name"])
    step = session.exec(select(FlowStep).where(FlowStep.id == step_id).with_for_update()).first()
    if step is None:
        raise NotFound(f"there is no step {step_id}; `mailer outbox skipped` shows them")
    if (kind := step.rests_on.get("kind")) in _NEEDS_CONSENT:
        raise Conflict(f"step {step_id} is {kind}: without the recipient's consent nobody may send it")
    if step.outcome is not StepOutcome.SKIPPED:
        raise Conflict(f"step {step_id} is {step.outcome.value}, not skipped; nothing was changed")
    enrollment = session.exec(select(Enrollment).where(Enrollment.id == step.enrollment_id).with_for_update()).one()
    if enrollment.state == EnrollmentState.EXITED:
        raise Conflict(f"the flow of step {step_id} has ended: {enrollment.reason}; nothing was changed")
    if _is_on_its_way(session, enrollment):
        raise Conflict("another mail of the same flow is on its way; try again once it was sent")
    overruled = {"overruled": {"agent_id": agent_id, "reason": reason.strip(), "was": step.reason}, "released": True}
    _again(session, step, enrollment, overruled, f"agent {agent_id} sends it anyway: {reason.strip()}", now)


def _steps(session: Session, flow: Flow, ids: Collection[int]) -> list[tuple[FlowStep, Enrollment]]:
    wanted = of_batch(flow, FlowStep, Enrollment).where(col(FlowStep.id).in_(list(ids)))
    return list(session.exec(wanted.order_by(col(Enrollment.id)).with_for_update()).all())


def _again(
    session: Session, step: FlowStep, enrollment: Enrollment, told: Mapping[str, object], words: str, now: datetime
) -> None:
    step.outcome, step.reason, step.rests_on = StepOutcome.AGAIN, words, dict(told)
    enrollment.state, enrollment.step, enrollment.due_at = EnrollmentState.ACTIVE, step.step, now
    enrollment.reason, enrollment.ended_at = "", None
    enrollment.version, enrollment.updated_at = enrollment.version + 1, now
    note(session, enrollment, "release", words, step=step.step, now=now)


def _is_on_its_way(session: Session, enrollment: Enrollment) -> bool:
    queued = select(Delivery.id).where(Delivery.enrollment_id == enrollment.id, Delivery.state == DeliveryState.QUEUED)
    return session.exec(queued.limit(1)).first() is not None
