"""GET /healthz: may a supervisor leave us alone?"""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import JSONResponse, Response

from mailer.health.status import status
from mailer.web.door import Door, door

router = APIRouter()

Here = Annotated[Door, Depends(door)]


@router.get("/healthz")
async def show_health(here: Here) -> Response:
    """200 and `ok`, or 503 and the reasons."""
    found = await here.db.read(status, now=here.clock.now())
    problems = list(found.problems)
    return JSONResponse({"ok": not problems, "problems": problems}, 503 if problems else 200)
