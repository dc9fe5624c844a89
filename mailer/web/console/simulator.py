"""The simulator: an order, real or made up, moved through every flow with the clock in a person's hand."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AfterValidator, BaseModel
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from mailer.errors import InputError, NotFound
from mailer.flows.case import parse_happening
from mailer.flows.definition import Case, Flow
from mailer.flows.explain import find_order
from mailer.flows.mail import Sheet, write_mail
from mailer.flows.past import case_of, read_past
from mailer.flows.rehearsal_mail import sample_mail, sheet_of
from mailer.flows.simulate import Line, ShopTerms, simulate, start_of, wall
from mailer.flows.terms import Terms
from mailer.rendering.render import MissingFacts
from mailer.web.console.flow_desk import catalog_of, flows_of, in_page, shop_of, terms_of
from mailer.web.console.forms import plain_text
from mailer.web.console.frames import mail_frame
from mailer.web.desk import Desk, Here, Reader
from mailer.web.languages import N_

router = APIRouter()

WHAT = {
    "enter": N_("comes in"),
    "send": N_("sends"),
    "hold": N_("is held"),
    "skip": N_("skips"),
    "exit": N_("ends"),
    "wait": N_("waits"),
    "release": N_("goes on"),
    "refuse": N_("stays outside"),
    "finish": N_("is finished"),
}
EXAMPLE = "0d order.placed\n1d order.shipped\n1d shipment.shipped\n4d shipment.delivered\n4d order.delivered"
_LAST_DAY = 400
_MOST_EVENTS = 60
_Words = Annotated[str, AfterValidator(plain_text)]


class Wanted(BaseModel):
    """What a person asks the simulator: an order's number, or an order of their own, and how far the clock is."""

    order: Annotated[str, Query(max_length=60)] = ""
    flow: Annotated[str, Query(max_length=60)] = ""
    made: bool = False
    country: Annotated[str, Query(max_length=2)] = "DE"
    province: Annotated[str, Query(max_length=10)] = ""
    language: Annotated[str, Query(max_length=10)] = "en"
    agreed: bool = False
    marketplace: bool = False
    events: Annotated[_Words, Query(max_length=4_000)] = EXAMPLE
    days: Annotated[int, Query(ge=0, le=_LAST_DAY)] = 0
    hours: Annotated[int, Query(ge=0, le=23)] = 0
    minutes: Annotated[int, Query(ge=0, le=59)] = 0
    # "Next thing": minutes from the start, instead of what the fields say.
    jump: Annotated[int | None, Query(ge=0, le=(_LAST_DAY + 1) * 1440)] = None

    @property
    def clock(self) -> timedelta:
        """How long after the start it is."""
        if self.jump is not None:
            return timedelta(minutes=self.jump)
        return timedelta(days=self.days, hours=self.hours, minutes=self.minutes)


@dataclass(frozen=True)
class Told:
    """A line with its time on the recipient's wall, and how many minutes after the start it is."""

    line: Line
    at: datetime
    minutes: int


@dataclass(frozen=True)
class Story:
    """What one flow does with the order up to the clock, and what comes next."""

    flow: Flow
    past: Sequence[Told]
    next: Told | None


@dataclass(frozen=True)
class Outcome:
    """What the simulator shows: stories, the flows that nothing happens in, and the very next thing of all."""

    stories: Sequence[Story]
    # With the reason, where a flow gave one.
    silent: Sequence[tuple[Flow, str]]
    next: Told | None
    next_flow: Flow | None


@router.get("/simulator")
async def show_simulator(here: Here, person: Reader, wanted: Annotated[Wanted, Query()]) -> Response:
    """What each flow would send to this order by then, and why not the rest."""
    terms = terms_of(here)
    outcome: Outcome | None = None
    problems: Sequence[str] = ()
    flows = await here.db.read(flows_of, here)
    try:
        cases = await _cases(here, wanted, flows, terms)
        if cases:
            outcome = await asyncio.to_thread(_play, cases, flows, shop_of(terms), wanted.clock)
    except InputError as error:
        problems = error.problems
    except NotFound as error:
        problems = (str(error),)
    clock = divmod(int(wanted.clock.total_seconds()) // 60, 1440)
    told: dict[str, Any] = {
        "wanted": wanted,
        "outcome": outcome,
        "problems": problems,
        "what": WHAT,
        "example": EXAMPLE,
    }
    told |= {"days": clock[0], "hours": clock[1] // 60, "minutes": clock[1] % 60, "flows": flows}
    return here.pages.render("simulator.html", **in_page(here, person, **told))


@router.get("/simulator/mail")
async def show_simulated_mail(
    here: Here, person: Reader, wanted: Annotated[Wanted, Query()], step: Annotated[str, Query(max_length=60)] = ""
) -> HTMLResponse:
    """The mail of one step, for a frame: of a real order with what is known of it, else with samples."""
    terms, flows = terms_of(here), await here.db.read(flows_of, here)
    flow = flows.get(wanted.flow)
    found = flow.step(step) if flow else None
    if flow is None or found is None:
        raise NotFound("There is no such step.")
    if wanted.made or not wanted.order:
        html = await asyncio.to_thread(_sample, here, found.send, wanted.language)
    else:
        sheet = await here.db.read(_sheet, wanted.order, flow, step, terms, now=here.story_now)
        html = await asyncio.to_thread(_written, here, sheet, terms)
    return mail_frame(html)


async def _cases(here: Desk, wanted: Wanted, flows: Mapping[str, Flow], terms: Terms) -> dict[str, Case]:
    """The order as a case of each flow that is asked for; none before anything is asked."""
    some = {name: flow for name, flow in flows.items() if wanted.flow in ("", name)}
    if wanted.made:
        case = _made_up(wanted)
        return dict.fromkeys(some, case)
    if not wanted.order.strip():
        return {}
    return await here.db.read(_of_order, wanted.order.strip(), some, terms, now=here.story_now)


def _of_order(
    session: Session, number: str, flows: Mapping[str, Flow], terms: Terms, *, now: datetime
) -> dict[str, Case]:
    past = read_past(session, find_order(session, number), flows, terms, now=now)
    return {name: case_of(session, past, flow, terms) for name, flow in flows.items()}


def _made_up(wanted: Wanted) -> Case:
    """Raises InputError with every line that is no event."""
    events = [line.strip() for line in wanted.events.splitlines() if line.strip()]
    mistakes = list(_mistakes(events))
    if len(events) > _MOST_EVENTS:
        mistakes.append(f"at most {_MOST_EVENTS} events")
    if mistakes:
        raise InputError("events", mistakes)
    order: dict[str, Any] = {"country": wanted.country.upper() or None, "language": wanted.language or None}
    order |= {"province": wanted.province.upper(), "marketplace": wanted.marketplace}
    order["marketing_consent"] = wanted.agreed
    return Case(name="", order={k: v for k, v in order.items() if v is not None}, events=tuple(events), expect=())


def _mistakes(events: Sequence[str]) -> Iterator[str]:
    for number, text in enumerate(events, 1):
        try:
            happening = parse_happening(text)
        except ValueError as error:
            yield f"line {number}: {error}"
            continue
        if happening.after > timedelta(days=_LAST_DAY):
            yield f"line {number}: at most {_LAST_DAY} days after the start"


def _play(cases: Mapping[str, Case], flows: Mapping[str, Flow], shop: ShopTerms, clock: timedelta) -> Outcome:
    limit = int(clock.total_seconds()) // 60
    stories, silent = [], []
    for name, case in cases.items():
        flow = flows[name]
        told = list(_told(flow, case, shop))
        if any(one.line.what != "refuse" for one in told):
            past = [one for one in told if one.minutes <= limit]
            stories.append(Story(flow, past, next((one for one in told if one.minutes > limit), None)))
        else:
            silent.append((flow, told[0].line.reason if told else ""))
    coming = [(one.next, one.flow) for one in stories if one.next]
    following, of_flow = min(coming, key=lambda one: one[0].minutes, default=(None, None))
    return Outcome(stories, silent, following, of_flow)


def _told(flow: Flow, case: Case, shop: ShopTerms) -> Iterator[Told]:
    start = start_of(flow, case, shop)
    for line in simulate(flow, case, shop, days=_LAST_DAY):
        yield Told(line, wall(line, flow, case, shop), int((line.at - start).total_seconds()) // 60)


def _sheet(session: Session, number: str, flow: Flow, step: str, terms: Terms, *, now: datetime) -> Sheet:
    past = read_past(session, find_order(session, number), {flow.id: flow}, terms, now=now)
    return sheet_of(session, past, flow, step, terms, now=now)


def _written(here: Desk, sheet: Sheet, terms: Terms) -> str:
    try:
        return write_mail(sheet, catalog_of(here), terms, wall=here.clock.now()).mail.html
    except (MissingFacts, InputError) as error:
        return _cannot(error)


def _sample(here: Desk, mail: str, language: str) -> str:
    try:
        return sample_mail(catalog_of(here), mail, language or "en").html
    except (MissingFacts, InputError) as error:
        return _cannot(error)


def _cannot(error: MissingFacts | InputError) -> str:
    told = error.missing if isinstance(error, MissingFacts) else error.problems
    return "<!doctype html><title>Mail</title>" + "".join(f"<p>{escape(one)}</p>" for one in told)
