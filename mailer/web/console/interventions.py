"""What a person does about a mail on its way, or one that did not arrive; each says afterwards what came of it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from mailer.outbound.hold import hold_address, hold_delivery, release_address, release_delivery
from mailer.outbound.intervene import cancel_delivery, give_up, retry, send_anyway
from mailer.replies.again import draft_again
from mailer.web.console.forms import Id, Text
from mailer.web.console.words import Notice
from mailer.web.desk import Decider, Here

router = APIRouter()

Address = Annotated[str, Form(max_length=320)]


async def place(request: Request, person: Decider, delivery_id: Id) -> int:
    """The delivery in the address; problems lead back to it."""
    request.state.back = f"/deliveries/{delivery_id}"
    return delivery_id


Number = Annotated[int, Depends(place)]


@router.post("/deliveries/{delivery_id}/retry")
async def post_retry(here: Here, person: Decider, number: Number) -> Response:
    """Try it now."""
    patience = here.settings.outbound.give_up_after
    await here.db.run(retry, number, agent=person.name, give_up_after=patience, now=here.clock.now())
    return _on(here, f"/failed?notice={Notice.AGAIN}")


@router.post("/deliveries/{delivery_id}/anyway")
async def post_anyway(here: Here, person: Decider, number: Number, reason: Text) -> Response:
    """Send what a hold or a suppression stopped; who and why is kept."""
    patience, now = here.settings.outbound.give_up_after, here.clock.now()
    await here.db.run(
        send_anyway, number, agent_id=person.agent_id, reason=reason[:500], give_up_after=patience, now=now
    )
    return _on(here, f"/failed?notice={Notice.ANYWAY}")


@router.post("/deliveries/{delivery_id}/draft")
async def post_draft(here: Here, person: Decider, number: Number) -> Response:
    """Its text as a draft, opened for editing."""
    found = await here.db.run(draft_again, number, agent_id=person.agent_id, now=here.clock.now())
    return RedirectResponse(f"/conversations/{found}?edit=true#text", 303)


@router.post("/deliveries/{delivery_id}/giving-up")
async def post_giving_up(here: Here, person: Decider, number: Number) -> Response:
    """Let it be."""
    await here.db.run(give_up, number, agent=person.name, now=here.clock.now())
    return RedirectResponse(f"/failed?notice={Notice.GIVEN_UP}", 303)


@router.post("/deliveries/{delivery_id}/hold")
async def post_hold(here: Here, person: Decider, number: Number, reason: Text = "") -> Response:
    """Let it lie until somebody releases it."""
    await here.db.run(hold_delivery, number, by=person.name, reason=reason.strip()[:500], now=here.clock.now())
    return RedirectResponse(f"/deliveries/{number}?notice={Notice.HELD}", 303)


@router.post("/deliveries/{delivery_id}/release")
async def post_release(here: Here, person: Decider, number: Number) -> Response:
    """Let it go."""
    await here.db.run(release_delivery, number, by=person.name, now=here.clock.now())
    return _on(here, f"/deliveries/{number}?notice={Notice.RELEASED}")


@router.post("/deliveries/{delivery_id}/withdrawal")
async def post_withdrawal(here: Here, person: Decider, number: Number) -> Response:
    """Never send it; its conversation needs a person."""
    await here.db.run(cancel_delivery, number, agent=person.name, now=here.clock.now())
    return RedirectResponse(f"/deliveries/{number}?notice={Notice.WITHDRAWN}", 303)


@router.post("/holds")
async def post_hold_address(
    request: Request, here: Here, person: Decider, address: Address, reason: Text = ""
) -> Response:
    """Send nothing to an address until it is released."""
    request.state.back = "/failed"
    await here.db.run(hold_address, address, by=person.name, reason=reason.strip()[:500], now=here.clock.now())
    return RedirectResponse(f"/failed?notice={Notice.HELD}", 303)


@router.post("/holds/release")
async def post_release_address(request: Request, here: Here, person: Decider, address: Address) -> Response:
    """Send to an address again."""
    request.state.back = "/failed"
    await here.db.run(release_address, address, by=person.name, now=here.clock.now())
    return _on(here, f"/failed?notice={Notice.RELEASED}")


def _on(here: Here, address: str) -> Response:
    here.wake()
    return RedirectResponse(address, 303)
