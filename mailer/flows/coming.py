"""What goes out in the next days, by flow and day: the next step of everybody who is in it, and the steps behind it.

It is what the times say: conditions, caps and what opens meanwhile are asked when a step is due, so it is "at most".
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select as rows_of
from sqlmodel import Session, col, func, select

from mailer.flows.definition import Flow, Step
from mailer.flows.terms import Terms
from mailer.flows.timing import due_at, zones_for
from mailer.model import Delivery, DeliveryState, Enrollment, EnrollmentState, Order
from mailer.windows import next_open

DAYS = 7
# More than these are counted by their next step alone.
_MOST = 20_000
_READY = (DeliveryState.UNDOABLE, DeliveryState.QUEUED)


@dataclass(frozen=True)
class Due:
    """One mail that the times let go then."""

    flow: str
    step: str
    enrollment_id: int
    at: datetime


@dataclass(frozen=True)
class Week:
    """The days that are looked at, mails per flow and day, and whether there are more than were looked at."""

    days: tuple[date, ...]
    counts: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    more: bool = False

    def of(self, flow_id: str) -> tuple[int, ...]:
        """The mails of one flow, day by day."""
        return self.counts.get(flow_id, (0,) * len(self.days))


def week(session: Session, flows: Mapping[str, Flow], terms: Terms, *, zone: ZoneInfo, now: datetime) -> Week:
    """Mails of the next seven days by flow, on the wall of `zone`."""
    days = tuple(now.astimezone(zone).date() + timedelta(days=place) for place in range(DAYS))
    counts: dict[str, list[int]] = defaultdict(lambda: [0] * DAYS)
    found = 0
    for found, one in enumerate(coming(session, flows, terms, now=now), 1):  # noqa: B007 - the last number counts
        place = (one.at.astimezone(zone).date() - days[0]).days
        if 0 <= place < DAYS:
            counts[one.flow][place] += 1
    for flow_id, ready in _ready(session).items():
        counts[flow_id][0] += ready
    return Week(days, {flow_id: tuple(some) for flow_id, some in counts.items()}, found >= _MOST)


def coming(
    session: Session, flows: Mapping[str, Flow], terms: Terms, *, only: str = "", now: datetime
) -> Iterator[Due]:
    """Each mail of the next seven days, of all flows that send, or of one."""
    until = now + timedelta(days=DAYS)
    columns = [col(one) for one in (Enrollment.id, Enrollment.flow, Enrollment.step, Enrollment.due_at)]
    wanted = (
        rows_of(*columns, col(Order.country), col(Order.province))
        .join(Order, col(Order.id) == col(Enrollment.order_id), isouter=True)
        .where(col(Enrollment.state) == EnrollmentState.ACTIVE, col(Enrollment.due_at) < until)
    )
    if only:
        wanted = wanted.where(col(Enrollment.flow) == only)
    for number, flow_id, step_id, due, country, province in session.execute(wanted.limit(_MOST)).all():
        flow = flows.get(flow_id)
        if flow is None or flow.status == "draft" or (step := flow.step(step_id or "")) is None:
            continue
        zones = zones_for(flow, country, province or "", terms.zone)
        for name, at in _ahead(flow, step, max(due, now), zones, terms, home=terms.is_home(country)):
            if at >= until:
                break
            yield Due(flow_id, name, number, at)


def _ahead(
    flow: Flow, step: Step, due: datetime, zones: Sequence[ZoneInfo], terms: Terms, *, home: bool
) -> Iterator[tuple[str, datetime]]:
    """A step and those behind it with their times, quiet hours included."""
    following: Step | None = step
    while following is not None:
        at = next_open(due, flow.window, zones)
        yield following.id, at
        following = flow.after(following.id)
        if following is not None:
            due = due_at(following, at, home=home, zone=zones[0], calendar=terms.calendar)


def _ready(session: Session) -> dict[str, int]:
    """Mails that are written and wait for the outbox, by flow."""
    wanted = (
        select(Enrollment.flow, func.count())
        .join(Delivery, col(Delivery.enrollment_id) == Enrollment.id)
        .where(col(Delivery.state).in_(_READY))
    )
    return dict(session.exec(wanted.group_by(Enrollment.flow)).all())
