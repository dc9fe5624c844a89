"""Taking an edition of a flow live: what it would mean first, then the publish; history, rolling back, and the file."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from mailer.errors import InputError
from mailer.flows.definition import Flow
from mailer.flows.parse import parse_flow
from mailer.flows.rehearse import Rehearsal, play, rehearse
from mailer.flows.revisions import (
    Editions,
    editions,
    history,
    keep_ours,
    publish,
    return_to_file,
    revision,
    roll_back,
    sha_of,
)
from mailer.flows.terms import Terms
from mailer.model import FlowRevision
from mailer.web.console.flow_desk import FlowName, differences, flows_of, in_page, look_in, terms_of
from mailer.web.console.forms import Text, Version
from mailer.web.desk import Desk, Here, Publisher, Reader

router = APIRouter()

Sha = Annotated[str, Form(pattern=r"^[0-9a-f]{64}$")]


@dataclass(frozen=True)
class Prospect:
    """What a publish would mean."""

    before: Flow | None
    after: Flow
    rehearsal: Rehearsal


@router.get("/flows/{name}/publish")
async def show_publish(here: Here, person: Publisher, name: FlowName) -> Response:
    """Ask once more: who is in it, who would come in, how many mails, who is brought forward."""
    known = await here.db.read(editions, here.settings.flows.directory, name)
    look = await asyncio.to_thread(look_in, here, name, known.text)
    if known.draft is None or look.findings:
        return RedirectResponse(f"/flows/{name}/edit", 303)
    terms, now = terms_of(here), here.story_now
    prospect = await here.db.read(_prospect, here, name, known.text, terms, now=now)
    last_week = await asyncio.to_thread(play, prospect.after, prospect.rehearsal, terms, now=now)
    told = {"known": known, "draft": known.draft, "prospect": prospect, "last_week": last_week, "notes": look.notes}
    told["changes"] = differences(known.serving, known.text)
    return here.pages.render("flow_publish.html", **in_page(here, person, name=name, **told))


@router.post("/flows/{name}/publication")
async def post_publication(
    here: Here, person: Publisher, name: FlowName, version: Version, sha256: Sha, words: Text = ""
) -> Response:
    """Put the draft into service: the very text that was shown. Raises InputError while it has mistakes."""
    known = await here.db.read(editions, here.settings.flows.directory, name)
    look = await asyncio.to_thread(look_in, here, name, known.text)
    if look.findings:
        raise InputError(f"{name}.toml", [f"line {one.line}: {one.words}" for one in look.findings])
    said = words.strip()[:500]
    now = here.clock.now()
    await here.db.run(publish, name, version=version, sha256=sha256, words=said, by=person.name, now=now)
    here.wake()
    return RedirectResponse(f"/flows/{name}?notice=published", 303)


@router.get("/flows/{name}/history")
async def show_history(
    here: Here, person: Reader, name: FlowName, edition: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None
) -> Response:
    """Every edition that was in service, and how one differs from what serves now."""
    known, past, one = await here.db.read(_history, here, name, edition)
    changes = differences(known.serving, one.text) if one else []
    told = {"known": known, "past": past, "one": one, "changes": changes, "file_changes": _from_file(known)}
    return here.pages.render("flow_history.html", **in_page(here, person, name=name, **told))


@router.post("/flows/{name}/rollback")
async def post_rollback(
    here: Here, person: Publisher, name: FlowName, edition: Annotated[int, Form(ge=1, le=2**31 - 1)]
) -> Response:
    """Put an older edition into service again. Raises InputError when it is not fit any more."""
    old: FlowRevision = await here.db.read(revision, name, edition)
    look = await asyncio.to_thread(look_in, here, name, old.text)
    if look.findings:
        raise InputError(f"{name}, edition {edition}", [f"line {one.line}: {one.words}" for one in look.findings])
    directory, now = here.settings.flows.directory, here.clock.now()
    await here.db.run(roll_back, directory, name, edition, by=person.name, now=now)
    here.wake()
    return RedirectResponse(f"/flows/{name}?notice=published", 303)


@router.post("/flows/{name}/file")
async def post_file(here: Here, person: Publisher, name: FlowName) -> Response:
    """Let the file serve again."""
    await here.db.run(return_to_file, name, now=here.clock.now())
    here.wake()
    return RedirectResponse(f"/flows/{name}?notice=returned", 303)


@router.get("/flows/{name}/both")
async def show_both(here: Here, person: Reader, name: FlowName) -> Response:
    """Three columns: the text that both began from, the edition, and the file."""
    known = await here.db.read(editions, here.settings.flows.directory, name)
    ours = known.draft or known.published
    base = ours.base if ours else known.file
    told: dict[str, Any] = {"known": known, "ours": ours, "base": base, "file_sha": sha_of(known.file)}
    told |= {"of_ours": differences(base, ours.text if ours else base), "of_file": differences(base, known.file)}
    return here.pages.render("flow_both.html", **in_page(here, person, name=name, **told))


@router.post("/flows/{name}/ours")
async def post_ours(here: Here, person: Publisher, name: FlowName, sha256: Sha) -> Response:
    """The file's change was seen, and the edition stays as it is."""
    await here.db.run(keep_ours, here.settings.flows.directory, name, sha256=sha256)
    return RedirectResponse(f"/flows/{name}/edit", 303)


def _prospect(session: Session, here: Desk, name: str, text: str, terms: Terms, *, now: datetime) -> Prospect:
    before, after = flows_of(session, here).get(name), parse_flow(name, text)
    return Prospect(before, after, rehearse(session, before, after, terms, now=now))


def _history(session: Session, here: Desk, name: str, edition: int | None) -> tuple[Editions, Any, FlowRevision | None]:
    known = editions(session, here.settings.flows.directory, name)
    return known, history(session, name), revision(session, name, edition) if edition else None


def _from_file(known: Editions) -> list[str]:
    return differences(known.file, known.published.text) if known.published else []
