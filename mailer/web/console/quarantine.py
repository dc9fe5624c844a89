"""Mails that could not be read: look at one as text, take its bytes out, try again."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from mailer.inbound.quarantine import as_text, listed, raw_bytes, reasons, retry, retry_all, want_whole
from mailer.replies.queue import Tab, counts
from mailer.web.console.forms import Id
from mailer.web.console.words import TABS, Notice
from mailer.web.desk import Decider, Here, Reader

router = APIRouter()

_TAB = "/quarantine"


@router.get("/quarantine")
async def show_quarantine(
    here: Here,
    person: Reader,
    reason: Annotated[str | None, Query(max_length=2_000)] = None,
    notice: Notice | None = None,
) -> Response:
    """What could not be read, by its reasons."""
    return here.pages.render(
        "quarantine.html",
        person=person,
        now=here.clock.now(),
        tab=Tab.QUARANTINE,
        tabs=TABS,
        counts=await here.db.read(counts),
        reasons=await here.db.read(reasons),
        mails=await here.db.read(listed, reason=reason),
        reason=reason,
        notice=notice,
    )


@router.post("/quarantine/retries")
async def post_retries(request: Request, here: Here, person: Decider, reason: Annotated[str, Form()] = "") -> Response:
    """Read or fetch again all that lie there for one reason."""
    request.state.back = _TAB
    await here.db.run(retry_all, reason, now=here.clock.now())
    here.wake()
    return RedirectResponse(f"{_TAB}?notice={Notice.RETRIED}", 303)


@router.get("/quarantine/{raw_mail_id}/text")
async def show_text(request: Request, here: Here, person: Reader, raw_mail_id: Id) -> Response:
    """A mail as it stands, undecoded and harmless."""
    request.state.back = _TAB
    text = as_text(await here.db.read(raw_bytes, raw_mail_id))
    found = await here.db.read(counts)
    return here.pages.render("raw.html", person=person, number=raw_mail_id, text=text, tabs=TABS, counts=found)


@router.get("/quarantine/{raw_mail_id}/raw")
async def download(request: Request, here: Here, person: Reader, raw_mail_id: Id) -> Response:
    """The bytes, as a file that no browser opens."""
    request.state.back = _TAB
    raw = await here.db.read(raw_bytes, raw_mail_id)
    headers = {"content-disposition": f'attachment; filename="mail-{raw_mail_id}.eml"'}
    return Response(raw, media_type="application/octet-stream", headers=headers)


@router.post("/quarantine/{raw_mail_id}/retry")
async def post_retry(request: Request, here: Here, person: Decider, raw_mail_id: Id) -> Response:
    """Read it again, or ask the server for it again."""
    request.state.back = _TAB
    await here.db.run(retry, raw_mail_id, now=here.clock.now())
    here.wake()
    return RedirectResponse(f"{_TAB}?notice={Notice.RETRIED}", 303)


@router.post("/quarantine/{raw_mail_id}/whole")
async def post_whole(request: Request, here: Here, person: Decider, raw_mail_id: Id) -> Response:
    """Ask for the rest of a large mail."""
    await here.db.run(want_whole, raw_mail_id, now=here.clock.now())
    here.wake()
    return RedirectResponse(f"{_TAB}?notice={Notice.WHOLE}", 303)
