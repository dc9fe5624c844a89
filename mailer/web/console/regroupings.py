"""Join two conversations, part one, and take it back."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from mailer.inbound.merge import merge, split, undo
from mailer.web.console.forms import Id, Version
from mailer.web.console.words import Notice
from mailer.web.desk import Decider, Here

router = APIRouter()


@router.post("/conversations/{conversation_id}/merges")
async def post_merge(request: Request, here: Here, person: Decider, conversation_id: Id, into: Version) -> Response:
    """Move all mails into another conversation."""
    request.state.back = f"/conversations/{conversation_id}"
    await here.db.run(merge, conversation_id, into=into, agent_id=person.agent_id, now=here.clock.now())
    here.wake()
    return RedirectResponse(f"/conversations/{into}?notice={Notice.REGROUPED}", 303)


@router.post("/conversations/{conversation_id}/splits")
async def post_split(
    request: Request, here: Here, person: Decider, conversation_id: Id, message: Annotated[list[int], Form()]
) -> Response:
    """Move the chosen mails into a conversation of their own."""
    request.state.back = f"/conversations/{conversation_id}"
    now = here.clock.now()
    await here.db.run(split, conversation_id, messages=message, agent_id=person.agent_id, now=now)
    here.wake()
    return RedirectResponse(f"/conversations/{conversation_id}?notice={Notice.REGROUPED}", 303)


@router.post("/regroupings/{regrouping_id}/undo")
async def post_undo(request: Request, here: Here, person: Decider, regrouping_id: Id) -> Response:
    """Move the mails back."""
    conversation = await here.db.run(undo, regrouping_id, now=here.clock.now())
    here.wake()
    return RedirectResponse(f"/conversations/{conversation}?notice={Notice.REGROUPED}", 303)
