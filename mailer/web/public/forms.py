"""What customers' browsers send, read at the door: numbers, words, photos."""

import asyncio
import re
from collections.abc import Container
from typing import Any

from fastapi import Request
from sqlmodel import Session
from starlette.datastructures import FormData, UploadFile

from mailer.db import insert_once
from mailer.errors import InputError
from mailer.feedback.photo import Photo, read_photo
from mailer.model import Blob
from mailer.signing import digest
from mailer.web.public.site import Site

_MOST_FIELDS = 300
_LONGEST_TEXT = 4_000
# Control characters, and marks that turn the direction of the text around them.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


async def read_form(request: Request) -> FormData:
    """The fields of a form without files. Raises HTTPException when it cannot be read."""
    async with request.form(max_files=0, max_fields=_MOST_FIELDS) as form:
        return form


async def read_form_with_photos(here: Site, request: Request) -> tuple[FormData, list[Photo], str]:
    """The fields of a form, its pictures, and why one of them cannot be taken.

    That is "many", "type", "size", "broken" or nothing. Raises HTTPException when the form cannot be read.
    """
    # A browser sends one empty file where none was chosen.
    most = here.settings.feedback.photos + 1
    async with request.form(max_files=most, max_fields=_MOST_FIELDS) as form:
        photos, wrong = await _photos(here, form)
    return form, photos, wrong


def text(value: object) -> str:
    """A customer's words: without control characters, and not longer than somebody reads."""
    if not isinstance(value, str):
        return ""
    lines = value.replace("\r\n", "\n").replace("\r", "\n")
    return _UNSEEN.sub("", lines).strip()[:_LONGEST_TEXT]


def number(value: object, allowed: Container[int]) -> int | None:
    """A whole number that is among these; None for anything else."""
    plain = value if isinstance(value, str) else ""
    if not (plain.isascii() and plain.isdecimal() and len(plain) < 10):
        return None
    return int(plain) if int(plain) in allowed else None


def keep_photos(session: Session, photos: list[Photo]) -> list[dict[str, Any]]:
    """Store pictures, the same one once; how rows speak of them."""
    for photo in photos:
        insert_once(session, Blob.of(digest(photo.data), photo.data))
    return [photo.told() for photo in photos]


async def _photos(here: Site, form: FormData) -> tuple[list[Photo], str]:
    terms = here.settings.feedback
    files = [file for file in form.getlist("photo") if isinstance(file, UploadFile) and file.filename]
    if len(files) > terms.photos:
        return [], "many"
    found = []
    for file in files:
        data = await file.read(terms.photo_bytes + 1)
        try:
            async with here.darkroom:
                found.append(await asyncio.to_thread(read_photo, data, terms.photo_bytes))
        except InputError as error:
            return [], error.problems[0]
    return found, ""
