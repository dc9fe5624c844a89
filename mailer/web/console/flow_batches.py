"""Mails of a manual flow that wait for a person: each is looked at as it will read, and only those go."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form
from pydantic import AfterValidator
from sqlmodel import Session
from starlette.responses import HTMLResponse, RedirectResponse, Response

from mailer.errors import InputError, NotFound
from mailer.flows.definition import Flow
from mailer.flows.looked_at import Shown, Waiting, count_waiting, show, waiting
from mailer.flows.release import release, skip_batch
from mailer.flows.terms import Terms
from mailer.web.console.flow_desk import FlowName, catalog_of, in_page, terms_of, the_flow
from mailer.web.console.forms import Id
from mailer.web.console.frames import mail_frame
from mailer.web.desk import Desk, Here, Reader, Releaser

router = APIRouter()

# So many can be looked at before a person only clicks.
MOST = 25
_MARK = r"^[0-9]{1,10}:[0-9a-f]{64}$"


def _marks(given: list[str]) -> dict[int, str]:
    """Step and mark of each mail that stood on the page."""
    return {int(step): mark for step, _, mark in (one.partition(":") for one in given)}


Looked = Annotated[list[Annotated[str, Form(pattern=_MARK)]], Form(max_length=MOST), AfterValidator(lambda some: some)]
Included = Annotated[list[int], Form(max_length=MOST)]


@dataclass(frozen=True)
class Sight:
    """The first mails that wait, and how many do in all."""

    flow: Flow
    waiting: Sequence[Waiting]
    count: int


@router.get("/flows/{name}/batch")
async def show_batch(
    here: Here, person: Reader, name: FlowName, released: int = 0, skipped: int = 0, left: int = 0
) -> Response:
    """Each mail that waits, in a frame, with its recipient and the box that leaves it out."""
    terms = terms_of(here)
    sight = await here.db.read(look, here, name, terms, now=here.story_now)
    shown = await asyncio.to_thread(_shown, here, sight.waiting, terms)
    told = {"released": released, "skipped": skipped, "left": left}
    page = in_page(here, person, flow=sight.flow, shown=shown, count=sight.count, most=MOST, **told)
    return here.pages.render("flow_batch.html", **page)


@router.get("/flows/{name}/batch/{step_id}/mail")
async def show_mail(here: Here, person: Reader, name: FlowName, step_id: Id) -> HTMLResponse:
    """The HTML of one of them, for a frame. Raises NotFound."""
    terms = terms_of(here)
    found = await here.db.read(_one, here, name, step_id, terms, now=here.story_now)
    shown = await asyncio.to_thread(_shown, here, found, terms)
    if not shown or shown[0].written is None:
        raise NotFound("This mail does not wait any more, or cannot be written.")
    return mail_frame(shown[0].written.mail.html)


@router.post("/flows/{name}/batch/release")
async def post_release(
    here: Here, person: Releaser, name: FlowName, looked: Looked, included: Included | None = None
) -> Response:
    """Let the mails go that stood on the page and were not left out; what reads otherwise by then waits again."""
    marks = {step: mark for step, mark in _marks(looked).items() if step in (included or [])}
    if not marks:
        raise InputError("mails", ["choose at least one of them; nothing was sent"])
    count = await here.db.run(_release, here, name, marks, by=person.name, now=here.story_now)
    here.wake()
    return RedirectResponse(f"/flows/{name}/batch?released={count}&left={len(marks) - count}", 303)


@router.post("/flows/{name}/batch/skip")
async def post_skip(
    here: Here, person: Releaser, name: FlowName, looked: Looked, included: Included | None = None
) -> Response:
    """Never send these; the next steps follow."""
    chosen = [step for step in _marks(looked) if step in (included or [])]
    if not chosen:
        raise InputError("mails", ["choose at least one of them; nothing was changed"])
    count = await here.db.run(_skip, here, name, chosen, by=person.name, now=here.story_now)
    here.wake()
    return RedirectResponse(f"/flows/{name}/batch?skipped={count}&left={len(chosen) - count}", 303)


def look(session: Session, here: Desk, name: str, terms: Terms, *, now: datetime) -> Sight:
    """What waits of one flow. Raises NotFound."""
    flow = the_flow(session, here, name)
    return Sight(flow, waiting(session, flow, terms, limit=MOST, now=now), count_waiting(session, flow))


def _one(session: Session, here: Desk, name: str, step_id: int, terms: Terms, *, now: datetime) -> list[Waiting]:
    return waiting(session, the_flow(session, here, name), terms, limit=1, only=step_id, now=now)


def _shown(here: Desk, some: Sequence[Waiting], terms: Terms) -> list[Shown]:
    catalog, wall = catalog_of(here), here.clock.now()
    return [show(one, catalog, terms, wall=wall) for one in some]


def _release(session: Session, here: Desk, name: str, marks: dict[int, str], *, by: str, now: datetime) -> int:
    return release(session, the_flow(session, here, name), marks, by=by, now=now)


def _skip(session: Session, here: Desk, name: str, steps: Sequence[int], *, by: str, now: datetime) -> int:
    return skip_batch(session, the_flow(session, here, name), steps, by=by, now=now)
