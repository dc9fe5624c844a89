"""Decisions on a draft: an approval, another text, a dismissal. Each names the version that the person saw."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from mailer.errors import Conflict, NotFound
from mailer.model import Draft, Fault
from mailer.replies.approve import approve, delivery_of, edit
from mailer.replies.dismiss import dismiss, take_back
from mailer.web.console.collision import tell_collision
from mailer.web.console.forms import Id, Text, Version
from mailer.web.console.looking import Look
from mailer.web.console.queue import on_to_next
from mailer.web.console.words import Notice
from mailer.web.desk import Decider, Here

router = APIRouter()


async def conversation(request: Request, here: Here, person: Decider, draft_id: Id) -> int:
    """The conversation of the draft in the address; problems lead back to it. Raises NotFound."""
    found = await here.db.read(conversation_of, draft_id)
    request.state.back = f"/conversations/{found}"
    return found


Conversation = Annotated[int, Depends(conversation)]


def conversation_of(session: Session, draft_id: int) -> int:
    """Where this draft belongs. Raises NotFound."""
    draft = session.get(Draft, draft_id)
    if draft is None:
        raise NotFound(f"draft {draft_id}: there is no such draft")
    return draft.conversation_id


@router.post("/drafts/{draft_id}/approval")
async def post_approval(
    here: Here,
    person: Decider,
    look: Look,
    place: Conversation,
    draft_id: Id,
    version: Version,
    done: Annotated[bool, Form()] = False,
) -> Response:
    """Let it go, after the time in which it can be taken back; `done` is what must be done before."""
    who, now, catalog = person.agent_id, here.clock.now(), here.catalog
    try:
        delivery = await here.db.run(
            approve, draft_id, version=version, agent_id=who, terms=here.terms, now=now, done=done, catalog=catalog
        )
    except Conflict as changed:
        # The answer to the same decision may have been lost on its way: whoever sends it again gets it again.
        given = await here.db.read(delivery_of, draft_id, version=version, agent_id=who)
        if given is None:
            return await tell_collision(here, person, look, place, draft_id, version, str(changed))
        delivery = given
    here.wake()
    return await on_to_next(here, place, f"undo={delivery}", look)


@router.post("/drafts/{draft_id}/text")
async def post_text(
    here: Here, person: Decider, look: Look, place: Conversation, draft_id: Id, version: Version, text: Text
) -> Response:
    """Another text for it, under a new version."""
    await here.db.run(edit, draft_id, version=version, text=text, agent_id=person.agent_id, now=here.clock.now())
    return RedirectResponse(look.item(place, f"notice={Notice.EDITED}"), 303)


@router.post("/drafts/{draft_id}/dismissal")
async def post_dismissal(
    here: Here,
    person: Decider,
    look: Look,
    place: Conversation,
    draft_id: Id,
    version: Version,
    reason: Annotated[str, Form(max_length=500)] = "",
    fault: Annotated[Fault | None, Form()] = None,
) -> Response:
    """Do not send this; a person will write, or nobody has to. Who wants to write stays here."""
    by = person.agent_id
    words = reason.strip()
    number = await here.db.run(
        dismiss, draft_id, version=version, agent_id=by, fault=fault, reason=words, now=here.clock.now()
    )
    notice = Notice.CLOSED if fault is Fault.NO_ANSWER else Notice.DISMISSED
    query = f"notice={notice}&back=dismissal-{number}"
    if fault is Fault.OWN_WORDS:
        return RedirectResponse(f"{look.item(place, query)}#own", 303)
    return await on_to_next(here, place, query, look)


@router.post("/dismissals/{dismissal_id}/undo")
async def post_undo(here: Here, person: Decider, look: Look, dismissal_id: Id) -> Response:
    """Let a rejected draft wait again."""
    place = await here.db.run(take_back, dismissal_id, now=here.clock.now())
    here.wake()
    return RedirectResponse(look.item(place, f"notice={Notice.PENDING_AGAIN}"), 303)
