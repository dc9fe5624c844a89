"""Bytes become values. Reads what it can, notes what it could not, and refuses only what would hurt.

Walker, header scanners and HTML are our own and linear: the stdlib's newer policy takes minutes or raises on crafted
headers (FAILURES, facts 5 and 6). The daemon calls this within a limited child process (`inbound.child`).
"""

from mailer.errors import InputError
from mailer.inbound.authenticity import Ourselves, judge
from mailer.inbound.automated import kind_of
from mailer.inbound.body import read_body
from mailer.inbound.headers import Address, addresses, clean, decode_words, identifiers, unfold
from mailer.inbound.parsed import ParsedMail
from mailer.inbound.route import claim_of, recipients_of
from mailer.inbound.shape import Shape
from mailer.inbound.walk import Part, Walker
from mailer.signing import digest

_MAX_ADDRESS = 320
_MAX_ADDRESSES = 200
_MAX_REFERENCES = 50
_MAX_SUBJECT = 500
# Only these are read as they were meant when they are in no charset at all: a guess takes time.
_GUESSED = ("subject", "from", "to")


def parse(raw: bytes, ours: Ourselves | None = None) -> ParsedMail:
    """Read a mail. Raises InputError when it cannot be read within bounds; the bytes are then for a person."""
    ours = ours or Ourselves()
    walker = Walker(raw)
    root = walker.walk()
    head = _Head(root)
    body = read_body(root, walker.defects)
    subject, senders = head.subject(), head.addresses("from")
    if any(len(one.address) > _MAX_ADDRESS for one in senders):
        raise InputError("mail", [f"an address in From is longer than {_MAX_ADDRESS} characters (RFC 5321, 4.5.3.1)"])
    shape = Shape(head.lines, subject, tuple(one.address for one in senders), body.pieces)
    kind = kind_of(shape, ours.addresses)
    reply_to, to, cc = head.addresses("reply-to"), head.addresses("to"), head.addresses("cc")
    in_reply_to = next(iter(identifiers(head.value("in-reply-to"))), "")
    reference_ids = identifiers(unfold(root.first.get("references", b""), tail=True))[-_MAX_REFERENCES:]
    claim = claim_of(
        kind.route,
        recipients_of(head.lines, (*to, *cc)),
        body.text,
        subject=subject,
        answers=bool(in_reply_to or reference_ids),
    )
    return ParsedMail(
        message_id=head.message_id() or f"<{digest(raw)[:32]}@missing.invalid>",
        in_reply_to=in_reply_to,
        reference_ids=reference_ids,
        subject=subject,
        senders=senders,
        reply_to=reply_to[0].address if reply_to else "",
        reply_addresses=reply_to,
        to=to,
        cc=cc,
        date=head.value("date")[:100] or None,
        text=body.text,
        html=body.html,
        own_words=body.own_words,
        signature=body.signature,
        quoted=body.quoted,
        attachments=body.attachments,
        route=claim.route,
        mailed_to=claim.mailed_to,
        order_block=claim.block,
        kind=kind.kind.value,
        automatic=kind.reason,
        is_auto_reply=kind.is_auto_reply,
        may_auto_answer=kind.may_auto_answer,
        bounces=kind.bounces,
        reported_message_id=kind.reported_message_id,
        returned_to=kind.returned_to,
        feedback_type=kind.feedback_type,
        defects=tuple(clean(defect)[:200] for defect in dict.fromkeys(walker.defects))[:20],
        authenticity=judge(head.lines, senders, reply_to, ours),
    )


class _Head:
    """The header of the mail itself: every line in order, unfolded and not yet decoded."""

    def __init__(self, root: Part) -> None:
        seen: set[str] = set()
        lines = []
        for name, raw in root.raw_headers:
            lines.append((name, unfold(raw, guess=name in _GUESSED and name not in seen)))
            seen.add(name)
        self.lines = tuple(lines)
        self._first = dict(reversed(lines))

    def value(self, name: str) -> str:
        return self._first.get(name, "")

    def subject(self) -> str:
        return decode_words(self.value("subject"))[:_MAX_SUBJECT]

    def message_id(self) -> str:
        return next(iter(identifiers(self.value("message-id"))), "")

    def addresses(self, wanted: str) -> tuple[Address, ...]:
        return tuple(addresses(value for name, value in self.lines if name == wanted)[:_MAX_ADDRESSES])
