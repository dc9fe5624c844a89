"""GET /images/HASH.png: a picture that our mails show, by the hash of its bytes; no cookie, nothing is noted."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.responses import Response

from mailer.errors import NotFound
from mailer.rendering.image import image_bytes
from mailer.web.door import Door, door

router = APIRouter()

Here = Annotated[Door, Depends(door)]


@router.get("/images/{name}")
async def show_image(here: Here, name: str) -> Response:
    """Its bytes, which never change."""
    try:
        data, mime = await here.db.read(image_bytes, name.partition(".")[0][:64])
    except NotFound:
        raise HTTPException(404, "there is no such picture") from None
    kept = {"cache-control": "public, max-age=31536000, immutable", "cross-origin-resource-policy": "cross-origin"}
    return Response(data, media_type=mime, headers=kept)
