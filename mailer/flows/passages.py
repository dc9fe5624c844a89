"""The passages of one flow in lists: who is in it, what was sent, skipped or is held, and why; a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlmodel import Session, col, select

from mailer.errors import NotFound
from mailer.model import Enrollment, EnrollmentState, FlowStep, Order, StepOutcome

PAGE = 25


Sort = Literal["inside", "held", "sent", "skipped", "ended"]


@dataclass(frozen=True)
class Listed:
    """One line: the passage, the order that it is about, and the step that the list is of."""

    enrollment: Enrollment
    order: Order | None
    step: FlowStep | None = None

    @property
    def at(self) -> datetime | None:
        """The moment by which the list is sorted."""
        if self.step is not None:
            return self.step.sent_at or self.step.decided_at
        return self.enrollment.ended_at or self.enrollment.due_at


def listed(
    session: Session, flow_id: str, sort: Sort, *, reason: str = "", page: int = 1
) -> tuple[Sequence[Listed], bool]:
    """One page of a list, and whether there are more."""
    wanted = _steps(flow_id, sort, reason) if sort in ("sent", "skipped") else _passages(flow_id, sort, reason)
    rows = session.exec(wanted.offset((page - 1) * PAGE).limit(PAGE + 1)).all()
    return [Listed(*row) for row in rows[:PAGE]], len(rows) > PAGE


def passage_of(session: Session, flow_id: str, enrollment_id: int) -> Listed:
    """One passage of this flow. Raises NotFound."""
    found = session.get(Enrollment, enrollment_id)
    if found is None or found.flow != flow_id:
        raise NotFound(f"the flow {flow_id} has no passage {enrollment_id}")
    return Listed(found, session.get(Order, found.order_id) if found.order_id else None)


def _passages(flow_id: str, sort: Sort, reason: str) -> Any:
    states = {
        "inside": (EnrollmentState.ACTIVE, EnrollmentState.PAUSED),
        "held": (EnrollmentState.PAUSED,),
        "ended": (EnrollmentState.FINISHED, EnrollmentState.EXITED),
    }[sort]
    wanted = (
        select(Enrollment, Order)
        .join(Order, col(Order.id) == Enrollment.order_id, isouter=True)
        .where(Enrollment.flow == flow_id, col(Enrollment.state).in_(states))
    )
    if reason:
        wanted = wanted.where(Enrollment.reason == reason)
    latest = (col(Enrollment.ended_at).desc(), col(Enrollment.id).desc())
    # What is due first stands first; what waits for an Event or a person has no time, and stands behind.
    earliest = (col(Enrollment.due_at).is_(None), col(Enrollment.due_at), col(Enrollment.id))
    return wanted.order_by(*(latest if sort == "ended" else earliest))


def _steps(flow_id: str, sort: Sort, reason: str) -> Any:
    wanted = (
        select(Enrollment, Order, FlowStep)
        .select_from(FlowStep)
        .join(Enrollment, col(Enrollment.id) == FlowStep.enrollment_id)
        .join(Order, col(Order.id) == Enrollment.order_id, isouter=True)
        .where(Enrollment.flow == flow_id)
    )
    if sort == "sent":
        return wanted.where(col(FlowStep.sent_at).is_not(None)).order_by(col(FlowStep.sent_at).desc())
    wanted = wanted.where(FlowStep.outcome == StepOutcome.SKIPPED)
    if reason:
        wanted = wanted.where(FlowStep.reason == reason)
    return wanted.order_by(col(FlowStep.decided_at).desc(), col(FlowStep.id).desc())
