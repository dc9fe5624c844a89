"""What a mail brought, taken out of its bytes when somebody asks: its HTML for a frame, its files, the whole."""

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from html import escape
from urllib.parse import quote

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from sqlmodel import Session
from starlette.responses import HTMLResponse, Response

from mailer.errors import InputError, NotFound
from mailer.inbound.showing import Shown
from mailer.model import Blob, Direction, Message
from mailer.web.console.forms import Id
from mailer.web.desk import Desk, Here, Reader
from mailer.web.languages import N_, translations
from mailer.web.security import framed

router = APIRouter()

NO_HTML = N_("This mail has no HTML to show. Its text stands in the conversation.")
# The only style in the frame, known to its policy by this very text. Mails bring none.
FRAME_STYLE = (
    ":root{color-scheme:light dark}"
    "body{margin:12px;font:15px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}"
    "img{max-width:100%;height:auto}"
    "table{border-collapse:collapse}td,th{padding:2px 6px;vertical-align:top}"
    "blockquote{margin:8px 0;padding-left:10px;border-left:2px solid}"
    "pre{white-space:pre-wrap}a{text-decoration:underline dotted}small{opacity:.75}"
)
STYLE_HASH = f"'sha256-{b64encode(sha256(FRAME_STYLE.encode()).digest()).decode('ascii')}'"
_FILE = {"content-security-policy": "default-src 'none'; sandbox", "x-content-type-options": "nosniff"}


@router.get("/messages/{message_id}/html")
async def show_html(here: Here, person: Reader, message_id: Id) -> Response:
    """The mail's HTML, cleaned, as the document of a sandboxed frame: nothing runs in it, and it fetches nothing."""
    shown = await shown_of(here, message_id)
    words = escape(translations(person.language).gettext(NO_HTML))
    return HTMLResponse(frame_document(shown.html or f"<p>{words}</p>"), headers=framed(STYLE_HASH))


@router.get("/messages/{message_id}/elsewhere")
async def show_elsewhere(here: Here, person: Reader, message_id: Id) -> Response:
    """The pictures and links that this mail has elsewhere, as addresses to look at; nothing is fetched."""
    message = await here.db.read(message_of, message_id)
    shown = await shown_of(here, message_id)
    return here.pages.render("elsewhere.html", person=person, message=message, shown=shown)


@router.get("/messages/{message_id}/raw")
async def download_mail(here: Here, person: Reader, message_id: Id) -> Response:
    """The mail as it came, byte for byte, as a file that no browser opens."""
    raw = await here.db.read(bytes_of, message_id)
    return Response(raw, media_type="application/octet-stream", headers=_as_file(f"mail-{message_id}.eml"))


@router.get("/messages/{message_id}/files/{place}")
async def download_file(here: Here, person: Reader, message_id: Id, place: Id) -> Response:
    """One file that came with a mail, counted from 1, whatever it is: only to be saved."""
    file = await here.db.read(file_of, message_id, place)
    raw = await here.db.read(bytes_of, message_id)
    try:
        data = await run_in_threadpool(here.reader.file, raw, file["sha256"])
    except InputError as error:
        raise NotFound(f"this file cannot be taken out of its mail ({error}); download the whole mail") from None
    return Response(data, media_type="application/octet-stream", headers=_as_file(file["name"]))


def frame_document(html: str) -> str:
    """HTML that was cleaned, as a document under our own style."""
    return f'<!doctype html><meta charset="utf-8"><title>mail</title><style>{FRAME_STYLE}</style>\n{html}'


def message_of(session: Session, message_id: int) -> Message:
    """One mail of a customer. Raises NotFound."""
    message = session.get(Message, message_id)
    if message is None or message.direction is not Direction.IN:
        raise NotFound(f"there is no mail {message_id} of a customer")
    return message


def bytes_of(session: Session, message_id: int) -> bytes:
    """The bytes of a mail that was received. Raises NotFound when there is none, or it was erased."""
    message = message_of(session, message_id)
    blob = session.get(Blob, message.sha256) if message.raw_mail_id is not None else None
    if blob is None or blob.erased_at is not None:
        raise NotFound(f"there are no bytes of mail {message_id}")
    return blob.unpack()


def file_of(session: Session, message_id: int, place: int) -> Mapping[str, str]:
    """What is known of one file of a mail. Raises NotFound."""
    files = message_of(session, message_id).files
    if place > len(files):
        raise NotFound(f"mail {message_id} has no file {place}")
    return files[place - 1]


async def shown_of(here: Desk, message_id: int) -> Shown:
    """What may be shown of the mail's HTML. Raises NotFound, and when it cannot be read within bounds."""
    return await shown_from(here, message_id, await here.db.read(bytes_of, message_id))


async def shown_from(here: Desk, message_id: int, raw: bytes, brought: Mapping[str, str] | None = None) -> Shown:
    """As `shown_of`, from its bytes, with names for pictures that were brought from elsewhere."""
    try:
        return await run_in_threadpool(here.reader.show, raw, brought)
    except InputError as error:
        raise NotFound(f"the HTML of mail {message_id} cannot be shown ({error}); read its text") from None


def _as_file(name: str) -> dict[str, str]:
    """RFC 6266, 4.3: the name in any script, beside one that every browser reads."""
    plain = "".join(char if char.isascii() and (char.isalnum() or char in " ._-") else "_" for char in name)
    return {**_FILE, "content-disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, '')}"}
