"""A person opens a conversation, goes on to another, or makes it somebody's to answer."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from mailer.replies.claims import assign, claim, release
from mailer.web.console.forms import Id
from mailer.web.console.looking import Look
from mailer.web.console.words import Notice
from mailer.web.desk import Decider, Here, Unnoted

router = APIRouter()


@router.post("/conversations/{conversation_id}/claim", dependencies=[Unnoted])
async def post_claim(here: Here, person: Decider, conversation_id: Id) -> Response:
    """The page says that it is open, again and again."""
    await here.db.run(claim, conversation_id, agent_id=person.agent_id, now=here.clock.now())
    return Response(status_code=204)


@router.post("/conversations/{conversation_id}/claim/end", dependencies=[Unnoted])
async def post_release(here: Here, person: Decider, conversation_id: Id) -> Response:
    """The page goes on to another."""
    await here.db.run(release, conversation_id, agent_id=person.agent_id)
    return Response(status_code=204)


@router.post("/conversations/{conversation_id}/assignee")
async def post_assignee(
    request: Request,
    here: Here,
    person: Decider,
    conversation_id: Id,
    look: Look,
    whose: Annotated[str, Form(pattern="^[0-9]{0,9}$")] = "",
) -> Response:
    """Whose it is from now on; nobody's when empty."""
    request.state.back = look.item(conversation_id)
    await here.db.run(assign, conversation_id, assignee_id=int(whose) if whose else None, now=here.clock.now())
    return RedirectResponse(look.item(conversation_id, f"notice={Notice.ASSIGNED}"), 303)
