"""Bytes become a tree of parts: one pass over the lines, bounds kept while walking, nothing decoded that nobody asks.

Boundaries and depth are counted as they are met, before any part is made of them (FAILURES B8), so the cost of a mail
is its length.
"""

import binascii
import re
from dataclasses import dataclass, field
from functools import cached_property

from mailer.errors import InputError
from mailer.inbound.headers import decode_words, parameters, unfold

MAX_HEADER_BYTES = 256_000
MAX_HEADERS = 500
MAX_DEPTH = 30
MAX_PARTS = 500
_MAX_VALUE = 64_000
_MAX_DELIMITERS = 20_000
_DELIMITER = re.compile(rb"^--[^\r\n]*", re.MULTILINE)
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")
_NAME = re.compile(rb"[!-9;-~]{1,100}[ \t]*")
# A header goes on behind a broken line when one of these follows.
_KNOWN_HEADER = re.compile(
    rb"(?:from|to|cc|subject|date|message-id|in-reply-to|references|reply-to|mime-version|received|content-[a-z-]{2,30}):",
    re.IGNORECASE,
)
_TYPE = re.compile(r"[\w!#$&.+^-]{1,100}/[\w!#$&.+^-]{1,100}")
# Read in any number: a mail with many senders must not hide them behind other lines.
_ALWAYS_READ = (b"from", b"sender")

RawHeaders = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True)
class Part:
    """One part of a mail: its header lines as they came, its body still encoded, and the parts within it."""

    raw_headers: RawHeaders
    body: bytes
    children: tuple["Part", ...] = ()
    default_type: str = "text/plain"

    @cached_property
    def first(self) -> dict[str, bytes]:
        """The first raw value of each header; names in lower case."""
        return dict(reversed(self.raw_headers))

    def header(self, name: str) -> str:
        """The first value of a header on one line, not yet decoded; empty when there is none."""
        return unfold(self.first.get(name, b""))

    @cached_property
    def _content_type(self) -> tuple[str, dict[str, str]]:
        name, values = parameters(self.header("content-type"))
        return (name if _TYPE.fullmatch(name) else self.default_type), values

    @cached_property
    def _disposition(self) -> tuple[str, dict[str, str]]:
        return parameters(self.header("content-disposition"))

    @property
    def content_type(self) -> str:
        """Type and subtype in lower case; what is no type counts as the default."""
        return self._content_type[0]

    @property
    def values(self) -> dict[str, str]:
        """The parameters of Content-Type."""
        return self._content_type[1]

    @property
    def disposition(self) -> str:
        """`attachment`, `inline` or nothing, in lower case."""
        return self._disposition[0]

    @cached_property
    def file_name(self) -> str:
        """What the sender calls it: hostile text until `attachments.safe_name` had it."""
        found = self._disposition[1].get("filename") or self.values.get("name") or ""
        return decode_words(found[:2_000])

    @cached_property
    def data(self) -> bytes:
        """The body with its transfer encoding undone (RFC 2045, 6); an encoding that nobody knows is left."""
        match self.header("content-transfer-encoding").partition(";")[0].strip().lower():
            case "base64":
                return _base64(self.body)
            case "quoted-printable":
                return binascii.a2b_qp(self.body)
            case _:
                return self.body


@dataclass
class _Open:
    """A part whose end was not met yet; `boundary` is None for a leaf."""

    headers: RawHeaders
    start: int
    default_type: str
    boundary: bytes | None
    children: list[Part] = field(default_factory=list)
    ended: int | None = None


class Walker:
    """Reads one mail; `defects` says what was wrong with its structure."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw if b"\n" in raw[:MAX_HEADER_BYTES] else raw.replace(b"\r", b"\n")
        self._stack: list[_Open] = []
        self._count = 0
        self._position = 0
        self._root: Part | None = None
        self.defects: list[str] = []

    def walk(self) -> Part:
        """The whole mail. Raises InputError when it has too many parts, levels or header bytes."""
        self._begin(0, "text/plain")
        if self._position > MAX_HEADER_BYTES:
            raise InputError("mail", [f"its header is longer than {MAX_HEADER_BYTES} bytes"])
        for number, line in enumerate(_DELIMITER.finditer(self._raw, self._position)):
            if number > _MAX_DELIMITERS:
                raise InputError("mail", [f"it has more than {_MAX_DELIMITERS} lines that look like boundaries"])
            if line.start() >= self._position and any(one.boundary for one in self._stack):
                self._delimit(line)
        self._close(0, len(self._raw))
        if self._root is None:
            raise InputError("mail", ["it has no parts"])
        return self._root

    def _delimit(self, line: re.Match[bytes]) -> None:
        text = line[0][2:].rstrip()
        for level in range(len(self._stack) - 1, -1, -1):
            boundary = self._stack[level].boundary
            if boundary is None or not text.startswith(boundary):
                continue
            if text == boundary:
                self._close(level + 1, line.start())
                inner = "message/rfc822" if self._is_digest(level) else "text/plain"
                self._begin(_next_line(self._raw, line.end()), inner)
                return
            if text == boundary + b"--":
                self._close(level + 1, line.start())
                self._stack[level].ended = line.start()
                self._close(level, line.end())
                return

    def _is_digest(self, level: int) -> bool:
        one = self._stack[level]
        return Part(one.headers, b"").content_type == "multipart/digest"

    def _begin(self, start: int, default_type: str) -> None:
        self._count += 1
        if self._count > MAX_PARTS or len(self._stack) > MAX_DEPTH:
            raise InputError("mail", [f"it has more than {MAX_PARTS} parts or {MAX_DEPTH} levels"])
        headers, body = read_headers(self._raw, start, self.defects)
        known = Part(headers, b"", default_type=default_type)
        boundary = None
        if known.content_type.startswith("multipart/"):
            boundary = known.values.get("boundary", "").encode("utf-8").rstrip()[:1_000]
            if not boundary:
                self.defects.append("a multipart has no boundary; it is read as text")
        self._stack.append(_Open(headers, body, default_type, boundary or None))
        self._position = body

    def _close(self, level: int, end: int) -> None:
        """Close all parts down to this level of the stack."""
        while len(self._stack) > level:
            one = self._stack.pop()
            part = self._made(one, end)
            if self._stack:
                self._stack[-1].children.append(part)
            else:
                self._root = part
        self._position = max(self._position, end)

    def _made(self, one: _Open, end: int) -> Part:
        if one.boundary and one.children:
            if one.ended is None:
                self.defects.append("the last part of a multipart is missing or cut off")
            return Part(one.headers, b"", tuple(one.children), one.default_type)
        if one.boundary:
            self.defects.append("a multipart holds no part; it is read as text")
        return Part(one.headers, self._body(one.start, end), (), one.default_type)

    def _body(self, start: int, end: int) -> bytes:
        """The line break before a boundary belongs to the boundary (RFC 2046, 5.1.1)."""
        if end < len(self._raw):
            end -= 2 if self._raw[end - 2 : end] == b"\r\n" else 1
        return self._raw[start : max(start, end)]


def read_headers(raw: bytes, start: int, defects: list[str]) -> tuple[RawHeaders, int]:
    """The header lines from here, and where the body begins: behind the empty line, or at what is no header line."""
    found: list[tuple[str, bytearray]] = []
    position, dropped = start, False
    while position < len(raw):
        after = _next_line(raw, position)
        line = raw[position:after].rstrip(b"\r\n")
        if not line:
            return _frozen(found), after
        name, colon, value = line[: _MAX_VALUE + 200].partition(b":")
        if line[:1] in b" \t" and found:
            if len(found[-1][1]) < _MAX_VALUE:
                found[-1][1].extend(b" " + line[:_MAX_VALUE])
        elif colon and _NAME.fullmatch(name):
            name = name.strip().lower()
            if len(found) < MAX_HEADERS or (name in _ALWAYS_READ and len(found) < 2 * MAX_HEADERS):
                found.append((name.decode("ascii"), bytearray(value)))
            else:
                dropped = True
        elif found and _KNOWN_HEADER.match(raw, after):
            defects.append("a line within the header is no header line")
        elif not (position == start and line.startswith((b"From ", b">From "))):
            defects.append("the header ends without an empty line")
            break
        position = after
    if dropped:
        defects.append(f"more than {MAX_HEADERS} header lines; the rest was not read")
    return _frozen(found), position


def _frozen(found: list[tuple[str, bytearray]]) -> RawHeaders:
    return tuple((name, bytes(value)) for name, value in found)


def _next_line(raw: bytes, position: int) -> int:
    end = raw.find(b"\n", position)
    return len(raw) if end < 0 else end + 1


def _base64(body: bytes) -> bytes:
    try:
        return binascii.a2b_base64(body)
    except binascii.Error:
        pure = _NOT_BASE64.sub(b"", body)
        return binascii.a2b_base64(pure[: len(pure) - (len(pure) % 4 == 1)] + b"==")
