"""GET /healthz: may a supervisor leave us alone?"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import JSONResponse, Response

from mailer.health.status import status
from mailer.web.door import Door, door, is_local

router = APIRouter()

Here = Annotated[Door, Depends(door)]


@router.get("/healthz")
async def show_health(request: Request, here: Here) -> Response:
    """200, or 503 when a server or program is at fault; work that waits for people is no fault.

    The reasons hold servers' words, so they are told on this machine only.
    """
    found = await here.db.read(status, now=here.clock.now())
    local = is_local(request, here.settings.web.console_url)
    told = {"faults": found.faults, "for_people": found.for_people} if local else {}
    return JSONResponse({"ok": not found.faults, **told}, 503 if found.faults else 200)
