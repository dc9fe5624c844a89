"""The pen of the demo's customers: it takes the next card, finds somebody whom it fits, and writes the mail."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr

from mailer.demo.deck import SECOND, Card, Deck
from mailer.demo.paper import attach_photo, unreadable, write_body, write_report
from mailer.demo.people import LANGUAGES, Customer
from mailer.demo.shop import CARE, product_of
from mailer.demo.texts import Text, read_texts
from mailer.model import Intent

# Of whom a server returns mail, and who hands in what only seems to come from a customer.
DAEMON, FORGER = "mailer-daemon@customers.test", "somebody@forger.test"
_BY_MACHINE = {Intent.BOUNCE: DAEMON, "forged": FORGER}


@dataclass(frozen=True)
class Letter:
    """A mail that is handed in. `intents` is what its writer wants: nothing where nobody can read it."""

    kind: str
    language: str
    intents: tuple[str, ...]
    # The address that an answer may go to, and the one that the server was told.
    sender: str
    envelope: str
    message_id: str
    raw: bytes


class Pen:
    """Writes letters, the same ones for the same seed."""

    def __init__(self, seed: int, people: Sequence[Customer]) -> None:
        self.chance = random.Random(seed)  # noqa: S311  # variety, not secrecy
        self._deck = Deck(self.chance)
        self._texts = {language: read_texts(language) for language in LANGUAGES}
        self._people = list(people)
        self.chance.shuffle(self._people)
        self._written: Counter[str] = Counter()
        self._used: Counter[str] = Counter()
        self._last: Customer | None = None
        self._count = 0
        self._seed = seed

    def first(self, now: datetime, *, ours: EmailMessage | None = None) -> Letter:
        """A new matter of somebody; `ours` is a mail of ours that a server may return."""
        missing = {Intent.BOUNCE: ours, SECOND: self._last}
        card = self._deck.deal([about for about, needed in missing.items() if needed is None])
        if card.about == Intent.BOUNCE and ours is not None:
            return self._returned(card, ours, now)
        writer = self._last if card.about == SECOND and self._last else self._writer(card)
        self._last = writer if card.about == Intent.ORDER_STATUS else None
        return self._from(writer, card, now)

    def about(self, writer: Customer, about: str, now: datetime) -> Letter:
        """A letter of this customer about this."""
        return self._from(writer, Card(about, writer.language, "plain"), now)

    def answer(self, writer: Customer, received: EmailMessage, now: datetime) -> Letter:
        """A reply to a mail of ours, quoting it as mail programs do."""
        words = self._text("follow_up", writer.language)
        quoted = "\n".join(f"> {line}" for line in _text_of(received).splitlines()[:12])
        mail = self._mail(writer.address, str(received["Subject"]), now, writer.name)
        mail["In-Reply-To"] = received["Message-ID"]
        mail["References"] = f"{received['References'] or ''} {received['Message-ID']}".strip()
        mail.set_content(f"{words.text}\n\nOn {received['Date']}, {CARE} wrote:\n{quoted}\n")
        return self._letter("follow_up", writer.language, words.intents, writer.address, mail)

    def _writer(self, card: Card) -> Customer:
        """Whoever speaks this language, fits, and has written least."""
        fitting = [one for one in self._people if one.language == card.language and one.fits(card.about)]
        return min(fitting, key=lambda one: self._written[one.address])

    def _from(self, writer: Customer, card: Card, now: datetime) -> Letter:
        self._written[writer.address] += 1
        if card.about == "unreadable":
            mail = self._mail(writer.address, "Photos", now, writer.name)
            return self._letter(card.about, card.language, (), writer.address, mail, unreadable(mail))
        words = self._text(card.about, writer.language)
        places = self._places(writer, card)
        mail = self._mail(writer.address, words.subject.format(**places), now, writer.name)
        self._sign(mail, card)
        text = words.text.format(**places)
        if card.manner == "quoted":
            text += f"\n\n{self._texts[writer.language].quotes[0]}"
        write_body(mail, text, card.manner, writer.language)
        if words.photo:
            attach_photo(mail, self._count)
        return self._letter(card.about, writer.language, words.intents, writer.address, mail)

    def _places(self, writer: Customer, card: Card) -> dict[str, str]:
        """What the places of a text are filled with; a stranger asks for somebody else's order."""
        number = writer.order_number
        if card.about == "stranger":
            number = self.chance.choice(
                [one.order_number for one in self._people if one.order_number not in ("", number)]
            )
        product = product_of(writer).title.lower()
        return {
            "number": number,
            "name": writer.name,
            "product": product,
            "wrong": f"#{self.chance.randint(9000, 9999)}",
        }

    def _sign(self, mail: EmailMessage, card: Card) -> None:
        """What else the head of such a mail says."""
        if card.about == Intent.AUTO_REPLY:
            mail["Auto-Submitted"] = "auto-replied"
        if card.about == "several_from":
            other = self.chance.choice(self._people)
            mail.replace_header("From", f"{mail['From']}, {formataddr((other.name, other.address))}")
            mail["Sender"] = str(mail["From"].addresses[0])

    def _returned(self, card: Card, ours: EmailMessage, now: datetime) -> Letter:
        words = self._text(card.about, card.language)
        mail = self._mail(DAEMON, words.subject, now, "Mail Delivery System")
        write_report(mail, words.text, ours)
        return self._letter(card.about, card.language, words.intents, DAEMON, mail)

    def _text(self, about: str, language: str) -> Text:
        """The texts about this one after another, whatever the language."""
        choice = self._texts[language].about(about)
        self._used[about] += 1
        return choice[(self._used[about] - 1) % len(choice)]

    def _mail(self, sender: str, subject: str, now: datetime, name: str) -> EmailMessage:
        self._count += 1
        mail = EmailMessage(policy=SMTP)
        mail["From"] = formataddr((name, sender))
        mail["To"] = CARE
        mail["Subject"] = subject
        mail["Date"] = format_datetime(now)
        mail["Message-ID"] = f"<{self._seed}.{self._count}@customers.test>"
        return mail

    def _letter(
        self, kind: str, language: str, intents: tuple[str, ...], sender: str, mail: EmailMessage, raw: bytes = b""
    ) -> Letter:
        envelope = "" if kind in (Intent.BOUNCE, Intent.AUTO_REPLY) else _BY_MACHINE.get(kind, sender)
        if mail.is_multipart():
            # Else chance of the library's own chooses one.
            mail.set_boundary(f"part-{self._seed}-{self._count}")
        return Letter(kind, language, intents, sender, envelope, str(mail["Message-ID"]), raw or mail.as_bytes())


def _text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    return str(body.get_content()) if body else ""
