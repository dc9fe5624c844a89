"""The plan after an outage: what flows would send at once, and the word that lets it go."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from mailer.flows.expiries import expiries
from mailer.outbound.catch_up import CatchUpTerms, approve_catch_up, catch_up_plan
from mailer.replies.queue import counts
from mailer.web.console.words import TABS, Notice
from mailer.web.desk import Decider, Here, Reader

router = APIRouter()


@router.get("/catch-up")
async def show_plan(here: Here, person: Reader) -> Response:
    """What waits, flow by flow, and over how long it would be spread."""
    terms, now = CatchUpTerms.of(here.settings), here.clock.now()
    too_old = await here.db.read(expiries, here.settings.flows.directory)
    plan = await here.db.read(catch_up_plan, terms=terms, now=now, expires=too_old)
    found = await here.db.read(counts)
    return here.pages.render("catch_up.html", person=person, now=now, plan=plan, tabs=TABS, counts=found)


@router.post("/catch-up/release")
async def post_release(request: Request, here: Here, person: Decider) -> Response:
    """Let it go, one after the other. A plan that nobody holds is a problem shown on the page."""
    request.state.back = "/catch-up"
    await here.db.run(approve_catch_up, by=person.name, terms=CatchUpTerms.of(here.settings), now=here.clock.now())
    here.wake()
    return RedirectResponse(f"/queue?notice={Notice.SPREAD}", 303)
