"""Customers at our pages: their browsers, and what robots send."""

import io
from collections.abc import Callable, Sequence
from typing import Any

import httpx2
from PIL import Image
from sqlmodel import Session, select

from mailer.model import Row

PHOTO_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}


def picture(kind: str = "JPEG", size: tuple[int, int] = (640, 480), **saved: Any) -> bytes:
    """A photo as a phone would send it."""
    target = io.BytesIO()
    Image.new("RGB", size, "teal").save(target, kind, **saved)
    return target.getvalue()


def all_of(kind: type[Row]) -> Callable[[Session], Sequence[Any]]:
    """A question for every row of a table."""
    return lambda session: session.exec(select(kind)).all()


def upload(*files: bytes, name: str = "photo.jpg") -> list[tuple[str, tuple[str, bytes, str]]]:
    return [("photo", (name, data, "image/jpeg")) for data in files]


def one_click() -> dict[str, Any]:
    """The body that mail programs send (RFC 8058, 3.1)."""
    return {
        "content": b"List-Unsubscribe=One-Click",
        "headers": {"content-type": "application/x-www-form-urlencoded"},
    }


def words_of(answer: httpx2.Response) -> str:
    """The page without its marks, blanks joined."""
    text = answer.text.split("<main>")[-1]
    plain = "".join(part.split(">", 1)[-1] for part in text.split("<"))
    return " ".join(plain.split())
