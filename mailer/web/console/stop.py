"""The big red stop of all sending, and the way back; of a flow that was stopped too."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from mailer.model import Hold
from mailer.outbound.canary import clear_canaries
from mailer.outbound.hold import resume, resume_flow, stop, stopped
from mailer.web.console.forms import Text
from mailer.web.console.words import Notice
from mailer.web.desk import Decider, Here

router = APIRouter()


@router.get("/stop")
async def show_stop(here: Here, person: Decider) -> Response:
    """Ask once more before everything stops; a link or a prefetch stops nothing."""
    hold: Hold | None = await here.db.read(stopped)
    return here.pages.render("stop.html", person=person, now=here.clock.now(), stop=hold)


@router.post("/stop")
async def post_stop(here: Here, person: Decider, reason: Text = "") -> Response:
    """Stop all sending at once."""
    await here.db.run(stop, by=person.name, reason=reason.strip()[:500], now=here.clock.now())
    return RedirectResponse(f"/queue?notice={Notice.STOPPED}", 303)


@router.post("/resume")
async def post_resume(
    request: Request, here: Here, person: Decider, flow: Annotated[str, Form(max_length=100)] = ""
) -> Response:
    """Send again: everything, or what one flow sends. A flow that is not stopped is a problem shown on the page."""
    request.state.back = "/queue"
    if flow:
        await here.db.run(_let_flow_go, flow, by=person.name, now=here.clock.now())
    else:
        await here.db.run(resume, by=person.name, now=here.clock.now())
    here.wake()
    return RedirectResponse(f"/queue?notice={Notice.RESUMED}", 303)


def _let_flow_go(session: Session, flow: str, *, by: str, now: datetime) -> None:
    resume_flow(session, flow, by=by, now=now)
    clear_canaries(session, flow, now=now)
