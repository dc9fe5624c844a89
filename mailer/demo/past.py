"""The four weeks before the demo: letters that came, were drafted, approved and handed over, on a clock that we move.

Everything is done by the steps of the daemon, one after another; only the mails' way through IMAP is left out, as what
lies in a mailbox at the first connect is history that nobody answers.
"""

import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from mailer.clock import FrozenClock
from mailer.config import Settings
from mailer.db import Database
from mailer.demo.letters import Letter, Pen
from mailer.demo.people import Customer
from mailer.demo.servers import as_taken
from mailer.demo.shop import placed_before
from mailer.errors import Conflict, InputError
from mailer.inbound.authenticity import Ourselves
from mailer.inbound.cursor import register
from mailer.inbound.folder import Fetched
from mailer.inbound.ledger import keep
from mailer.inbound.parse import parse
from mailer.inbound.parsed import ParsedMail
from mailer.inbound.receive import receive_stored
from mailer.inbound.thread import Rules
from mailer.outbound.deliver import Deliverer
from mailer.outbound.relays import RelayLimits
from mailer.outbound.smtp import Relay, RelayAccount
from mailer.rendering.catalog import Catalog
from mailer.rendering.shop_facts import sync_shop_facts
from mailer.replies.approve import Terms, approve, write_own
from mailer.replies.case import House
from mailer.replies.close import close_answered
from mailer.replies.draft import draft_waiting
from mailer.replies.queue import Tab, waiting
from mailer.signing import read_keys
from mailer.triage.phrases import PhraseClassifier
from mailer.triage.triage import triage_received

_DAYS = 27
# The mailbox has been renumbered since: no UID of today is one of these.
_UIDVALIDITY = -1
# What is no wish of an honest customer belongs into today.
_NOT_THEN = ("unreadable", "forged", "stranger", "several_from", "second_mail", "bounce", "auto_reply", "spam_sales")
_OWN_WORDS = "Hello,\n\nthank you for your mail. I have looked into it and will write again tomorrow.\n\nLinen & Co\n"


class Past:
    """What was before the demo began."""

    def __init__(self, settings: Settings, db: Database, people: Sequence[Customer], seed: int) -> None:
        keys = read_keys(settings.signing.key_file)
        self._settings, self._db = settings, db
        self._clock = FrozenClock(datetime.min.replace(tzinfo=UTC))
        self._people = {one.address: one for one in people}
        # A seed of its own: Message-IDs of today are made from the other.
        self._pen = Pen(seed + 1_000_000, people)
        self._house, self._rules, self._terms = (
            House.of(settings, keys),
            Rules.of(settings, keys),
            Terms.of(settings, keys),
        )
        self._catalog, self._classifier = Catalog(settings.rendering.templates), PhraseClassifier.shipped()
        own = frozenset(sender.address.lower() for sender in settings.senders.values())
        self._ourselves = Ourselves(own, settings.inbound.mailboxes["support"].authserv_id)
        self._deliverer = Deliverer(
            db, self._clock, owner="past", sender=settings.sender.address, lease=settings.outbound.lease,
            limits=RelayLimits.of(settings), steady=None, sign=None, story=self._clock,
        )  # fmt: skip
        self._uid = 0

    async def live(self, agents: Sequence[int], now: datetime, days: int = _DAYS) -> int:
        """Live through the days before `now`, these agents in turn; how many mails came."""
        mailbox = self._db.run_here(register, "support", "main")
        self._db.run_here(sync_shop_facts, self._settings.shop, self._settings.offers, now=now)
        relay = Relay(RelayAccount.of(self._settings))
        morning = now.replace(hour=7, minute=30, second=0, microsecond=0)
        for day in range(days, 0, -1):
            await self._day(mailbox, morning - timedelta(days=day), agents, relay, now)
        await relay.close()
        self._db.run_here(close_answered, after=self._settings.replies.close_after, now=now)
        return self._uid

    async def _day(self, mailbox: int, morning: datetime, agents: Sequence[int], relay: Relay, now: datetime) -> None:
        chance = self._pen.chance
        for _ in range(chance.choice((1, 1, 2, 2) if morning.weekday() < 5 else (0, 1))):
            self._clock.current = morning + timedelta(minutes=chance.randint(0, 150))
            self._keep(mailbox, self._letter(now))
        self._clock.current = morning + timedelta(minutes=151)
        await receive_stored(self._db, self._clock, self._ourselves.addresses, read=self._read, rules=self._rules)
        await triage_received(self._db, self._clock, self._classifier)
        await draft_waiting(self._db, self._clock, self._catalog, self._house)
        for line in (*self._db.read_here(waiting, Tab.NEEDS_FACTS), *self._db.read_here(waiting, Tab.NEEDS_PERSON)):
            self._write(line.conversation_id, agents[0])
        await self._answer(agents, relay)

    def _letter(self, now: datetime) -> Letter:
        """One whose order, if there is any, was placed by then."""
        while True:
            letter = self._pen.first(self._clock.current)
            writer = self._people.get(letter.sender)
            if letter.kind not in _NOT_THEN and writer and placed_before(writer, now, self._clock.current):
                return letter

    def _keep(self, mailbox: int, letter: Letter) -> None:
        self._uid += 1
        raw, now = as_taken(letter.envelope, letter.raw), self._clock.current
        self._db.run_here(keep, mailbox, _UIDVALIDITY, Fetched(self._uid, now, raw), now=now)

    def _read(self, raw: bytes, _mailbox: str) -> ParsedMail:
        return parse(raw, self._ourselves)

    def _write(self, conversation_id: int, agent_id: int) -> None:
        """In somebody's own words, where there is an address to write to."""
        with contextlib.suppress(Conflict):
            self._db.run_here(write_own, conversation_id, text=_OWN_WORDS, agent_id=agent_id, now=self._clock.current)

    async def _answer(self, agents: Sequence[int], relay: Relay) -> None:
        """Each draft at some hour of the day; one in eight only on the next."""
        for line in self._db.read_here(waiting, Tab.TO_APPROVE, limit=200):
            chance = self._pen.chance
            self._clock.current += timedelta(minutes=chance.randint(4, 60 if chance.random() < 0.9 else 900))
            try:
                self._db.run_here(
                    approve, line.draft_id or 0, version=line.version or 0, agent_id=chance.choice(agents),
                    terms=self._terms, now=self._clock.current, done=True,
                )  # fmt: skip
            except (Conflict, InputError):
                # Its turn is tomorrow, with the words of a person.
                self._write(line.conversation_id, agents[0])
        self._clock.current += self._settings.replies.undo + timedelta(seconds=1)
        while await self._deliverer.deliver_next(relay, 0):
            self._clock.current += timedelta(seconds=2)
