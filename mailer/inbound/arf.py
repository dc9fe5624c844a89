"""Spam reports: the Abuse Reporting Format (RFC 5965), and those who send something like it."""

from collections.abc import Sequence
from dataclasses import dataclass

from mailer.inbound.bounce_text import found_addresses
from mailer.inbound.kind_words import phrases, says
from mailer.inbound.returned import Returned, header_name, lines_of, split_copy
from mailer.inbound.shape import Piece, Shape


@dataclass(frozen=True)
class SpamReport:
    """Somebody called a mail spam."""

    feedback_type: str
    message_id: str
    recipient: str = ""


def read_complaint(shape: Shape) -> SpamReport | None:
    """The report in a mail, if it is one. `feedback_type` is the word of RFC 5965, 7.3; "abuse" where none stands."""
    fields = _feedback(shape)
    if fields is None and not _looks_so(shape):
        return None
    copies = [split_copy(lines_of(piece.text))[1] for piece in shape.of_type("text/plain", "text/html")]
    returned = Returned(shape, copies)
    if fields is None and not returned:
        return None
    said = fields or {}
    kind = said.get("feedback-type", "abuse").split(";")[0].strip().lower() or "abuse"
    recipient = said.get("original-rcpt-to", "") or returned.value("x-hmxmroriginalrecipient")
    address = next((address.lower() for address, _, _ in found_addresses(recipient)), "")
    return SpamReport(kind[:40], returned.message_id, address)


def _feedback(shape: Shape) -> dict[str, str] | None:
    """The fields of the machine-readable part, also where it came under another content type."""
    declared = list(shape.of_type("message/feedback-report"))
    for piece in declared:
        fields = _fields(lines_of(piece.text)[:100])
        if "feedback-type" in fields:
            return fields
    top = shape.header("content-type").lower()
    if declared or (top.startswith("multipart/report") and "feedback-report" in top):
        return {}
    for piece in shape.pieces:
        if (inline := _inline(piece)) is not None:
            return inline
    return None


def _inline(piece: Piece) -> dict[str, str] | None:
    if piece.content_type.startswith(("message/rfc822", "text/rfc822", "text/html")):
        return None
    fields = _fields(lines_of(piece.text)[:100])
    return (
        fields if "feedback-type" in fields and len(fields.keys() & set(phrases("complaint", "fields"))) >= 2 else None
    )


def _fields(lines: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        if name := header_name(line):
            found.setdefault(name, line.partition(":")[2].strip())
    return found


def _looks_so(shape: Shape) -> bool:
    """The forms of providers without a feedback part: their address or their sentence, and the mail that they mean."""
    first = " ".join("\n".join(lines_of(piece.text)[:12]) for piece in shape.of_type("text/plain"))
    claims = says(f"{shape.subject}\n{first}".lower(), "complaint", "says")
    senders = phrases("complaint", "senders")
    provider = any(address.startswith(senders) or "email-abuse.amazonses" in address for address in shape.senders)
    returned = [piece for piece in shape.pieces if piece.content_type.startswith(("message/rfc822", "text/rfc822"))]
    marks = phrases("complaint", "marks")
    marked = any(header_name(line) in marks for piece in returned for line in lines_of(piece.text)[:200])
    if provider:
        return claims or bool(returned)
    return claims and (bool(returned) or marked) and not _from_person(shape)


def _from_person(shape: Shape) -> bool:
    return bool(shape.header("in-reply-to")) or shape.subject.lower().startswith(("re:", "fw:", "fwd:", "aw:", "wg:"))
