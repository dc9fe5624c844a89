"""One flow: its steps in words, who is in it, what comes, what was sent and kept back; and holding it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from sqlmodel import Session, col, select
from starlette.responses import RedirectResponse, Response

from mailer.calendars import parse_zone
from mailer.flows.coming import Due, Week, coming, week
from mailer.flows.definition import Flow
from mailer.flows.overview import Lately, lately
from mailer.flows.passages import Listed, Sort, listed
from mailer.flows.terms import Terms
from mailer.model import Enrollment, FlowForward, Order
from mailer.outbound.canary import clear_canaries
from mailer.outbound.hold import resume_flow, stop_flow
from mailer.web.console.flow_desk import FlowName, broken_files, in_page, terms_of, the_flow
from mailer.web.console.forms import Text
from mailer.web.desk import Desk, Here, Reader, Releaser
from mailer.web.languages import N_

router = APIRouter()

SORTS: Mapping[Sort, str] = {
    "inside": N_("In it now"),
    "held": N_("Held"),
    "sent": N_("Sent"),
    "skipped": N_("Skipped"),
    "ended": N_("Ended"),
}
NOTICES = {
    "held": N_("The flow is held. Nothing is lost: what is due goes when you let it go on."),
    "resumed": N_("The flow goes on."),
    "published": N_("It is published and serves within seconds."),
    "returned": N_("Its file serves again within seconds."),
    "out": N_("They are out of this flow."),
    "now": N_("The next mail goes as soon as nothing else speaks against it."),
}
# Whose mails are named for a day; the others are counted.
_MOST_NAMED = 10


@dataclass(frozen=True)
class Day:
    """One of the days to come, with the first of those who get a mail then."""

    on: date
    mails: Sequence[tuple[Due, Enrollment, Order | None]]
    count: int


@dataclass(frozen=True)
class Sight:
    """What one look at a flow shows."""

    flow: Flow
    lately: Lately
    week: Week
    days: Sequence[Day]
    rows: Sequence[Listed]
    more: bool
    # People who are being brought forward at this moment.
    forward: FlowForward | None


@router.get("/flows/{name}")
async def show_flow(
    here: Here,
    person: Reader,
    name: FlowName,
    sort: Sort = "inside",
    reason: Annotated[str, Query(max_length=500)] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    notice: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The page of one flow; `sort` and `reason` say which list it shows."""
    terms, now = terms_of(here), here.story_now
    zone = parse_zone(person.zone) if person.zone else terms.zone
    sight = await here.db.read(look, here, name, terms, zone, sort=sort, reason=reason, page=page, now=now)
    told = {"sort": sort, "sorts": SORTS, "reason": reason, "page": page, "notice": NOTICES.get(notice, "")}
    broken = broken_files(here).get(name, [])
    return here.pages.render("flow.html", **in_page(here, person, sight=sight, flow=sight.flow, broken=broken, **told))


@router.post("/flows/{name}/hold")
async def post_hold(here: Here, person: Releaser, name: FlowName, reason: Text = "") -> Response:
    """Send nothing of this flow until somebody lets it go on."""
    await here.db.run(_hold, here, name, by=person.name, reason=reason.strip()[:500], now=here.clock.now())
    return RedirectResponse(f"/flows/{name}?notice=held", 303)


@router.post("/flows/{name}/hold/end")
async def post_hold_end(here: Here, person: Releaser, name: FlowName) -> Response:
    """Let the flow go on; its new editions are watched no more."""
    await here.db.run(_let_go, name, by=person.name, now=here.clock.now())
    here.wake()
    return RedirectResponse(f"/flows/{name}?notice=resumed", 303)


def look(
    session: Session,
    here: Desk,
    name: str,
    terms: Terms,
    zone: ZoneInfo,
    *,
    sort: Sort,
    reason: str,
    page: int,
    now: datetime,
) -> Sight:
    """One consistent picture of a flow. Raises NotFound."""
    flow = the_flow(session, here, name)
    rows, more = listed(session, name, sort, reason=reason, page=page)
    flows = {name: flow}
    seven = week(session, flows, terms, zone=zone, now=now)
    days = _days(session, seven, list(coming(session, flows, terms, only=name, now=now)), zone)
    return Sight(flow, lately(session, now=now), seven, days, rows, more, session.get(FlowForward, name))


def _days(session: Session, seven: Week, found: Sequence[Due], zone: ZoneInfo) -> list[Day]:
    by_day: dict[date, list[Due]] = {day: [] for day in seven.days}
    for due in sorted(found, key=lambda one: one.at):
        by_day.get(due.at.astimezone(zone).date(), []).append(due)
    named = [due.enrollment_id for some in by_day.values() for due in some[:_MOST_NAMED]]
    wanted = (
        select(Enrollment, Order)
        .join(Order, col(Order.id) == Enrollment.order_id, isouter=True)
        .where(col(Enrollment.id).in_(named))
    )
    rows = {enrollment.id: (enrollment, order) for enrollment, order in session.exec(wanted)}
    return [
        Day(day, [(due, *rows[due.enrollment_id]) for due in some[:_MOST_NAMED]], len(some))
        for day, some in by_day.items()
    ]


def _hold(session: Session, here: Desk, name: str, *, by: str, reason: str, now: datetime) -> None:
    the_flow(session, here, name)
    stop_flow(session, name, by=by, reason=reason, now=now)


def _let_go(session: Session, name: str, *, by: str, now: datetime) -> None:
    resume_flow(session, name, by=by, now=now)
    clear_canaries(session, name, now=now)
