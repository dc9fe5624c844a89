"""The draft on an open page: asked for again while the page is open, seen when it changed, drafted again."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from mailer.replies.approve import see, see_another
from mailer.replies.other import draft_again
from mailer.replies.queue import Item, item
from mailer.web.console.draft_sight import DraftSight, part_of, print_of
from mailer.web.console.drafts import Conversation
from mailer.web.console.forms import Id, Version
from mailer.web.console.item import passages_of
from mailer.web.console.words import FAULTS, Notice
from mailer.web.desk import Decider, Desk, Here, Reader

router = APIRouter()

Shown = Annotated[int | None, Query(ge=1, le=2**31 - 1)]
Print = Annotated[str, Query(max_length=64)]


@router.get("/conversations/{conversation_id}/draft")
async def show_part(
    here: Here, person: Reader, conversation_id: Id, print: Print = "", shown: Shown = None
) -> Response:
    """The part of the page that shows the draft; nothing (204) while it is as the page has it."""
    if await _is_known(here, conversation_id, print):
        return Response(status_code=204)
    return await _answer(here, person, "item_draft_part.html", conversation_id, shown)


@router.get("/conversations/{conversation_id}/draft-news")
async def show_news(
    here: Here, person: Reader, conversation_id: Id, print: Print = "", shown: Shown = None
) -> Response:
    """What somebody who types is told: what changed since; nothing (204) while nothing did."""
    if await _is_known(here, conversation_id, print):
        return Response(status_code=204)
    return await _answer(here, person, "item_edit_news.html", conversation_id, shown, edit=True)


@router.post("/drafts/{draft_id}/seen")
async def post_seen(
    here: Here,
    person: Decider,
    place: Conversation,
    draft_id: Id,
    version: Version,
    print: Annotated[str, Form(max_length=64)] = "",
    instead: Annotated[int | None, Form(ge=1, le=2**31 - 1)] = None,
    edit: Annotated[str, Form(pattern="^(true)?$")] = "",
) -> Response:
    """Somebody saw what changed since the draft was written, or which draft took the place of the one they read."""
    now, by = here.clock.now(), person.agent_id
    if instead is not None:
        await here.db.run(see_another, draft_id, version=version, instead=instead, agent_id=by, now=now)
    else:
        catalog = here.catalog
        await here.db.run(see, draft_id, version=version, print=print, agent_id=by, catalog=catalog, now=now)
    return RedirectResponse(f"/conversations/{place}{'?edit=true#text' if edit else '#draft-title'}", 303)


@router.post("/conversations/{conversation_id}/draft-again")
async def post_again(request: Request, here: Here, person: Decider, conversation_id: Id) -> Response:
    """Draft as things are now; what a person wrote is kept beside it."""
    request.state.back = f"/conversations/{conversation_id}"
    await draft_again(here.db, here.clock, here.catalog, here.house, conversation_id)
    here.wake()
    return RedirectResponse(f"/conversations/{conversation_id}?notice={Notice.DRAFTED}#draft-title", 303)


async def _is_known(here: Desk, conversation_id: int, seal: str) -> bool:
    return bool(seal) and seal == await here.db.read(print_of, conversation_id, here.catalog, now=here.clock.now())


async def _answer(
    here: Desk, person: Reader, page: str, conversation_id: int, shown: int | None, *, edit: bool = False
) -> Response:
    def look(session: Session) -> tuple[Item, DraftSight]:
        found = item(session, conversation_id)
        return found, part_of(session, found, here.catalog, now=now, shown=None if edit else shown)

    now = here.clock.now()
    found, part = await here.db.read(look)
    return here.pages.render(
        page,
        person=person,
        now=now,
        item=found,
        talk=found.conversation,
        part=part,
        passages=passages_of(found, now),
        shown=shown,
        edit=edit,
        kept_text="",
        faults=FAULTS,
    )
