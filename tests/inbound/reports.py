"""Reports of mail servers, written for these tests after the manner of each family; and the mail they give back."""

from zlib import crc32

from mailer.inbound.parse import parse
from mailer.inbound.parsed import ParsedMail

SHOP = "care@shop.test"
OUR_ID = "<our.7@shop.test>"
DAEMON = "Mail Delivery System <MAILER-DAEMON@mx.test>"
# The mail of ours that comes back.
OURS = f"Received: from shop.test by mx.test; Sun, 22 Nov 2026 10:00:00 +0000\nMessage-ID: {OUR_ID}\n" + (
    f"From: Linen & Co <{SHOP}>\nTo: Ana <ana@customer.test>\nSubject: Re: my order\n"
    "Date: Sun, 22 Nov 2026 10:00:00 +0000\n\nYour parcel left today.\n"
)


def mail(
    text: str, sender: str = DAEMON, subject: str = "Undelivered Mail Returned to Sender", **headers: str
) -> bytes:
    """A mail of one text; headers are named with `_` for `-`."""
    given = {"From": sender, "To": SHOP, "Subject": subject, "Message_ID": "<report.1@mx.test>", **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in given.items() if value]
    return ("\n".join([*lines, "Content-Type: text/plain; charset=utf-8", "", text])).encode()


def parts(*leaves: tuple[str, str], kind: str = "mixed", **headers: str) -> bytes:
    """A mail of several parts, each (content type, text)."""
    given = {"From": DAEMON, "To": SHOP, "Subject": "Undelivered Mail Returned to Sender", **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in given.items() if value]
    cut = f"cut{crc32(repr(leaves).encode())}"
    lines += ["MIME-Version: 1.0", f'Content-Type: multipart/{kind}; boundary="{cut}"', ""]
    for content_type, text in leaves:
        lines += [f"--{cut}", f"Content-Type: {content_type}", "", text, ""]
    return "\n".join([*lines, f"--{cut}--", ""]).encode()


def dsn(*groups: str, text: str = "It was not delivered.", returned: str = OURS, **headers: str) -> bytes:
    """A report by the book (RFC 3464): groups of fields behind those of the message."""
    fields = "\n\n".join(("Reporting-MTA: dns; mx.test\nArrival-Date: Sun, 22 Nov 2026 10:00:00 +0000", *groups))
    leaves = [("text/plain", text), ("message/delivery-status", fields)]
    leaves += [("message/rfc822", returned)] if returned else []
    return parts(*leaves, kind="report; report-type=delivery-status", **headers)


def said(mail: ParsedMail) -> list[tuple[str, str]]:
    """Each recipient of a bounce with its class."""
    return [(one.recipient, str(one.kind)) for one in mail.bounces]


def read(raw: bytes) -> ParsedMail:
    """As the daemon reads it."""
    return parse(raw)
