"""How the demo's mails look on the wire: HTML only, old charsets, a photo, a returned mail, a broken one."""

import html
import struct
import zlib
from email.message import EmailMessage
from email.policy import SMTP

_CHARSETS = {"zh": ("gb18030",), "de": ("iso-8859-1",), "fr": ("iso-8859-1", "windows-1252"), "es": ("iso-8859-1",)}
_WIDTH, _HEIGHT = 64, 48


def write_body(mail: EmailMessage, text: str, manner: str, language: str) -> None:
    """Put the text into the mail as this customer's program does."""
    if manner == "html":
        mail.set_content(_as_html(text), subtype="html")
    elif manner == "charset":
        mail.set_content(text, charset=_charset(text, language), cte="8bit" if language == "zh" else "quoted-printable")
    else:
        mail.set_content(text)


def attach_photo(mail: EmailMessage, shade: int) -> None:
    """A small photo, as from a phone; `shade` makes each another file."""
    mail.add_attachment(photo(shade), maintype="image", subtype="png", filename=f"IMG_{1000 + shade:04}.png")


def photo(shade: int) -> bytes:
    """A valid PNG of a few hundred bytes."""
    row = b"\0" + b"".join(bytes((column * 4 % 256, shade % 256, 120)) for column in range(_WIDTH))
    header = struct.pack(">IIBBBBB", _WIDTH, _HEIGHT, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(row * _HEIGHT)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def write_report(mail: EmailMessage, text: str, ours: EmailMessage) -> None:
    """Make it the report of a server that could not deliver this mail of ours (RFC 3464)."""
    recipient = str(ours["To"].addresses[0].addr_spec)
    mail.set_content(f"{text}\n\n<{recipient}>: 452 4.2.2 mailbox full\n")
    mail.make_mixed()
    status = EmailMessage(policy=SMTP)
    status["Content-Type"] = "message/delivery-status"
    status.set_payload(
        [
            _fields({"Reporting-MTA": "dns; mail.customers.test"}),
            _fields(
                {
                    "Final-Recipient": f"rfc822; {recipient}",
                    "Action": "failed",
                    "Status": "4.2.2",
                    "Diagnostic-Code": "smtp; 452 4.2.2 mailbox full",
                }
            ),
        ]
    )
    head = EmailMessage(policy=SMTP)
    head["Content-Type"] = "text/rfc822-headers"
    names = ("From", "To", "Subject", "Date", "Message-ID")
    head.set_payload(_fields({name: str(ours[name]) for name in names}).as_string())
    mail.attach(status)
    mail.attach(head)
    mail.set_type("multipart/report")
    mail.set_param("report-type", "delivery-status")


def _fields(values: dict[str, str]) -> EmailMessage:
    group = EmailMessage(policy=SMTP)
    for name, value in values.items():
        group[name] = value
    return group


def unreadable(mail: EmailMessage) -> bytes:
    """This mail with parts that are nested deeper than anything that a person sends."""
    mail.set_content("see below")
    head = mail.as_bytes().split(b"\r\n\r\n")[0].split(b"Content-Type")[0]
    nested = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level) for level in range(40)
    )
    return head + nested


def _as_html(text: str) -> str:
    paragraphs = (html.escape(part).replace("\n", "<br>\n") for part in text.split("\n\n"))
    body = "\n".join(f"<p>{part}</p>" for part in paragraphs)
    return f"<!DOCTYPE html>\n<html><head><style>p {{ color: #333 }}</style></head>\n<body>{body}</body></html>\n"


def _charset(text: str, language: str) -> str:
    """The first charset of this language that has every letter of the text."""
    for name in _CHARSETS.get(language, ()):
        try:
            text.encode(name)
        except UnicodeEncodeError:
            continue
        return name
    return "utf-8"


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
