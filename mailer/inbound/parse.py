"""Bytes become values. Reads what it can, notes what it could not, and refuses only what would hurt.

The tree walker is ours, over the stdlib's compat32 parser: the newer policy takes minutes or raises on crafted
headers (FAILURES, facts 5 and 6).
"""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message as Part
from email.policy import Compat32

from mailer.errors import InputError
from mailer.inbound.automated import automation
from mailer.inbound.headers import Address, addresses, decode_words, identifiers, unfold
from mailer.inbound.quote import own_words
from mailer.model import Route
from mailer.signing import digest

_MAX_HEADER_BYTES = 256_000
_MAX_DEPTH = 30
_MAX_PARTS = 500
_MAX_TEXT = 500_000
_MAX_DELIMITERS = 20_000
_MAX_ADDRESS = 320
_MAX_CONTENT_HEADER = 4_000
# Python's codecs that no mail is written in, some of them slow on crafted input.
_NO_CHARSETS = ("idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape")


@dataclass(frozen=True)
class ParsedMail:
    """A received mail as the rooms behind the door know it: plain values, bounded and without control characters."""

    message_id: str
    in_reply_to: str
    reference_ids: tuple[str, ...]
    subject: str
    senders: tuple[Address, ...]
    reply_to: str
    text: str
    own_words: str
    route: Route
    automatic: str | None


class _ShortContentHeaders(Compat32):
    """compat32, less what its parameter parser needs minutes for: a `Content-Type` of a megabyte, in any part."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:_MAX_CONTENT_HEADER] if name.lower().startswith("content-") else value


_POLICY = _ShortContentHeaders()


def parse(raw: bytes) -> ParsedMail:
    """Read a mail. Raises InputError when it cannot be read within bounds; the bytes are then for a person."""
    _refuse_oversized(raw)
    try:
        whole = message_from_bytes(raw, policy=_POLICY)
        headers = _headers(whole)
        text = _visible_text(whole)
    except RecursionError:
        raise InputError("mail", ["its parts are nested too deeply"]) from None
    machine = automation(headers)
    senders = addresses(_all(whole, "from"))
    if any(len(one.address) > _MAX_ADDRESS for one in senders):
        raise InputError("mail", [f"an address in From is longer than {_MAX_ADDRESS} characters (RFC 5321, 4.5.3.1)"])
    return ParsedMail(
        message_id=next(iter(identifiers(headers.get("message-id", ""))), f"<{digest(raw)[:32]}@missing.invalid>"),
        in_reply_to=next(iter(identifiers(headers.get("in-reply-to", ""))), ""),
        reference_ids=identifiers(headers.get("references", ""))[-50:],
        subject=decode_words(headers.get("subject", ""))[:500],
        senders=tuple(senders),
        reply_to=next((one.address for one in addresses([headers.get("reply-to", "")])), ""),
        text=text,
        own_words=own_words(text),
        route=machine[0] if machine else Route.TRIAGE,
        automatic=machine[1] if machine else None,
    )


def _refuse_oversized(raw: bytes) -> None:
    ends = [end for gap in (b"\r\n\r\n", b"\n\n") if (end := raw.find(gap, 0, _MAX_HEADER_BYTES)) >= 0]
    if not ends and len(raw) > _MAX_HEADER_BYTES:
        raise InputError("mail", [f"its header is longer than {_MAX_HEADER_BYTES} bytes"])
    # The parser makes an object of each part before anybody can count them.
    if raw.count(b"\n--") > _MAX_DELIMITERS:
        raise InputError("mail", [f"it has more than {_MAX_PARTS} parts or {_MAX_DEPTH} levels"])


def _headers(whole: Part) -> dict[str, str]:
    """The first value of each header, unfolded; raw values, not yet decoded."""
    found: dict[str, str] = {}
    for name, value in whole.raw_items():
        found.setdefault(str(name).lower(), unfold(value))
    return found


def _all(whole: Part, wanted: str) -> list[str]:
    return [unfold(value) for name, value in whole.raw_items() if str(name).lower() == wanted]


def _visible_text(whole: Part) -> str:
    leaves = [part for part in _leaves(whole) if not _is_attachment(part)]
    plain = [_decoded(part) for part in leaves if part.get_content_type() == "text/plain"]
    if not any(text.strip() for text in plain):
        plain = [_from_html(_decoded(part)) for part in leaves if part.get_content_type() == "text/html"]
    text = "\n".join(one.strip() for one in plain if one.strip())
    return _printable(text[:_MAX_TEXT])


def _leaves(whole: Part) -> Iterator[Part]:
    waiting = [(whole, 0)]
    count = 0
    while waiting:
        part, depth = waiting.pop()
        count += 1
        if depth > _MAX_DEPTH or count > _MAX_PARTS:
            raise InputError("mail", [f"it has more than {_MAX_PARTS} parts or {_MAX_DEPTH} levels"])
        if not part.is_multipart():
            yield part
        elif part.get_content_maintype() == "multipart":
            # A mail inside the mail is somebody else's words.
            waiting.extend((child, depth + 1) for child in reversed(_children(part)))


def _children(part: Part) -> list[Part]:
    # Asked only of a part that has parts: of text it would be decoded in whatever charset the mail declares.
    payload = part.get_payload()
    return [child for child in payload if isinstance(child, Part)] if isinstance(payload, list) else []


def _is_attachment(part: Part) -> bool:
    return str(part.get("content-disposition", "")).strip().lower().startswith("attachment")


def _decoded(part: Part) -> str:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    for charset in (_charset(part), "utf-8"):
        try:
            return data.decode(charset)
        except (LookupError, UnicodeDecodeError, ValueError):
            continue
    return data.decode("latin-1")


def _charset(part: Part) -> str:
    try:
        declared = str(part.get_content_charset("utf-8"))
        if codecs.lookup(declared).name.replace("_", "-") in _NO_CHARSETS:
            return "utf-8"
    except (LookupError, ValueError):
        return "utf-8"
    # RFC 1345 names that mails carry for what they really hold: their common supersets.
    return {"gb2312": "gb18030", "gbk": "gb18030", "iso-8859-1": "cp1252", "us-ascii": "utf-8"}.get(declared, declared)


def _from_html(html: str) -> str:
    if not html.strip():
        return ""
    from inscriptis import get_text  # noqa: PLC0415  # brings lxml, needed by few mails

    return str(get_text(html[:_MAX_TEXT]))


def _printable(text: str) -> str:
    return "".join(char for char in text.replace("\r\n", "\n") if char in "\n\t" or char.isprintable())
