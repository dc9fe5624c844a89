"""/unseen/TOKEN: the link that no person sees. Whoever fetches it fetches everything."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from mailer.web.public.site import Here, opened

router = APIRouter()


@router.api_route("/unseen/{token}", methods=["GET", "HEAD"])
async def show_nothing(request: Request, here: Here, token: str) -> Response:
    """A page that says that there is nothing to do."""
    seen = await opened(here, request, token, "unseen")
    return here.page(
        "note.html", seen.words, title=seen.words("closed.nothing_title"), text=seen.words("closed.nothing")
    )
