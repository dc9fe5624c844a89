"""A photo that a customer sent by one of our pages, for the agent who looks at the matter."""

from fastapi import APIRouter
from sqlmodel import Session
from starlette.responses import Response

from mailer.errors import NotFound
from mailer.model import Blob, Direction, Message
from mailer.web.console.forms import Id
from mailer.web.desk import Here, Reader

router = APIRouter()

# A picture and nothing else, whatever somebody makes of its address.
_HEADERS = {"content-disposition": "inline; filename=photo.jpg", "cache-control": "private, max-age=3600"}


@router.get("/messages/{message_id}/photos/{place}")
async def show_photo(here: Here, person: Reader, message_id: Id, place: Id) -> Response:
    """The JPEG as we made it of the customer's file."""
    data = await here.db.read(photo_of, message_id, place)
    return Response(data, media_type="image/jpeg", headers=_HEADERS)


def photo_of(session: Session, message_id: int, place: int) -> bytes:
    """The bytes of one photo, counted from 1. Raises NotFound; files of mails are never served."""
    message = session.get(Message, message_id)
    files = message.files if message is not None and has_photos(message) else []
    blob = session.get(Blob, files[place - 1]["sha256"]) if place <= len(files) else None
    if blob is None or not blob.packed:
        raise NotFound("there is no such photo")
    return blob.unpack()


def has_photos(message: Message) -> bool:
    """Whether what it brought are photos that we made: it came by a page of ours and not as a mail."""
    return message.direction is Direction.IN and message.raw_mail_id is None and message.internet_message_id == ""
