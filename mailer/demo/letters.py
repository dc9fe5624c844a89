"""What the demo's customers write: each kind of mail in several voices."""

import random
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr

from mailer.demo.shop import CARE, Customer

STATUS = (
    ("Where is my order {number}?", "Hi,\n\nwhere is my order {number}? I hoped to have it by now.\n\nThanks\n{name}"),
    ("Order {number}", "Hello, has my order {number} been shipped yet? I need it for the weekend.\n\n{name}"),
    ("Delivery date", "Could you tell me when will my order {number} arrive?\n\nBest\n{name}"),
    ("tracking", "hey can i get the tracking number for {number}? nothing came so far\n\nSent from my phone"),
    ("Still waiting", "I am still waiting for my order {number}. Any news?\n\nRegards,\n{name}"),
)
STATUS_WITHOUT_NUMBER = (
    ("My order", "Hi there,\n\nwhere is my order? I cannot find the confirmation any more.\n\n{name}"),
    ("When?", "When will my package arrive, please?\n\n{name}"),
)
WRONG_NUMBER = (("Order {wrong}", "Hello,\n\nwhat is the status of my order {wrong}?\n\n{name}"),)
OTHER = (
    ("Return", "I would like to return the shirt, it is too small. How does that work?\n\n{name}"),
    ("Discount", "Do you have a voucher for newsletter readers?\n\n{name}"),
    ("Thank you", "The scarf is lovely, thank you so much!\n\n{name}"),
    ("Question", "Is the bag big enough for a 15 inch laptop?\n\n{name}"),
)
FOLLOW_UP = ("Thanks for the quick answer! And when will it arrive exactly?", "Thank you, that helps a lot.")


@dataclass(frozen=True)
class Letter:
    """A mail that a customer hands in."""

    kind: str
    sender: str
    message_id: str
    raw: bytes


class Pen:
    """Writes letters, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311  # variety, not secrecy
        self._count = 0
        self._seed = seed

    def first(self, writer: Customer, others: list[Customer], now: datetime) -> Letter:
        """A new matter of this customer."""
        kinds = ("status", "no_number", "wrong_number", "stranger", "other", "out_of_office", "unreadable")
        kind = self.chance.choices(kinds, weights=(44, 14, 8, 9, 15, 6, 4))[0]
        match kind:
            case "unreadable":
                return self._unreadable(writer, now)
            case "out_of_office":
                mail = self._mail(writer, "Out of office", "I am away until Monday.", now)
                mail["Auto-Submitted"] = "auto-replied"
                return self._letter(kind, writer, mail)
            case "stranger":
                number = self.chance.choice(others).order_number
                subject, text = self.chance.choice(STATUS)
            case "no_number":
                number, (subject, text) = "", self.chance.choice(STATUS_WITHOUT_NUMBER)
            case "wrong_number":
                number, (subject, text) = writer.order_number, self.chance.choice(WRONG_NUMBER)
            case "other":
                number, (subject, text) = writer.order_number, self.chance.choice(OTHER)
            case _:
                number, (subject, text) = writer.order_number, self.chance.choice(STATUS)
        words = {"number": number, "wrong": f"#{self.chance.randint(90_000, 99_999)}", "name": writer.name}
        mail = self._mail(writer, subject.format(**words), text.format(**words), now)
        return self._letter(kind, writer, mail)

    def answer(self, writer: Customer, received: EmailMessage, now: datetime) -> Letter:
        """A reply to a mail of ours, quoting it as mail programs do."""
        quoted = "\n".join(f"> {line}" for line in _text(received).splitlines()[:12])
        text = f"{self.chance.choice(FOLLOW_UP)}\n\nOn {received['Date']}, {CARE} wrote:\n{quoted}\n"
        mail = self._mail(writer, str(received["Subject"]), text, now)
        mail["In-Reply-To"] = received["Message-ID"]
        mail["References"] = f"{received['References'] or ''} {received['Message-ID']}".strip()
        return self._letter("follow_up", writer, mail)

    def _mail(self, writer: Customer, subject: str, text: str, now: datetime) -> EmailMessage:
        self._count += 1
        mail = EmailMessage(policy=SMTP)
        mail["From"] = formataddr((writer.name, writer.address))
        mail["To"] = CARE
        mail["Subject"] = subject
        mail["Date"] = format_datetime(now)
        mail["Message-ID"] = f"<{self._seed}.{self._count}@customers.test>"
        mail.set_content(text)
        return mail

    def _letter(self, kind: str, writer: Customer, mail: EmailMessage) -> Letter:
        return Letter(kind, writer.address, str(mail["Message-ID"]), mail.as_bytes())

    def _unreadable(self, writer: Customer, now: datetime) -> Letter:
        """A mail whose parts are nested deeper than anything that a person sends."""
        mail = self._mail(writer, "Photos", "see below", now)
        head = mail.as_bytes().split(b"\r\n\r\n")[0].split(b"Content-Type")[0]
        nested = b"".join(
            b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level) for level in range(40)
        )
        return Letter("unreadable", writer.address, str(mail["Message-ID"]), head + nested)


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    return str(body.get_content()) if body else ""
