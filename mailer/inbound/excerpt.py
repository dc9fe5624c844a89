"""Of a mail too large to be fetched unasked: which part holds the words, and a small mail made of it. Pure.

The server's BODYSTRUCTURE (RFC 3501, 7.4.2) says where the text lies, also when it comes behind the pictures. It is
a stranger's, parsed by a library: whatever it looks like, the answer is a part or None.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

TEXT_BYTES = 65_536
HEADER_BYTES = 262_144
_MOST_PARTS = 200
_DEEPEST = 10


@dataclass(frozen=True)
class TextPart:
    """Where the text lies (`1`, `2.1`), and the boundary of the whole mail; empty for a mail of one part."""

    number: str
    boundary: str


def text_part(structure: Any) -> TextPart | None:
    """The first plain text of a mail, else its first HTML; None when there is neither or it makes no sense."""
    leaves = list(_leaves(structure, "", 0))[:_MOST_PARTS]
    for wanted in (b"plain", b"html"):
        for number, part in leaves:
            if _kind(part) == (b"text", wanted):
                return TextPart(number, _boundary(structure))
    return None


def assemble(header: bytes, part: TextPart, mime: bytes, text: bytes) -> bytes:
    """A mail of the original header and the one part; its boundary is the original's, so the header stays true."""
    if not part.boundary:
        return header + text
    line = f"--{part.boundary}".encode("ascii", "replace")
    return b"".join((header, line, b"\r\n", mime, text, b"\r\n", line, b"--\r\n"))


def _leaves(part: Any, number: str, depth: int) -> Iterator[tuple[str, Any]]:
    if not isinstance(part, tuple | list) or not part or depth > _DEEPEST:
        return
    if not isinstance(part[0], list):
        yield number or "1", part
        return
    for position, child in enumerate(part[0][:_MOST_PARTS], 1):
        yield from _leaves(child, f"{number}.{position}" if number else str(position), depth + 1)


def _kind(part: Any) -> tuple[Any, Any] | None:
    if len(part) < 2 or not isinstance(part[0], bytes) or not isinstance(part[1], bytes):
        return None
    return part[0].lower(), part[1].lower()


def _boundary(structure: Any) -> str:
    """Of the outermost multipart: its parameters follow the subtype."""
    if not structure or not isinstance(structure[0], list):
        return ""
    for item in structure[1:]:
        if isinstance(item, tuple | list):
            named = dict(zip([_lower(name) for name in item[::2]], item[1::2], strict=False))
            boundary = named.get(b"boundary")
            if isinstance(boundary, bytes):
                return boundary.decode("ascii", "replace")[:70]
    return ""


def _lower(name: Any) -> Any:
    return name.lower() if isinstance(name, bytes) else None
