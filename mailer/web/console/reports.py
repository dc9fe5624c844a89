"""How are we doing? Reports with charts, definitions and CSV; the forecast; samples to score."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from mailer.calendars import parse_zone
from mailer.errors import InputError, NotFound
from mailer.insight import quality
from mailer.insight.forecast import forecast
from mailer.insight.reports import PARTS, REPORTS, Choices, choices
from mailer.insight.sheet import Filters, Sheet, as_csv
from mailer.model import Intent
from mailer.web.console.forms import Id, plain_text
from mailer.web.desk import Decider, Desk, Here, Reader
from mailer.web.languages import N_

router = APIRouter()

_LONGEST = 366
_USUAL = 28

PART_NAMES = {
    "answers": N_("Answers"),
    "volume": N_("Volume"),
    "drafts": N_("Drafts and quality"),
    "satisfaction": N_("Satisfaction"),
    "shipping": N_("Shipping"),
    "products": N_("Products and warnings"),
}

Word = Annotated[str, Query(max_length=40)]


async def filtering(
    here: Here,
    first: Word = "",
    last: Word = "",
    language: Word = "",
    country: Word = "",
    intent: Word = "",
    storefront: Word = "",
) -> Filters:
    """The filters of the address; the last four weeks when it names no days. Raises InputError."""
    zone = parse_zone(here.settings.shop.zone)
    today = here.clock.now().astimezone(zone).date()
    try:
        end = date.fromisoformat(last) if last else today
        begin = date.fromisoformat(first) if first else end - timedelta(days=_USUAL - 1)
    except ValueError:
        raise InputError("days", ["write days as in 2026-11-30"]) from None
    if not 0 <= (end - begin).days < _LONGEST:
        raise InputError("days", [f"the first day comes before the last, and at most {_LONGEST} days are shown"])
    return Filters(begin, end, zone, language, country, intent, storefront)


Chosen = Annotated[Filters, Depends(filtering)]


@router.get("/reports")
async def show_reports(
    request: Request, here: Here, person: Reader, filters: Chosen, part: str = "answers"
) -> Response:
    """One part of the reports, with its filters."""
    if part not in PARTS:
        raise NotFound("There is no such part of the reports.")
    now = here.clock.now()
    sheets, offered = await here.db.read(look, part, filters, now=now)
    ahead = await here.db.read(forecast, filters.zone, now=now) if part == "answers" else None
    evening = now.astimezone(filters.zone).replace(hour=17, minute=0, second=0, microsecond=0)
    return here.pages.render(
        "reports.html",
        person=person,
        now=now,
        part=part,
        parts=PART_NAMES,
        sheets=sheets,
        filters=filters,
        offered=offered,
        intents=[one.value for one in Intent],
        forecast=ahead,
        evening=evening if evening > now else evening + timedelta(days=1),
        query=_query(filters),
        drawing=drawing,
    )


@router.get("/reports/{key}.csv")
async def download(here: Here, person: Reader, filters: Chosen, key: str) -> Response:
    """One report for a spreadsheet."""
    if key not in REPORTS:
        raise NotFound("There is no such report.")
    sheet: Sheet = await here.db.read(REPORTS[key], filters, here.clock.now())
    name = f"{key}-{filters.first}-{filters.last}.csv"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    # The mark at the beginning tells spreadsheets that it is UTF-8.
    return Response("\ufeff" + as_csv(sheet), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/reports/quality")
async def show_samples(here: Here, person: Reader) -> Response:
    """Sent answers that wait for a colleague's eyes."""
    found = await here.db.read(quality.waiting)
    return here.pages.render("quality.html", person=person, now=here.clock.now(), samples=found, parts=PART_NAMES)


@router.get("/reports/quality/{sample_id}")
async def show_sample(here: Here, person: Reader, sample_id: Id) -> Response:
    """One answer with its rubric."""
    return await _sample(here, person, sample_id)


@router.post("/reports/quality/{sample_id}")
async def post_scores(
    request: Request, here: Here, person: Decider, sample_id: Id, remark: Annotated[str, Form(max_length=2000)] = ""
) -> Response:
    """Score it; the next one comes."""
    request.state.back = "/reports/quality"
    form = await request.form()
    scores = {line: int(str(form[line])) for line in quality.RUBRIC if str(form.get(line, "")).isdecimal()}
    given: dict[str, Any] = {"remark": plain_text(remark), "agent_id": person.agent_id, "now": here.clock.now()}
    await here.db.run(quality.score, sample_id, scores, **given)
    return RedirectResponse("/reports/quality", 303)


def look(session: Session, part: str, filters: Filters, *, now: Any) -> tuple[list[Sheet], Choices]:
    """The reports of one part, and what the filters offer."""
    return [REPORTS[key](session, filters, now) for key in PARTS[part]], choices(session)


def drawing(sheet: Sheet, said: Callable[[object], str]) -> dict[str, Any]:
    """What the chart of a report needs: labels, and one list of values for each line or bar."""
    names = [column.name for column in sheet.columns]
    places = [names.index(name) for name in sheet.drawn]
    kinds = [sheet.columns[place].kind for place in places]
    # More than a dozen names cannot be read below a chart; days can.
    most = 60 if sheet.columns[0].name in ("Day", "Week") else 12
    rows = sheet.rows[:most]
    return {
        "kind": sheet.chart,
        "labels": [said(row[0]) for row in rows],
        "series": [
            {"name": said(names[place]), "kind": kind, "values": [row[place] for row in rows]}
            for place, kind in zip(places, kinds, strict=True)
        ],
    }


async def _sample(here: Desk, person: Any, sample_id: int) -> Response:
    found = await here.db.read(quality.sample, sample_id)
    mine = found.answered_by == person.agent_id
    return here.pages.render("quality_sample.html", person=person, found=found, rubric=quality.RUBRIC, mine=mine)


def _query(filters: Filters) -> dict[str, str]:
    named = {"first": filters.first.isoformat(), "last": filters.last.isoformat(), "language": filters.language}
    named |= {"country": filters.country, "intent": filters.intent, "storefront": filters.storefront}
    return {name: value for name, value in named.items() if value}
