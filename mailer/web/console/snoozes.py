"""Put a conversation aside, and take that back."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from mailer.calendars import parse_zone
from mailer.model import Snooze
from mailer.replies.snooze import snooze, unsnooze
from mailer.web.console.forms import Id, Newest
from mailer.web.console.looking import Look
from mailer.web.console.presets import When, moment_of
from mailer.web.console.queue import on_to_next
from mailer.web.console.words import Notice
from mailer.web.desk import Decider, Here

router = APIRouter()

_KINDS = {When.REPLY: Snooze.REPLY, When.PARCEL: Snooze.PARCEL}


@router.post("/conversations/{conversation_id}/snooze")
async def post_snooze(
    request: Request,
    here: Here,
    person: Decider,
    conversation_id: Id,
    look: Look,
    when: Annotated[When, Form()],
    day: Annotated[date | None, Form()] = None,
    newest: Newest = None,
) -> Response:
    """Aside with it, and on to the next one."""
    request.state.back = f"/conversations/{conversation_id}"
    now, zone = here.clock.now(), parse_zone(person.zone or here.settings.shop.zone)
    kind, until = _KINDS.get(when, Snooze.UNTIL), moment_of(when, now, zone, day)
    by = person.agent_id
    await here.db.run(snooze, conversation_id, waits_for=kind, until=until, agent_id=by, now=now, newest=newest)
    return await on_to_next(here, conversation_id, f"notice={Notice.SNOOZED}&back=snooze-{conversation_id}", look)


@router.post("/conversations/{conversation_id}/snooze/end")
async def post_end(request: Request, here: Here, person: Decider, conversation_id: Id) -> Response:
    """It waits for a person again."""
    request.state.back = f"/conversations/{conversation_id}"
    await here.db.run(unsnooze, conversation_id)
    return RedirectResponse(f"/conversations/{conversation_id}?notice={Notice.WOKEN}", 303)
