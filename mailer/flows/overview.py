"""The flows at a glance: who is in each, what it sent lately, why it kept silent, and what stops it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import case
from sqlmodel import Session, col, func, select

from mailer.flows.tally import Tally, tally
from mailer.model import (
    Canary,
    Delivery,
    DeliveryState,
    Enrollment,
    EnrollmentState,
    FlowRevision,
    FlowStep,
    Hold,
    HoldScope,
    RevisionState,
    StepOutcome,
)

_WEEK, _MONTH = timedelta(days=7), timedelta(days=30)
_MOST_REASONS = 50


@dataclass(frozen=True)
class Reason:
    """Why steps or passages stand where they stand, and how many."""

    words: str
    count: int


@dataclass(frozen=True)
class Lately:
    """What came of each flow in the last days; all by its id."""

    sent_week: Mapping[str, int] = field(default_factory=dict)
    sent_month: Mapping[str, int] = field(default_factory=dict)
    skipped: Mapping[str, Sequence[Reason]] = field(default_factory=dict)
    # Now: passages that are held, mails that are, and steps that wait for a person's release.
    waiting: Mapping[str, Sequence[Reason]] = field(default_factory=dict)
    held_mails: Mapping[str, int] = field(default_factory=dict)
    batched: Mapping[str, int] = field(default_factory=dict)
    holds: Mapping[str, Hold] = field(default_factory=dict)
    # Steps whose new edition is watched before all have it.
    watched: Mapping[str, Sequence[str]] = field(default_factory=dict)
    tallies: Mapping[str, Tally] = field(default_factory=dict)
    drafts: frozenset[str] = frozenset()
    published: frozenset[str] = frozenset()

    def state(self, flow_id: str, name: str) -> int:
        """A number of `tally`, 0 for a flow that nobody entered."""
        one = self.tallies.get(flow_id)
        return int(getattr(one, name)) if one else 0

    def count_inside(self, flow_id: str) -> int:
        """How many are in it now."""
        return self.state(flow_id, "active") + self.state(flow_id, "paused")


def lately(session: Session, *, now: datetime) -> Lately:
    """All of it with few statements, whatever the number of flows."""
    sent = _sent(session, now)
    editions = session.exec(
        select(FlowRevision.flow, FlowRevision.state).where(FlowRevision.state != RevisionState.RETIRED)
    ).all()
    return Lately(
        sent_week={flow_id: week for flow_id, week, _ in sent},
        sent_month={flow_id: month for flow_id, _, month in sent},
        skipped=_skipped(session, now),
        waiting=_waiting(session),
        held_mails=_held_mails(session),
        batched=_batched(session),
        holds=holds(session),
        watched=_watched(session),
        tallies={one.flow: one for one in tally(session)},
        drafts=frozenset(flow_id for flow_id, state in editions if state is RevisionState.DRAFT),
        published=frozenset(flow_id for flow_id, state in editions if state is RevisionState.PUBLISHED),
    )


def holds(session: Session) -> dict[str, Hold]:
    """What stops a flow, by flow."""
    wanted = select(Hold).where(Hold.scope == HoldScope.FLOW, col(Hold.released_at).is_(None))
    return {one.subject: one for one in session.exec(wanted)}


def _sent(session: Session, now: datetime) -> Sequence[tuple[str, int, int]]:
    in_week = func.sum(case((col(FlowStep.sent_at) > now - _WEEK, 1), else_=0))
    wanted = (
        select(Enrollment.flow, in_week, func.count())
        .join(FlowStep, col(FlowStep.enrollment_id) == Enrollment.id)
        .where(col(FlowStep.sent_at) > now - _MONTH)
    )
    return session.exec(wanted.group_by(Enrollment.flow)).all()


def _skipped(session: Session, now: datetime) -> dict[str, list[Reason]]:
    """In the last 30 days, the commonest reason first."""
    wanted = (
        select(Enrollment.flow, FlowStep.reason, func.count())
        .join(FlowStep, col(FlowStep.enrollment_id) == Enrollment.id)
        .where(FlowStep.outcome == StepOutcome.SKIPPED, col(FlowStep.decided_at) > now - _MONTH)
        .group_by(Enrollment.flow, FlowStep.reason)
    )
    return _by_flow(session.exec(wanted).all())


def _waiting(session: Session) -> dict[str, list[Reason]]:
    wanted = (
        select(Enrollment.flow, Enrollment.reason, func.count())
        .where(Enrollment.state == EnrollmentState.PAUSED)
        .group_by(Enrollment.flow, Enrollment.reason)
    )
    return _by_flow(session.exec(wanted).all())


def _by_flow(rows: Sequence[tuple[str, str, int]]) -> dict[str, list[Reason]]:
    found: dict[str, list[Reason]] = defaultdict(list)
    for flow_id, words, count in sorted(rows, key=lambda row: -row[2]):
        if len(found[flow_id]) < _MOST_REASONS:
            found[flow_id].append(Reason(words, count))
    return found


def _held_mails(session: Session) -> dict[str, int]:
    wanted = (
        select(Enrollment.flow, func.count())
        .join(Delivery, col(Delivery.enrollment_id) == Enrollment.id)
        .where(Delivery.state == DeliveryState.HELD)
    )
    return dict(session.exec(wanted.group_by(Enrollment.flow)).all())


def _batched(session: Session) -> dict[str, int]:
    wanted = (
        select(Enrollment.flow, func.count())
        .join(FlowStep, col(FlowStep.enrollment_id) == Enrollment.id)
        .where(FlowStep.outcome == StepOutcome.BATCHED, Enrollment.state == EnrollmentState.PAUSED)
    )
    return dict(session.exec(wanted.group_by(Enrollment.flow)).all())


def _watched(session: Session) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for one in session.exec(select(Canary).where(col(Canary.cleared_at).is_(None))):
        found[one.flow].append(one.step)
    return found
