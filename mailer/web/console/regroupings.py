"""Join two conversations, part one, and take it back."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from mailer.inbound.merge import merge, split, undo
from mailer.web.console.forms import Id, Version, plain_text
from mailer.web.console.joining import joining_of
from mailer.web.console.words import Notice
from mailer.web.desk import Decider, Here, Reader

router = APIRouter()


@router.get("/conversations/{conversation_id}/joining")
async def show_joining(
    request: Request,
    here: Here,
    person: Reader,
    conversation_id: Id,
    q: Annotated[str, Query(max_length=200)] = "",
    into: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> Response:
    """Look for the conversation to join with, and see what would move."""
    request.state.back = f"/conversations/{conversation_id}"
    words = plain_text(q)
    found = await here.db.read(joining_of, conversation_id, words=words, into=into)
    now = here.clock.now()
    return here.pages.render("joining.html", person=person, now=now, joining=found, words=words, into=into)


@router.post("/conversations/{conversation_id}/merges")
async def post_merge(request: Request, here: Here, person: Decider, conversation_id: Id, into: Version) -> Response:
    """Move all mails into another conversation."""
    request.state.back = f"/conversations/{conversation_id}"
    made = await here.db.run(merge, conversation_id, into=into, agent_id=person.agent_id, now=here.clock.now())
    here.wake()
    return _to(into, made)


@router.post("/conversations/{conversation_id}/splits")
async def post_split(
    request: Request, here: Here, person: Decider, conversation_id: Id, message: Annotated[list[int], Form()]
) -> Response:
    """Move the chosen mails into a conversation of their own."""
    request.state.back = f"/conversations/{conversation_id}"
    now = here.clock.now()
    made = await here.db.run(split, conversation_id, messages=message, agent_id=person.agent_id, now=now)
    here.wake()
    return _to(conversation_id, made)


@router.post("/regroupings/{regrouping_id}/undo")
async def post_undo(request: Request, here: Here, person: Decider, regrouping_id: Id) -> Response:
    """Move the mails back."""
    conversation = await here.db.run(undo, regrouping_id, now=here.clock.now())
    here.wake()
    return RedirectResponse(f"/conversations/{conversation}?notice={Notice.REGROUPED}", 303)


def _to(conversation_id: int, regrouping_id: int) -> Response:
    """Back to the conversation, with the undo in the notice."""
    query = f"notice={Notice.REGROUPED}&back=regrouping-{regrouping_id}"
    return RedirectResponse(f"/conversations/{conversation_id}?{query}", 303)
