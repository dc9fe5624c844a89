"""Go through a mailbox's past, judge each mail at its time, and lay what people really answered beside it."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any

from mailer.backtest.history import History, Past, RealAnswer
from mailer.backtest.rehearsal import Judged, Orders, Rehearsal
from mailer.clock import Clock
from mailer.config import Settings
from mailer.errors import NotFound
from mailer.inbound.authenticity import Ourselves
from mailer.inbound.child import Reader
from mailer.inbound.folder import Listed
from mailer.inbound.imap import Account
from mailer.rendering.catalog import Catalog
from mailer.signing import Keys
from mailer.triage.phrases import PhraseClassifier

# What is under way, how much of it is done, how much there is.
Tell = Callable[[str, int, int], None]
_DRAFTED = ("draft", "holding")
# A customer's mail and our answer may cross the day on which the history begins.
_EVERYTHING = 1_000_000


@dataclass(frozen=True)
class Compared:
    """One mail of the past: what would have become of it, and what a person answered."""

    at: datetime
    subject: str
    sender: str
    judged: Judged
    answer: str | None = None

    def plain(self) -> dict[str, Any]:
        """As JSON has it; without the sender's address."""
        return {"at": self.at.isoformat(), "subject": self.subject, **asdict(self.judged), "answer": self.answer}


@dataclass(frozen=True)
class Report:
    """All mails of the past, in order, and whether orders were known."""

    mails: tuple[Compared, ...]
    sent: int
    orders_known: bool
    # How many texts were published over their files; 0 when only files were read.
    published: int = 0

    @property
    def of_people(self) -> list[Compared]:
        """Those that a person wrote and that could be read."""
        return [one for one in self.mails if one.judged.outcome not in ("automatic", "unreadable")]

    @property
    def coverage(self) -> float:
        """The share of people's mails with a would-be draft, a holding reply included."""
        people = self.of_people
        return sum(one.judged.outcome in _DRAFTED for one in people) / len(people) if people else 0.0

    def counts(self, name: str) -> dict[str, int]:
        """How often each intent, language or outcome came, the most frequent first."""
        mails = self.mails if name == "outcome" else self.of_people
        return dict(Counter(getattr(one.judged, name) or "unknown" for one in mails).most_common())

    def sample(self, most: int) -> list[Compared]:
        """Would-be drafts with a real answer beside them, of as many intents as there are."""
        by_intent: dict[str, list[Compared]] = {}
        for one in reversed(self.of_people):
            if one.judged.outcome in _DRAFTED and one.answer:
                by_intent.setdefault(one.judged.intent, []).append(one)
        rounds = zip_longest(*by_intent.values())
        return [one for each in rounds for one in each if one is not None][:most]

    def plain(self, most: int) -> dict[str, Any]:
        """As JSON has it."""
        people = self.of_people
        return {
            "mails": len(self.mails),
            "of_people": len(people),
            "coverage": round(self.coverage, 4),
            "answered_by_people": sum(one.answer is not None for one in people),
            "sent": self.sent,
            "orders_known": self.orders_known,
            "published_texts": self.published,
            **{f"{name}s": self.counts(name) for name in ("outcome", "intent", "language")},
            "sample": [one.plain() for one in self.sample(most)],
        }


async def backtest(
    settings: Settings,
    keys: Keys,
    clock: Clock,
    tell: Tell,
    *,
    mailbox: str,
    days: int,
    most: int | None = None,
    files_only: bool = False,
) -> Report:
    """Read, judge and compare; by the templates that serve, or by the files alone.

    Raises MailerError: for the server, the folders, the name of the mailbox.
    """
    if mailbox not in settings.inbound.mailboxes:
        raise NotFound(
            f'there is no mailbox "{mailbox}"; config.toml has {", ".join(settings.inbound.mailboxes) or "none"}'
        )
    box = settings.inbound.mailboxes[mailbox]
    reader = Reader(Ourselves(frozenset(sender.address.lower() for sender in settings.senders.values())))
    history = History(Account.of(settings, mailbox, clock), reader, box.authserv_id)
    try:
        since = clock.now() - timedelta(days=days)
        sent_folder = await history.sent_folder(box.sent)
        answers = (
            await history.answers(sent_folder, since, lambda done, all_: tell("sent mails", done, all_))
            if sent_folder
            else []
        )
        listed = await history.wanted(box.folder, since, most or _EVERYTHING)
        orders = Orders(settings)
        directory = settings.rendering.templates
        catalog = Catalog(directory) if files_only else orders.templates(directory)
        rehearsal = Rehearsal(settings, keys, PhraseClassifier.shipped(), orders, catalog)
        rehearsal.begin(mailbox, now=clock.now())
        try:
            mails = await _go_through(history, rehearsal, box.folder, listed, answers, tell)
            return Report(tuple(mails), len(answers), orders.are_known, len(catalog.published.texts))
        finally:
            rehearsal.close()
            orders.close()
    finally:
        await history.close()
        reader.close()


async def _go_through(
    history: History,
    rehearsal: Rehearsal,
    folder: str,
    listed: Sequence[Listed],
    answers: Sequence[RealAnswer],
    tell: Tell,
) -> list[Compared]:
    by_mail = _by_mail(answers)
    waiting = list(reversed(answers))
    found: list[Compared] = []
    async for past in history.inbox(folder, list(listed)):
        while waiting and waiting[-1].at < past.at:
            rehearsal.was_sent(waiting.pop())
        found.append(_compared(past, rehearsal.judge(past), by_mail))
        tell("mails", len(found), len(listed))
    return found


def _by_mail(answers: Sequence[RealAnswer]) -> dict[str, RealAnswer]:
    """The first answer to each mail, by the Message-ID that it names first."""
    return {answer.answers[0]: answer for answer in reversed(answers) if answer.answers}


def _compared(past: Past, judged: Judged, answers: Mapping[str, RealAnswer]) -> Compared:
    mail = past.mail
    if mail is None:
        return Compared(past.at, "", "", judged)
    answer = answers.get(mail.message_id)
    sender = mail.senders[0].address if mail.senders else ""
    return Compared(past.at, mail.subject, sender, judged, answer.text if answer else None)
