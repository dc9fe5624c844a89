"""The bytes of an outgoing mail, frozen before anybody sends them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime
from typing import Any

from mailer.outbound.address import mailable

_REPLY_MARK = re.compile(r"(?:re|aw|sv|antw)\s{0,2}:", re.IGNORECASE)
_MOST_REFERENCES = 20
_THREADING = ("In-Reply-To", "References")


@dataclass(frozen=True)
class Letter:
    """All that goes into a reply."""

    message_id: str
    sender_address: str
    sender_name: str
    recipient: str
    recipient_name: str
    subject: str
    text: str
    html: str
    in_reply_to: str
    reference_ids: Sequence[str]
    written_at: datetime
    # Written by nobody: it says so, and asks that nobody answers by itself (RFC 3834, 5; MS-OXCMAIL).
    automatic: bool = False


# How we know our own automatic mails again, whichever of our installations wrote them.
LOOP_MARK = "mailer"
_AUTOMATIC = {"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All", "X-Loop": LOOP_MARK}


def compose(letter: Letter) -> bytes:
    """A reply as bytes with CRLF, in seven bits unless the address has others before the @ (RFC 6532).

    Raises InputError for an address that cannot be written to.
    """
    utf8 = mailable(letter.recipient).needs_utf8
    mail = EmailMessage(policy=_ThreadedPolicy(linesep=SMTP.linesep, utf8=utf8))
    mail["Message-ID"] = letter.message_id
    mail["Date"] = format_datetime(letter.written_at)
    mail["From"] = _address(letter.sender_address, letter.sender_name)
    mail["To"] = _address(letter.recipient, letter.recipient_name)
    mail["Subject"] = _one_line(letter.subject) if letter.automatic else reply_subject(letter.subject)
    for name, ids in _threading(letter).items():
        mail[name] = " ".join(ids)
    for name, value in _AUTOMATIC.items() if letter.automatic else ():
        mail[name] = value
    mail.set_content(letter.text, cte="quoted-printable")
    mail.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    return mail.as_bytes()


def reply_subject(subject: str) -> str:
    """`Re: ` before the customer's subject, once; mail clients group by what is behind it."""
    line = _one_line(subject)
    return line if _REPLY_MARK.match(line) else f"Re: {line}".strip()


def references(known: Sequence[str], answered: str) -> list[str]:
    """The answered mail's own References, then its Message-ID (RFC 5322, 3.6.4); of many, the first and the last."""
    ids = dict.fromkeys([*(one for one in known if one != answered), answered])
    # RFC 5322 knows ASCII only; an identifier of other characters cannot be named in seven bits.
    whole = [one for one in ids if one.isascii() and one.isprintable() and one]
    return whole if len(whole) <= _MOST_REFERENCES else [whole[0], *whole[1 - _MOST_REFERENCES :]]


class _ThreadedPolicy(EmailPolicy):
    """The stdlib's, but for identifiers: it writes long ones as encoded words, which no mail program threads by."""

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        """An identifier is taken as it is, also one that looks like an encoded word."""
        return (name, value) if name in _THREADING else super().header_store_parse(name, value)

    def fold_binary(self, name: str, value: str) -> bytes:
        """One identifier a line, whole (RFC 5322, 3.6.4)."""
        if name not in _THREADING:
            return super().fold_binary(name, value)
        return f"{name}: {f'{self.linesep} '.join(value.split())}{self.linesep}".encode("ascii")


def _threading(letter: Letter) -> dict[str, list[str]]:
    whole = references(letter.reference_ids, letter.in_reply_to)
    answered = [one for one in whole if one == letter.in_reply_to]
    return {name: ids for name, ids in zip(_THREADING, (answered, whole), strict=True) if ids}


def _address(address: str, name: str) -> Address:
    known = mailable(address)
    return Address(_one_line(name), known.local, known.domain)


def _one_line(text: str) -> str:
    # A raw header of an incoming mail can smuggle lines of its own into ours (FAILURES, fact 7); so can an encoded
    # word, which EmailMessage would decode again: the gap makes it plain text.
    plain = "".join(char if char.isprintable() else " " for char in text).replace("=?", "= ?")
    return " ".join(plain.split())[:300]
