"""What customers write, as bytes on the wire; the ids are made here, so that a test can follow a mail."""

import base64
import itertools
import os
from dataclasses import dataclass
from email.message import EmailMessage, Message
from email.utils import make_msgid

_counter = itertools.count(1)


@dataclass(frozen=True)
class Letter:
    """A mail on its way to the shop: its envelope sender, its Message-ID, its bytes."""

    sender: str
    message_id: str
    data: bytes


def letter(
    sender: str,
    subject: str = "Where is my order?",
    text: str = "Hello,\n\nwhere is my order?\n",
    *,
    name: str = "Ana Costa",
    ballast: int = 0,
    to: str = "care@shop.test",
    **headers: str,
) -> Letter:
    """A plain mail. `ballast` adds an attachment of so many bytes; further headers are named with `_` for `-`."""
    mail = EmailMessage()
    mail["From"] = f"{name} <{sender}>"
    mail["To"] = to
    mail["Subject"] = subject
    mail["Date"] = "Sun, 22 Nov 2026 09:00:00 +0000"
    mail["Message-ID"] = make_msgid(f"c{next(_counter)}", "customer.test")
    for key, value in headers.items():
        mail[key.replace("_", "-")] = value
    mail.set_content(text)
    if ballast:
        picture = base64.b64encode(os.urandom(ballast * 3 // 4))
        mail.add_attachment(picture, maintype="application", subtype="octet-stream", filename="picture.bin")
    return Letter(sender, mail["Message-ID"], mail.as_bytes())


def answer_to(received: Message, sender: str, text: str) -> Letter:
    """What a customer's mail program sends on "Reply": In-Reply-To, References and the subject taken over."""
    ours = received["Message-ID"]
    chain = " ".join(f"{received.get('References', '')} {ours}".split())
    return letter(sender, received["Subject"], text, In_Reply_To=ours, References=chain)
