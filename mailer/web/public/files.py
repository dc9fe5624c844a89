"""GET /files/HASH/size-chart.pdf: a PDF that our mails link to, as a download; no cookie, nothing is noted."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.responses import Response

from mailer.errors import NotFound
from mailer.rendering.attachment import is_file_name
from mailer.rendering.files import file_bytes
from mailer.web.door import Door, door

router = APIRouter()

Here = Annotated[Door, Depends(door)]
_HEADERS = {
    # The address names the bytes.
    "cache-control": "public, max-age=31536000, immutable",
    # Nothing of ours is to be done by what somebody opens in a browser.
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "cross-origin",
    # Always whole (RFC 9110, 14.3); a Range is a wish that may be passed over.
    "accept-ranges": "none",
    "x-robots-tag": "noindex",
}


@router.api_route("/files/{sha256}/{name}", methods=["GET", "HEAD"])
async def give_file(here: Here, sha256: str, name: str) -> Response:
    """Its bytes, which never change; for HEAD the server leaves them out."""
    try:
        data = await here.db.read(file_bytes, sha256[:65] if is_file_name(name) else "")
    except NotFound:
        raise HTTPException(404, "there is no such file") from None
    return Response(data, media_type="application/pdf", headers={**_HEADERS, "content-disposition": download(name)})


def download(name: str) -> str:
    """That it is kept and not shown, and under which name (RFC 6266, 4)."""
    plain = name if name.isascii() else "file.pdf"
    return f"attachment; filename=\"{plain}\"; filename*=utf-8''{quote(name, safe='')}"
