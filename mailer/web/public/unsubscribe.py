"""/unsubscribe/TOKEN: the way out. GET shows it; POST acts, also the one-click POST of mail programs (RFC 8058).

A one-click POST comes from a mail provider: without cookie, Origin or person. It is answered 200 with no body, and the
same again.
"""

from fastapi import APIRouter, Request
from starlette.responses import Response

from mailer.feedback.unsubscribe import STREAMS, leave, left, stream_of
from mailer.model import Stream
from mailer.web.public.forms import read_form
from mailer.web.public.site import Here, Opened, Site, opened

router = APIRouter()


@router.api_route("/unsubscribe/{token}", methods=["GET", "HEAD"])
async def show_streams(request: Request, here: Here, token: str) -> Response:
    """What can be left; nothing is left by looking."""
    seen = await opened(here, request, token, "unsubscribe")
    return await _form(here, seen)


@router.post("/unsubscribe/{token}")
async def post_streams(request: Request, here: Here, token: str) -> Response:
    """Leave what was chosen, or by one click the stream of the mail."""
    seen = await opened(here, request, token, "unsubscribe")
    form = await read_form(request)
    if str(form.get("List-Unsubscribe") or "").lower() == "one-click":
        await here.db.run(leave, seen.link, [stream_of(seen.link)], words="one click in the mail program", now=seen.now)
        here.wake()
        return Response(status_code=200)
    wanted = [stream for stream in STREAMS if stream.value in form.getlist("stream")]
    if not wanted:
        return await _form(here, seen, problem=True)
    await here.db.run(leave, seen.link, wanted, words="on the page of the way out", now=seen.now)
    here.wake()
    return here.page("unsubscribed.html", seen.words, seen=seen, streams=wanted)


async def _form(here: Site, seen: Opened, *, problem: bool = False) -> Response:
    gone = await here.db.read(left, seen.link)
    own = stream_of(seen.link)
    chosen = {stream.value for stream in STREAMS if own in (stream, Stream.ALL)}
    return here.page(
        "unsubscribe.html",
        seen.words,
        status=400 if problem else 200,
        seen=seen,
        streams=STREAMS,
        gone=gone,
        chosen=chosen,
        problem=problem,
    )
