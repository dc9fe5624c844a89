"""Who waits at a step whose wait was made shorter is brought forward; a longer wait is found out when it is due."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from mailer.flows.definition import Flow
from mailer.flows.situation import anchor_of, step_before
from mailer.flows.terms import Terms
from mailer.flows.timing import due_at, zones_for
from mailer.model import Enrollment, EnrollmentState, FlowStep, Order

# Read at once; more would be more values than a statement of SQLite or PostgreSQL takes.
_AT_ONCE = 1_000


def changed_times(before: Flow, after: Flow) -> list[str]:
    """The steps that both have and whose times differ."""
    return [
        step.id
        for step in after.steps
        if (old := before.step(step.id)) is not None
        and ((old.wait, old.at) != (step.wait, step.at) or before.timezone != after.timezone)
    ]


def bring_forward(session: Session, before: Flow, after: Flow, terms: Terms, *, now: datetime) -> int:
    """Make due earlier what the new times make due earlier, never before now; how many passages."""
    count = 0
    for enrollment, due in _earlier(session, before, after, terms, now, lock=True):
        enrollment.due_at = enrollment.first_due_at = max(due, now)
        enrollment.version, enrollment.updated_at = enrollment.version + 1, now
        count += 1
    return count


def count_forward(session: Session, before: Flow, after: Flow, terms: Terms, *, now: datetime) -> tuple[int, int]:
    """How many `bring_forward` would make due earlier, and how many of them at once."""
    found = [due for _, due in _earlier(session, before, after, terms, now, lock=False)]
    return len(found), sum(due <= now for due in found)


def _earlier(
    session: Session, before: Flow, after: Flow, terms: Terms, now: datetime, *, lock: bool
) -> Iterator[tuple[Enrollment, datetime]]:
    steps = changed_times(before, after)
    last = 0
    while steps and (batch := _waiting(session, after.id, steps, last, now, lock=lock)):
        last = batch[-1].id or 0
        for enrollment, due in _dues(session, batch, after, terms):
            if enrollment.due_at is not None and due < enrollment.due_at:
                yield enrollment, due


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
    session: Session, flow_id: str, steps: Sequence[str], last: int, now: datetime, *, lock: bool
) -> Sequence[Enrollment]:
    wanted = select(Enrollment).where(
        Enrollment.flow == flow_id,
        Enrollment.state == EnrollmentState.ACTIVE,
        col(Enrollment.due_at) > now,
        col(Enrollment.step).in_(steps),
        col(Enrollment.id) > last,
    )
    wanted = wanted.order_by(col(Enrollment.id)).limit(_AT_ONCE)
    return session.exec(wanted.with_for_update() if lock else wanted).all()
