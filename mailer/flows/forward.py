"""Who waits at a step whose wait was made shorter is brought forward; a longer wait is found out when it is due.

A publish only writes down what is to be done (`FlowForward`); the loop of flows does it some hundreds at a time, so
that no other work waits for it, and goes on after a crash where it was.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, update
from sqlmodel import Session, col, func, select

from mailer.db import Database
from mailer.flows.definition import Flow
from mailer.flows.situation import anchor_of, step_before
from mailer.flows.terms import Terms
from mailer.flows.timing import due_at, zones_for
from mailer.model import Enrollment, EnrollmentState, FlowForward, FlowStep, Order

_AT_ONCE = 500
# What a person is told before a publish is counted of so many, and taken in proportion for the others.
_LOOKED_AT = 300
# Nobody needs the number beyond.
MOST_COUNTED = 10_000


@dataclass(frozen=True)
class Prospect:
    """Who would be brought forward: how many, and how many of them at once; reckoned where it is not `exact`."""

    waiting: int = 0
    forward: int = 0
    at_once: int = 0
    exact: bool = True

    @property
    def is_many(self) -> bool:
        """Whether more wait there than were counted."""
        return self.waiting > MOST_COUNTED


@dataclass(frozen=True)
class Batch:
    """One look at who waits: the mark that it began from, who is due earlier, and the last that was looked at."""

    mark: FlowForward
    earlier: Sequence[tuple[int, int, datetime]]
    looked_at: int
    last_id: int


def changed_times(before: Flow, after: Flow) -> list[str]:
    """The steps that both have and whose times differ."""
    return [
        step.id
        for step in after.steps
        if (old := before.step(step.id)) is not None
        and ((old.wait, old.at) != (step.wait, step.at) or before.timezone != after.timezone)
    ]


def prospect(session: Session, before: Flow, after: Flow, terms: Terms, *, now: datetime) -> Prospect:
    """What taking `after` into service would bring forward; quick with any number of people."""
    steps = changed_times(before, after)
    if not steps:
        return Prospect()
    waiting = _count(session, after.id, steps, now)
    looked_at = _waiting(session, after.id, steps, 0, now, _LOOKED_AT)
    earlier = _earlier(session, looked_at, after, terms)
    share = waiting / len(looked_at) if looked_at else 0
    at_once = sum(due <= now for _, _, due in earlier)
    return Prospect(waiting, round(len(earlier) * share), round(at_once * share), waiting == len(looked_at))


def write_down(session: Session, before: Flow, after: Flow, *, now: datetime) -> None:
    """Note whom the new times may bring forward; what an earlier publish left undone is looked at anew with it."""
    mark = session.get(FlowForward, after.id, with_for_update=True)
    steps = sorted({*changed_times(before, after), *(mark.steps if mark else ())})
    if not steps:
        return
    mark = mark or FlowForward(flow=after.id, steps=[], sha256="", begun_at=now)
    mark.steps, mark.sha256, mark.begun_at = steps, after.sha256, now
    mark.last_id, mark.looked_at, mark.moved, mark.waiting = 0, 0, 0, _count(session, after.id, steps, now)
    session.add(mark)


async def carry_forward(db: Database, flows: Mapping[str, Flow], terms: Terms, *, now: datetime) -> bool:
    """Bring the next few hundred people forward; whether there was anything to do."""
    batch = await db.read(look, flows, terms, now=now)
    if batch is None:
        return False
    return await db.run(move, batch, now=now)


def marks(session: Session) -> list[FlowForward]:
    """What is still to be carried out."""
    return list(session.exec(select(FlowForward).order_by(FlowForward.flow)))


def look(session: Session, flows: Mapping[str, Flow], terms: Terms, *, now: datetime) -> Batch | None:
    """The next of those who may be due earlier; None when there are none, or another process knows a newer text."""
    for mark in marks(session):
        flow = flows.get(mark.flow)
        if flow is None or flow.sha256 != mark.sha256:
            continue
        found = _waiting(session, flow.id, mark.steps, mark.last_id, now, _AT_ONCE)
        last = found[-1].id or 0 if found else mark.last_id
        return Batch(mark, _earlier(session, found, flow, terms), len(found), last)
    return None


def move(session: Session, batch: Batch, *, now: datetime) -> bool:
    """Make due earlier who was not changed since the look, never before now; the others are looked at again.

    False when somebody else did it, or the flow was published anew.
    """
    seen = batch.mark
    same = (FlowForward.flow == seen.flow, FlowForward.sha256 == seen.sha256, FlowForward.last_id == seen.last_id)
    mark = session.exec(select(FlowForward).where(*same).with_for_update()).one_or_none()
    if mark is None:
        return False
    if not batch.looked_at:
        session.exec(delete(FlowForward).where(col(FlowForward.flow) == mark.flow))
        return True
    changed = _move(session, batch.earlier, now)
    mark.last_id = min([batch.last_id, *(one - 1 for one in changed)])
    mark.looked_at, mark.moved = mark.looked_at + batch.looked_at, mark.moved + len(batch.earlier) - len(changed)
    return True


def _move(session: Session, earlier: Sequence[tuple[int, int, datetime]], now: datetime) -> list[int]:
    """The ids of those that were changed meanwhile."""
    ids = [one for one, _, _ in earlier]
    wanted = select(Enrollment.id, Enrollment.version).where(col(Enrollment.id).in_(ids)).order_by(col(Enrollment.id))
    known = dict(session.exec(wanted.with_for_update()).all())
    fit = [(one, version, max(due, now)) for one, version, due in earlier if known.get(one) == version]
    rows = [
        {"id": one, "due_at": due, "first_due_at": due, "version": version + 1, "updated_at": now}
        for one, version, due in fit
    ]
    if rows:
        session.execute(update(Enrollment), rows)
    same = {one for one, _, _ in fit}
    return [one for one in ids if one not in same and one in known]


def _earlier(
    session: Session, waiting: Sequence[Enrollment], flow: Flow, terms: Terms
) -> list[tuple[int, int, datetime]]:
    """Id, version and new time of those that the flow makes due earlier."""
    found = _dues(session, waiting, flow, terms)
    return [(one.id or 0, one.version, due) for one, due in found if one.due_at is not None and due < one.due_at]


def _dues(
    session: Session, batch: Sequence[Enrollment], flow: Flow, terms: Terms
) -> Iterator[tuple[Enrollment, datetime]]:
    """When the step of each is due, read with two statements: a whole Situation would be ten times the work."""
    orders = select(Order.id, Order.country, Order.province).where(col(Order.id).in_([one.order_id for one in batch]))
    places = {number: (country, province or "") for number, country, province in session.exec(orders)}
    taken: dict[int, list[FlowStep]] = defaultdict(list)
    for row in session.exec(select(FlowStep).where(col(FlowStep.enrollment_id).in_([one.id for one in batch]))):
        taken[row.enrollment_id].append(row)
    for one in batch:
        step = flow.step(one.step or "")
        if step is not None:
            country, province = places.get(one.order_id or 0, (None, ""))
            zone = zones_for(flow, country, province, terms.zone)[0]
            before = step_before(taken[one.id or 0], step)
            at_once = one.by_fallback and before is None
            home = terms.is_home(country)
            anchor = anchor_of(one, before)
            yield one, due_at(step, anchor, home=home, zone=zone, calendar=terms.calendar, at_once=at_once)


def _waiting(
    session: Session, flow_id: str, steps: Sequence[str], last: int, now: datetime, limit: int
) -> Sequence[Enrollment]:
    wanted = select(Enrollment).where(*_of_steps(flow_id, steps, now), col(Enrollment.id) > last)
    return session.exec(wanted.order_by(col(Enrollment.id)).limit(limit)).all()


def _count(session: Session, flow_id: str, steps: Sequence[str], now: datetime) -> int:
    """How many wait, or one more than are counted."""
    some = select(Enrollment.id).where(*_of_steps(flow_id, steps, now)).limit(MOST_COUNTED + 1).subquery()
    return int(session.exec(select(func.count()).select_from(some)).one())


def _of_steps(flow_id: str, steps: Sequence[str], now: datetime) -> Any:
    return (
        Enrollment.flow == flow_id,
        Enrollment.state == EnrollmentState.ACTIVE,
        col(Enrollment.due_at) > now,
        col(Enrollment.step).in_(steps),
    )
