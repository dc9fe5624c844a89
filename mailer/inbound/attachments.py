"""Files that came with a mail: under names that are safe to show and to save, opened only as far as Outlook forces us.

Nothing is unpacked (FAILURES E11). Outlook's winmail.dat hides body and files of a mail and is read by tnefparse,
within the limited child process.
"""

import binascii
import logging
import re
import unicodedata
from dataclasses import dataclass

from mailer.inbound.charset import decode
from mailer.inbound.headers import clean
from mailer.inbound.parsed import Attachment
from mailer.signing import digest

_MAX_NAME = 120
_MAX_EXTENSION = 20
# MS-OXTNEF, 2.1.3.1: signature and key; level, name, type, length and checksum of each attribute.
_TNEF_HEAD, _TNEF_ATTRIBUTE = 6, 11
_MAX_TNEF_ATTRIBUTES = 2_000
_UNSAFE = re.compile(r'[<>:"|?*]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_BEGIN = re.compile(r"begin(?:-base64)? [0-7]{3,4} (\S.{0,200})")
_EXTENSIONS = {
    "application/pdf": ".pdf",
    "application/pgp-signature": ".asc",
    "application/zip": ".zip",
    "image/gif": ".gif",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "message/rfc822": ".eml",
    "text/calendar": ".ics",
    "text/csv": ".csv",
    "text/html": ".html",
    "text/plain": ".txt",
}


@dataclass(frozen=True)
class Opened:
    """What an Outlook wrapper held: the words, and files with the names that it gave them."""

    text: str
    html: str
    files: tuple[tuple[str, bytes], ...]
    unread: bool = False


def attachment(data: bytes, name: str, content_type: str) -> Attachment:
    """A file as the rooms know it."""
    return Attachment(safe_name(name, content_type), clean(content_type)[:100], len(data), digest(data))


def safe_name(name: str, content_type: str = "") -> str:
    """A name without path, control or direction characters, at most 120 characters, its extension kept."""
    visible = "".join(char for char in unicodedata.normalize("NFC", name) if char.isprintable())
    last = visible.replace("\\", "/").rstrip("/").rpartition("/")[2]
    plain = _UNSAFE.sub("_", last).strip(" .")
    if not plain:
        return f"attachment{_EXTENSIONS.get(content_type, '')}"
    if _RESERVED.fullmatch(plain):
        plain = f"_{plain}"
    stem, dot, extension = plain.rpartition(".")
    if not dot or not stem or len(extension) > _MAX_EXTENSION:
        return plain[:_MAX_NAME]
    return f"{stem[: _MAX_NAME - len(extension) - 1].rstrip()}.{extension}"


def without_uuencoded(text: str) -> tuple[str, list[tuple[str, bytes]]]:
    """The text less the files that are written into it in uuencode, and these files."""
    if "\nend" not in text or "begin" not in text:
        return text, []
    lines = text.split("\n")
    kept: list[str] = []
    files: list[tuple[str, bytes]] = []
    last_end = max((number for number, line in enumerate(lines) if line.strip() == "end"), default=-1)
    number = 0
    while number < len(lines):
        begin = _BEGIN.fullmatch(lines[number].rstrip()) if number < last_end else None
        if begin and _encoded(lines[number + 1]) is not None:
            end = next(n for n in range(number + 1, last_end + 1) if lines[n].strip() == "end")
            files.append((begin[1], b"".join(_encoded(line) or b"" for line in lines[number + 1 : end])))
            number = end
        else:
            kept.append(lines[number])
        number += 1
    return "\n".join(kept), files


def open_winmail(data: bytes) -> Opened | None:
    """What Outlook wrapped; None when it cannot be opened."""
    if not _is_modest(data):
        return None
    logging.getLogger("tnefparse").setLevel(logging.CRITICAL)
    from tnefparse import TNEF  # noqa: PLC0415  # needed by one mail in thousands

    try:
        wrapped = TNEF(data, do_checksum=False)
        files = [(_words(one.long_filename()), one.data) for one in wrapped.attachments[:100]]
        text, html, full = _words(wrapped.body), _words(wrapped.htmlbody), wrapped.has_body()
    except Exception:
        # Whatever a parser of a closed format trips over in hostile bytes.
        return None
    kept = tuple((name, data) for name, data in files if isinstance(data, bytes))
    return Opened(text, html, kept, unread=full and not (text or html))


def _is_modest(data: bytes) -> bool:
    """Whether it has no more attributes than Outlook writes: the parser copies the rest at each of them."""
    position, count = _TNEF_HEAD, 0
    while position + _TNEF_ATTRIBUTE <= len(data) and count <= _MAX_TNEF_ATTRIBUTES:
        length = int.from_bytes(data[position + 5 : position + 9], "little")
        position += _TNEF_ATTRIBUTE + length
        count += 1
    return count <= _MAX_TNEF_ATTRIBUTES


def _encoded(line: str) -> bytes | None:
    body = line.rstrip("\r\n")
    if not body or not " " <= body[0] <= "`":
        return None
    try:
        return binascii.a2b_uu(body.encode("ascii"))
    except (binascii.Error, UnicodeEncodeError):
        return _short_line(body)


def _short_line(body: str) -> bytes | None:
    """Some encoders count wrongly; the length that they name is right."""
    needed = ((ord(body[0]) - 32 & 63) * 4 + 5) // 3
    try:
        return binascii.a2b_uu(body[: needed + 1].encode("ascii"))
    except (binascii.Error, UnicodeEncodeError):
        return None


def _words(value: object) -> str:
    while isinstance(value, list | tuple) and value:
        value = value[0]
    if isinstance(value, bytes):
        return decode(value, "utf-8")[0].strip("\0")
    return value.strip("\0") if isinstance(value, str) else ""
