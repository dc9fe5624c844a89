"""Editing a flow: its values in a form, its whole text, every mistake at once, and the draft that keeps it all."""

import asyncio
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from mailer.errors import InputError
from mailer.flows.check import Look
from mailer.flows.dials import Dial, dials, turned, with_expectations
from mailer.flows.own_tests import outcomes
from mailer.flows.revisions import Editions, drop_draft, editions, save_draft
from mailer.web.console.flow_desk import FlowName, differences, in_page, look_in
from mailer.web.console.forms import Text, plain_text
from mailer.web.desk import Desk, Here, Publisher, Reader
from mailer.web.languages import N_

router = APIRouter()

# 0: there was no draft yet.
DraftVersion = Annotated[int, Form(ge=0, le=2**31 - 1)]
_LONGEST_VALUE = 60
LABELS: Mapping[str, str] = {
    "status": N_("Status"),
    "send.between": N_("Hours, as in 09:00-20:00"),
    "send.cap": N_("At most, as in 1 per 24h"),
    "send.if_capped": N_("Beyond that"),
    "exit.give_up_after": N_("Give up after"),
    "trigger.fallback.home": N_("Without the event, after"),
    "trigger.fallback.abroad": N_("the same abroad"),
    "wait.home": N_("Wait, as in 6h, 3d or 3bd"),
    "wait.abroad": N_("Wait abroad, if it differs"),
    "at": N_("At, as in 10:00"),
    "expires": N_("Expires after"),
}


@router.get("/flows/{name}/edit")
async def show_editor(here: Here, person: Reader, name: FlowName) -> Response:
    """The draft, or what serves as long as there is none, with all that is wrong with it."""
    known = await here.db.read(editions, here.settings.flows.directory, name)
    return await _page(here, person, known, known.text)


@router.post("/flows/{name}/values")
async def post_values(
    request: Request, here: Here, person: Publisher, name: FlowName, version: DraftVersion
) -> Response:
    """Keep the values of the form in the draft. A wrong one is kept too: the check says what to do about it."""
    known = await here.db.read(editions, here.settings.flows.directory, name)
    text = turned(known.text, await _wanted(request, dials(known.text)))
    return await _keep(here, name, text, version, person.name)


@router.post("/flows/{name}/draft")
async def post_draft(here: Here, person: Publisher, name: FlowName, version: DraftVersion, text: Text) -> Response:
    """Keep the whole text in the draft."""
    return await _keep(here, name, text, version, person.name)


@router.post("/flows/{name}/expectations")
async def post_expectations(here: Here, person: Publisher, name: FlowName, version: DraftVersion) -> Response:
    """Let the flow's own tests expect what it does now. Raises InputError for a text that cannot be read."""
    known = await here.db.read(editions, here.settings.flows.directory, name)
    look = await asyncio.to_thread(look_in, here, name, known.text)
    if look.flow is None:
        raise InputError("text", ["mend the other mistakes first"])
    text = with_expectations(known.text, await asyncio.to_thread(outcomes, look.flow))
    return await _keep(here, name, text, version, person.name)


@router.post("/flows/{name}/draft/end")
async def post_draft_end(here: Here, person: Publisher, name: FlowName, version: DraftVersion) -> Response:
    """Throw the draft away."""
    await here.db.run(drop_draft, name, version=version)
    return RedirectResponse(f"/flows/{name}", 303)


async def _wanted(request: Request, known: list[Dial]) -> dict[str, str]:
    """What the form says of the values that there are, read as a person typed it."""
    form = await request.form()
    said = {one.place: form.get(one.place) for one in known}
    return {
        place: plain_text(one).replace("\n", " ")[:_LONGEST_VALUE]
        for place, one in said.items()
        if isinstance(one, str)
    }


async def _keep(here: Desk, name: str, text: str, version: int, by: str) -> Response:
    directory, now = here.settings.flows.directory, here.clock.now()
    await here.db.run(save_draft, directory, name, text, version=version, by=by, now=now)
    return RedirectResponse(f"/flows/{name}/edit", 303)


async def _page(here: Desk, person: object, known: Editions, text: str) -> Response:
    look: Look = await asyncio.to_thread(look_in, here, known.flow, text)
    told = {"known": known, "text": text, "look": look, "dials": dials(text), "labels": LABELS}
    told |= {"changes": differences(known.serving, text), "steps": _steps(text, look)}
    return here.pages.render("flow_edit.html", **in_page(here, person, name=known.flow, **told))


def _steps(text: str, look: Look) -> dict[int, str]:
    """What each step of the form is called."""
    numbers = sorted({one.step for one in dials(text) if one.step})
    names = [step.id for step in look.flow.steps] if look.flow else []
    return {number: names[number - 1] if number <= len(names) else str(number) for number in numbers}
