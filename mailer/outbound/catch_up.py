"""After an outage: what flows would send at once is held, shown as a plan, and spread when a person agrees."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from sqlalchemy import update
from sqlmodel import Session, col, func, select

from mailer.calendars import in_words
from mailer.config import Settings
from mailer.db import insert_once
from mailer.errors import NotFound
from mailer.model import Enrollment, EnrollmentState, Heartbeat, Hold, HoldScope, raise_alarm, settle_alarm
from mailer.outbound.hold import MAILER, put_hold, release_hold, standing, stopped

ALARM = "catch_up"
_NAME = "flows"
# A beat is written at most so often.
_BEAT = timedelta(minutes=1)
# Without an hourly cap the plan spreads as if there were this one.
_PER_HOUR = 600
_AT_ONCE = 1_000


@dataclass(frozen=True)
class CatchUpTerms:
    """After how long an outage, and from how many steps that are due, we ask before we send; and how fast we do."""

    after: timedelta = timedelta(hours=6)
    least: int = 50
    per_hour: int = _PER_HOUR

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As [flows] and [outbound] say."""
        return cls(
            settings.flows.catch_up_after,
            settings.flows.catch_up_from,
            settings.outbound.automatic_per_hour or _PER_HOUR,
        )

    @property
    def pause(self) -> timedelta:
        """Between one step and the next when a plan is approved."""
        return timedelta(hours=1) / self.per_hour


@dataclass(frozen=True)
class FlowPlan:
    """What waits of one step of one flow: how many, since when the oldest and the newest, and how many are too old."""

    flow: str
    step: str
    count: int
    oldest: datetime
    newest: datetime
    expired: int


@dataclass(frozen=True)
class Plan:
    """What would be sent, and over how long it is spread."""

    steps: Sequence[FlowPlan]
    spread: timedelta
    hold: Hold | None

    @property
    def count(self) -> int:
        """All steps that are due."""
        return sum(one.count for one in self.steps)


def closed_because(session: Session, *, terms: CatchUpTerms, now: datetime, wall: datetime | None = None) -> str:
    """Why no flow may move now; empty when they may. Ask first in each round of them, in a transaction that writes.

    After a pause of more than `terms.after` since the last round, with many steps due, it holds them and raises an
    alarm. `wall` is the machine's clock, where `now` is the story's.
    """
    if (stop := stopped(session)) is not None:
        return f"all sending is stopped by {stop.put_by}"
    if standing(session, HoldScope.CATCH_UP, "") is not None:
        return "the plan after an outage waits for a person: mailer outbox catch-up"
    wall = wall or now
    beat = session.get(Heartbeat, _NAME)
    if beat is None:
        insert_once(session, Heartbeat(name=_NAME, beat_at=wall))
        return ""
    if terms.after and wall - beat.beat_at > terms.after and (count := _due(session, now, terms.least)) > terms.least:
        return _hold(session, wall - beat.beat_at, count, now)
    if wall - beat.beat_at >= _BEAT:
        beat.beat_at = wall
    return ""


def catch_up_plan(
    session: Session,
    *,
    terms: CatchUpTerms,
    now: datetime,
    expires: Mapping[tuple[str, str], timedelta] | None = None,
) -> Plan:
    """What is due, by flow and step; `expires` tells after how long a step is not worth sending any more."""
    when = col(Enrollment.first_due_at)
    grouped: Any = select(Enrollment.flow, Enrollment.step, func.count()).add_columns(func.min(when), func.max(when))
    grouped = grouped.where(*_is_due(now)).group_by(Enrollment.flow, Enrollment.step)
    rows = session.exec(grouped.order_by(Enrollment.flow)).all()
    steps = [_step_plan(session, row, expires or {}, now) for row in rows]
    going = sum(one.count - one.expired for one in steps)
    return Plan(steps, terms.pause * going, standing(session, HoldScope.CATCH_UP, ""))


def approve_catch_up(
    session: Session, *, by: str, terms: CatchUpTerms, now: datetime, wall: datetime | None = None
) -> int:
    """Let go what the plan shows, one after the other, the oldest first; how many steps. Raises NotFound."""
    hold = standing(session, HoldScope.CATCH_UP, "")
    if hold is None:
        raise NotFound("no plan waits to be approved; what is due goes by itself")
    release_hold(hold, by, now)
    settle_alarm(session, ALARM, "flows", now)
    session.merge(Heartbeat(name=_NAME, beat_at=wall or now))
    due = select(Enrollment.id).where(*_is_due(now)).order_by(col(Enrollment.due_at), col(Enrollment.id))
    ids = session.exec(due.with_for_update()).all()
    for start in range(0, len(ids), _AT_ONCE):
        _spread(session, ids[start : start + _AT_ONCE], now + terms.pause * start, terms.pause)
    return len(ids)


def held_flows(session: Session) -> dict[str, str]:
    """Flows that are stopped, each with who did it and why."""
    holds = session.exec(select(Hold).where(Hold.scope == HoldScope.FLOW, col(Hold.released_at).is_(None)))
    return {hold.subject: f"stopped by {hold.put_by}: {hold.reason}" for hold in holds}


def _is_due(now: datetime) -> Iterable[Any]:
    return Enrollment.state == EnrollmentState.ACTIVE, col(Enrollment.due_at) <= now


def _due(session: Session, now: datetime, enough: int) -> int:
    some = select(Enrollment.id).where(*_is_due(now)).limit(enough + 1).subquery()
    return session.exec(select(func.count()).select_from(some)).one()


def _hold(session: Session, silence: timedelta, count: int, now: datetime) -> str:
    words = f"nothing moved for {in_words(silence)}, and more than {count - 1} steps of flows are due at once"
    put_hold(session, HoldScope.CATCH_UP, "", MAILER, words, now)
    raise_alarm(session, ALARM, "flows", f"{words}; see and approve the plan: mailer outbox catch-up", now)
    return words


def _step_plan(session: Session, row: Any, expires: Mapping[tuple[str, str], timedelta], now: datetime) -> FlowPlan:
    flow, step, count, oldest, newest = row
    expired = 0
    if (span := expires.get((flow, step))) is not None:
        mine = select(func.count()).where(*_is_due(now), Enrollment.flow == flow, Enrollment.step == step)
        expired = session.exec(mine.where(col(Enrollment.first_due_at) < now - span)).one()
    return FlowPlan(flow, step or "", count, oldest or now, newest or now, expired)


def _spread(session: Session, ids: Sequence[int | None], first: datetime, pause: timedelta) -> None:
    for number, enrollment_id in enumerate(ids):
        later = update(Enrollment).where(col(Enrollment.id) == enrollment_id)
        session.exec(later.values(due_at=first + pause * number, version=Enrollment.version + 1))
