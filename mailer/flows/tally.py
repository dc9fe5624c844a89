"""How many are in each flow, what it sent, and how many reached what it is for."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from mailer.model import Enrollment, EnrollmentNote, EnrollmentState, FlowStep, StepOutcome

# What a note says when the goal of a flow's file came true.
GOAL = "goal"


@dataclass(frozen=True)
class Tally:
    """One flow in numbers: passages by state, mails that left, steps without a mail, passages with the goal reached."""

    flow: str
    active: int
    paused: int
    finished: int
    exited: int
    sent: int
    skipped: int
    reached: int


def tally(session: Session) -> list[Tally]:
    """Every flow that somebody ever entered, by name."""
    passages = select(Enrollment.flow, Enrollment.state, func.count()).group_by(Enrollment.flow, Enrollment.state)
    states = {(flow, state): count for flow, state, count in session.exec(passages)}
    sent = _by_flow(session, col(FlowStep.sent_at).is_not(None))
    skipped = _by_flow(session, col(FlowStep.outcome) == StepOutcome.SKIPPED)
    reached = _reached(session)
    return [
        Tally(
            flow,
            active=states.get((flow, EnrollmentState.ACTIVE), 0),
            paused=states.get((flow, EnrollmentState.PAUSED), 0),
            finished=states.get((flow, EnrollmentState.FINISHED), 0),
            exited=states.get((flow, EnrollmentState.EXITED), 0),
            sent=sent.get(flow, 0),
            skipped=skipped.get(flow, 0),
            reached=reached.get(flow, 0),
        )
        for flow in sorted({flow for flow, _ in states})
    ]


def _by_flow(session: Session, condition: ColumnElement[bool] | bool) -> dict[str, int]:
    steps = select(Enrollment.flow, func.count()).join(FlowStep, col(FlowStep.enrollment_id) == Enrollment.id)
    return dict(session.exec(steps.where(condition).group_by(Enrollment.flow)).all())


def _reached(session: Session) -> dict[str, int]:
    # Of two parcels that arrived, the passage reached its goal once.
    noted = select(Enrollment.flow, func.count(func.distinct(EnrollmentNote.enrollment_id))).join(
        EnrollmentNote, col(EnrollmentNote.enrollment_id) == Enrollment.id
    )
    return dict(session.exec(noted.where(EnrollmentNote.what == GOAL).group_by(Enrollment.flow)).all())
