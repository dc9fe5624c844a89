"""The stream on which an open page hears what others do."""

from fastapi import APIRouter, Request
from sse_starlette import EventSourceResponse
from starlette.responses import RedirectResponse, Response

from mailer.web.desk import Reader
from mailer.web.live import Live

router = APIRouter()

_STREAM = "text/event-stream"
_SIGN_OF_LIFE = 15


@router.get("/live")
async def listen(request: Request, person: Reader) -> Response:
    """Events for a browser's EventSource; anything else is led to the queue."""
    if _STREAM not in request.headers.get("accept", ""):
        return RedirectResponse("/queue", 303)
    live: Live = request.app.state.live
    return EventSourceResponse(live.listen(person.agent_id, person.session_id), ping=_SIGN_OF_LIFE)
