"""A person's own reply, on any conversation."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from mailer.replies.approve import write_own
from mailer.web.console.forms import Id, Newest, Text
from mailer.web.console.words import Notice
from mailer.web.desk import Decider, Here

router = APIRouter()


@router.post("/conversations/{conversation_id}/replies")
async def post_reply(
    request: Request, here: Here, person: Decider, conversation_id: Id, text: Text, newest: Newest = None
) -> Response:
    """A draft in the person's own words; it goes like any other, by an approval."""
    request.state.back = f"/conversations/{conversation_id}"
    by, now = person.agent_id, here.clock.now()
    await here.db.run(write_own, conversation_id, text=text, agent_id=by, now=now, newest=newest)
    return RedirectResponse(f"/conversations/{conversation_id}?notice={Notice.WRITTEN}", 303)
