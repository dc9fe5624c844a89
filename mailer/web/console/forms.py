"""What browsers send, read at the door."""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Form, Path
from pydantic import AfterValidator

_BIGGEST_ID = 2**31 - 1


def plain_text(text: str) -> str:
    """A person's text with line ends as ours and without control characters, which no database and no mail takes."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(char for char in lines if char in "\n\t" or char >= " ")


def local_path(address: str) -> str:
    """An address within this console; the queue for any other, so that no link leads from our sign-in elsewhere."""
    parts = urlsplit(address)
    ours = address.startswith("/") and not address.startswith(("//", "/\\")) and not parts.netloc
    return address if ours and address.isprintable() else "/queue"


Id = Annotated[int, Path(ge=1, le=_BIGGEST_ID)]
Version = Annotated[int, Form(ge=1, le=_BIGGEST_ID)]
# The newest mail on the page that a form was sent from.
Newest = Annotated[int | None, Form(ge=0, le=_BIGGEST_ID)]
Text = Annotated[str, Form(), AfterValidator(plain_text)]
