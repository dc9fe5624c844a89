"""What a template said before: every text with who and when, what differs, the way back; and three texts at once."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Query, Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from mailer.errors import InputError, NotFound
from mailer.rendering.catalog import Catalog
from mailer.rendering.standing import Entry, Standing, history, settle, standing
from mailer.web.console.folded import difference
from mailer.web.console.forms import Text
from mailer.web.console.studio_compare import Compared, compared
from mailer.web.console.studio_drafts import edit_address
from mailer.web.console.studio_look import Word
from mailer.web.desk import Here, Publisher, Reader, newest_templates
from mailer.web.languages import N_

router = APIRouter(dependencies=[Depends(newest_templates)])

DONE = {
    "published": N_("Published. Mails that are made from now on say it so; those in the outbox stay as they are."),
    "scheduled": N_("Planned. It goes into service by itself at that time, if the checks still agree."),
    "back": N_("Back in service. Mails that are made from now on say it so."),
    "settled": N_("Settled."),
    "compared": N_("Both texts are in service now, each for its share of the mails."),
    "ended": N_("The comparison has ended."),
}
Number = Annotated[str, Query(pattern=r"^([0-9]{1,9}|file)?$")]


@router.get("/templates/history/{name:path}")
async def show_history(
    here: Here, person: Reader, name: str, older: Number = "", newer: Number = "", done: str = ""
) -> Response:
    """All texts, newest first, and the difference between two of them: at first what the last publication changed."""
    now = here.clock.now()
    found, entries, comparisons = await here.db.read(_look, here.catalog, name, now=now)
    texts = {str(one.revision.number): one.revision.text for one in entries if one.revision.number}
    if found.file_text is not None:
        texts["file"] = found.file_text
    if not texts:
        raise NotFound(f"There is no template {name[:200]}.")
    order = list(texts)
    newer = newer if newer in texts else order[0]
    older = older if older in texts else order[min(1, len(order) - 1)]
    return here.pages.render(
        "studio_history.html",
        person=person,
        now=now,
        name=name,
        served=found,
        comparisons=comparisons,
        entries=entries,
        numbers=order,
        older=older,
        newer=newer,
        changes=difference(texts[older], texts[newer]),
        done=DONE.get(done, ""),
    )


@router.post("/templates/roll-back/{name:path}")
async def go_back(request: Request, here: Here, person: Publisher, name: str, number: Word = "") -> Response:
    """An earlier text into service again; without a number the file."""
    request.state.back = f"/templates/history/{name}"
    if number and not number.isdecimal():
        raise InputError("number", [f'"{number}" is no number of a text'])
    await here.press.roll_back(name, int(number) if number else None, agent_id=person.agent_id)
    return RedirectResponse(f"/templates/history/{name}?done=back", 303)


@router.get("/templates/columns/{name:path}")
async def show_columns(here: Here, person: Publisher, name: str) -> Response:
    """What both began with, the file, and the published text, block by block."""
    found = await here.db.read(standing, here.catalog, name)
    if not found.both_changed:
        raise NotFound("File and published text have not gone apart; there is nothing to settle.")
    return here.pages.render("studio_columns.html", person=person, name=name, served=found, blocks=found.columns)


@router.post("/templates/columns/{name:path}")
async def choose(
    request: Request,
    here: Here,
    person: Publisher,
    name: str,
    choice: Annotated[Literal["file", "published", "own"], Form()],
    file_sha256: Word,
    text: Text = "",
) -> Response:
    """The file, the published text, or one's own from the blocks that were chosen, which becomes a draft."""
    request.state.back = f"/templates/columns/{name}"
    own = text
    if choice == "own" and not own:
        form = await request.form()
        picked = {key: str(value) for key, value in form.items() if key.startswith("block-")}
        own = await here.db.read(_picked, here.catalog, name, picked)
    await here.db.run(
        settle,
        name,
        choice,
        catalog=here.catalog,
        file_sha256=file_sha256,
        agent_id=person.agent_id,
        now=here.clock.now(),
        text=own,
    )
    return RedirectResponse(edit_address(name) if choice == "own" else f"/templates/history/{name}?done=settled", 303)


def _look(
    session: Session, catalog: Catalog, name: str, *, now: datetime
) -> tuple[Standing, list[Entry], list[Compared]]:
    return standing(session, catalog, name), history(session, name), compared(session, name, now=now)


def _picked(session: Session, catalog: Catalog, name: str, picked: dict[str, str]) -> str:
    """The text of the blocks as they were chosen: "file", else the published one; where one changed alone, that one."""
    lines: list[str] = []
    for number, block in enumerate(standing(session, catalog, name).columns):
        chosen = picked.get(f"block-{number}") or ("file" if block.kind == "file" else "published")
        lines += block.file if chosen == "file" else block.published
    return "\n".join(lines)
