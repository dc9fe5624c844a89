"""The bytes of an outgoing mail, frozen before anybody sends them."""

import re
from base64 import b64encode
from binascii import b2a_qp
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from mailer.errors import InputError
from mailer.outbound.address import mailable

_REPLY_MARK = re.compile(r"(?:re|aw|sv|antw)\s{0,2}:", re.IGNORECASE)
_MOST_REFERENCES = 20
_THREADING = ("In-Reply-To", "References")
# Values of parts that mail programs need whole.
_WHOLE = (*_THREADING, "List-Unsubscribe")
# Short words of ours that nothing is to be read from.
_FIXED = frozenset(
    {
        "Auto-Submitted",
        "Date",
        "Feedback-ID",
        "List-Unsubscribe-Post",
        "Precedence",
        "X-Auto-Response-Suppress",
        "X-Loop",
    }
)


@dataclass(frozen=True)
class Within:
    """A picture within a mail (RFC 2387, RFC 2392)."""

    cid: str
    mime: str
    data: bytes


@dataclass(frozen=True)
class Attached:
    """A file that a mail carries to be kept (RFC 2183)."""

    name: str
    data: bytes
    mime: str = "application/pdf"


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
    # Pictures that its HTML shows as `cid:`.
    pictures: Sequence[Within] = ()
    files: Sequence[Attached] = ()


# How we know our own automatic mails again, whichever of our installations wrote them.
LOOP_MARK = "mailer"
# In characters, and in octets of a coded piece: no line of the header is longer than 78 (RFC 5322, 2.1.1).
_LONGEST_NAME, _PIECE, _CHARSET = 60, 18, "utf-8''"
_NEED_A_WAY_OUT = ("feedback", "marketing")
_WORD = re.compile(r"[^A-Za-z0-9_.-]+")
_AUTOMATIC = {"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All", "X-Loop": LOOP_MARK}


@dataclass(frozen=True)
class LifecycleLetter:
    """All that goes into a mail that a flow sends."""

    message_id: str
    sender_address: str
    sender_name: str
    recipient: str
    recipient_name: str
    subject: str
    text: str
    html: str
    written_at: datetime
    # "transactional", "feedback" or "marketing"; the last two need a way out.
    kind: str
    flow: str
    locale: str
    # The same for all mails of one shop, and nothing of a person (Gmail's Feedback-ID).
    shop_id: str = "mailer"
    # The pages of `customer_links`: "unsubscribe" and "unsubscribe_mail".
    unsubscribe: str = ""
    unsubscribe_mail: str = ""
    in_reply_to: str = ""
    reference_ids: Sequence[str] = ()
    # Pictures that its HTML shows as `cid:`.
    pictures: Sequence[Within] = ()
    files: Sequence[Attached] = ()


def compose_lifecycle(letter: LifecycleLetter) -> bytes:
    """A mail of a flow as bytes: it says that a machine wrote it (RFC 3834, 5) and how to be rid of it (RFC 8058).

    Raises InputError for an address that cannot be written to, or for one of feedback or marketing without a way out.
    """
    mail = _headed(letter, _one_line(letter.subject))
    for name, value in {**_AUTOMATIC, "Auto-Submitted": "auto-generated"}.items():
        mail[name] = value
    for name, value in _way_out(letter).items():
        mail[name] = value
    mail["Feedback-ID"] = feedback_id(letter)
    if letter.kind == "marketing":
        mail["Precedence"] = "bulk"
    return _with_body(mail, letter)


def feedback_id(letter: LifecycleLetter) -> str:
    """flow:kind:locale:shop; the last of 5 to 15 characters (support.google.com/mail/answer/6254652)."""
    shop = _WORD.sub("", letter.shop_id)[:15]
    parts = (letter.flow, letter.kind, letter.locale, shop if len(shop) >= 5 else f"shop-{shop}")
    return ":".join(_WORD.sub("-", part) for part in parts)


def _way_out(letter: LifecycleLetter) -> dict[str, str]:
    """RFC 8058, 3: one https address and, beside it, a mail address; one click only where there is a page."""
    if letter.kind not in _NEED_A_WAY_OUT:
        return {}
    ways = [one for one in (letter.unsubscribe, letter.unsubscribe_mail) if one]
    if not ways:
        raise InputError(
            f"flow {letter.flow}", [f"a mail of kind {letter.kind} needs a link to unsubscribe; set [web] public_url"]
        )
    post = {"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"} if letter.unsubscribe else {}
    return {"List-Unsubscribe": ", ".join(f"<{one}>" for one in ways), **post}


def compose(letter: Letter) -> bytes:
    """A reply as bytes with CRLF, in seven bits unless the address has others before the @ (RFC 6532).

    Raises InputError for an address that cannot be written to.
    """
    mail = _headed(letter, _one_line(letter.subject) if letter.automatic else reply_subject(letter.subject))
    for name, value in _AUTOMATIC.items() if letter.automatic else ():
        mail[name] = value
    return _with_body(mail, letter)


def _headed(letter: Letter | LifecycleLetter, subject: str) -> EmailMessage:
    """A mail with the headers that every one has."""
    utf8 = mailable(letter.recipient).needs_utf8
    mail = EmailMessage(policy=_ThreadedPolicy(linesep=SMTP.linesep, utf8=utf8))
    mail["Message-ID"] = letter.message_id
    mail["Date"] = format_datetime(letter.written_at)
    mail["From"] = _address(letter.sender_address, letter.sender_name)
    mail["To"] = _address(letter.recipient, letter.recipient_name)
    mail["Subject"] = subject
    for name, ids in _threading(letter).items():
        mail[name] = " ".join(ids)
    return mail


def _with_body(mail: EmailMessage, letter: Letter | LifecycleLetter) -> bytes:
    # Quoted-printable never holds "=_": the boundary cannot occur in a part (RFC 2045, 6.7).
    boundary = f"=_{sha256(letter.message_id.encode()).hexdigest()[:24]}"
    head = mail.as_bytes().rstrip(b"\r\n").decode("utf-8", "surrogateescape")
    lines = [head, "MIME-Version: 1.0", *_with_files(letter, boundary)]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape")


def _with_files(letter: Letter | LifecycleLetter, boundary: str) -> tuple[str, ...]:
    """Text and HTML, with the files behind them where there are any."""
    if not letter.files:
        return _alternative(letter, boundary)
    around = f"{boundary}m"
    parts = [line for one in letter.files for line in (f"--{around}", *_file(one))]
    head = f'Content-Type: multipart/mixed; boundary="{around}"'
    return head, "", f"--{around}", *_alternative(letter, boundary), *parts, f"--{around}--", ""


def _alternative(letter: Letter | LifecycleLetter, boundary: str) -> tuple[str, ...]:
    return (
        *(f'Content-Type: multipart/alternative; boundary="{boundary}"', ""),
        *(f"--{boundary}", *_part("plain", letter.text)),
        *(f"--{boundary}", *_html(letter, f"{boundary}r")),
        *(f"--{boundary}--", ""),
    )


def _html(letter: Letter | LifecycleLetter, boundary: str) -> tuple[str, ...]:
    """The HTML, with its pictures beside it where it has any."""
    if not letter.pictures:
        return _part("html", letter.html)
    head = f'Content-Type: multipart/related; type="text/html"; boundary="{boundary}"'
    parts = [line for one in letter.pictures for line in (f"--{boundary}", *_picture(one))]
    return head, "", f"--{boundary}", *_part("html", letter.html), *parts, f"--{boundary}--", ""


def _picture(one: Within) -> tuple[str, ...]:
    return (
        f"Content-Type: {one.mime}",
        "Content-Transfer-Encoding: base64",
        f"Content-ID: <{one.cid}>",
        "Content-Disposition: inline",
        *("", *_coded(one.data)),
    )


def _file(one: Attached) -> tuple[str, ...]:
    return (
        f"Content-Type: {one.mime}",
        "Content-Transfer-Encoding: base64",
        "Content-Disposition: attachment;",
        *(*_named(one.name), "", *_coded(one.data)),
    )


def _named(name: str) -> list[str]:
    """The file name in lines of a header: as it is, or as RFC 2231, 3 and 4, has it for other scripts and long ones."""
    if name.isascii() and len(name) <= _LONGEST_NAME:
        return [f' filename="{name}"']
    coded = quote(name, safe="")
    # Not within %C3.
    pieces = re.findall(rf"(?:%[0-9A-F]{{2}}|[^%]){{1,{_PIECE}}}", coded)
    if len(pieces) == 1:
        return [f" filename*={_CHARSET}{coded}"]
    lines = [f" filename*{place}*={_CHARSET if not place else ''}{piece};" for place, piece in enumerate(pieces)]
    return [*lines[:-1], lines[-1].rstrip(";")]


def _coded(data: bytes) -> list[str]:
    coded = b64encode(data).decode("ascii")
    return [coded[start : start + 76] for start in range(0, len(coded), 76)]


def _part(subtype: str, text: str) -> tuple[str, ...]:
    whole = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace")
    coded = b2a_qp(whole, istext=True).decode("ascii").replace("\n", "\r\n")
    return f'Content-Type: text/{subtype}; charset="utf-8"', "Content-Transfer-Encoding: quoted-printable", "", coded


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
    """The stdlib's, but for identifiers and links: it writes long ones as encoded words, which nothing can follow."""

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        """An identifier is taken as it is, also one that looks like an encoded word."""
        return (name, value) if name in _WHOLE or name in _FIXED else super().header_store_parse(name, value)

    def fold_binary(self, name: str, value: str) -> bytes:
        """One identifier or link a line, whole (RFC 5322, 3.6.4)."""
        if name in _FIXED:
            return f"{name}: {value}{self.linesep}".encode("ascii")
        if name not in _WHOLE:
            return super().fold_binary(name, value)
        return f"{name}: {f'{self.linesep} '.join(value.split())}{self.linesep}".encode("ascii")


def _threading(letter: Letter | LifecycleLetter) -> dict[str, list[str]]:
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
