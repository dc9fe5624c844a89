"""Customers who keep writing, and who answer when we answered."""

import asyncio
import contextlib
import re
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from mailer.clock import Clock
from mailer.demo.letters import Letter, Pen
from mailer.demo.people import Customer
from mailer.demo.servers import MailServer
from mailer.demo.shop import CARE
from mailer.model import Intent
from mailer.outbound.outcome import Accepted
from mailer.outbound.smtp import Envelope, Relay

_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_BY_ITSELF = re.compile(rb"^auto-submitted:\s*auto-generated", re.IGNORECASE | re.MULTILINE)
_ANSWERS_EACH = 2
_ANSWER_CHANCE = 0.3


class Crowd:
    """All customers of the demo. `handed_in` is what their mail server took from them, and when."""

    def __init__(self, people: list[Customer], server: MailServer, relay: Relay, pen: Pen, clock: Clock) -> None:
        self._server = server
        self._relay = relay
        self._pen = pen
        self.clock = clock
        self._one_at_a_time = asyncio.Lock()
        self._read = 0
        self._answers: dict[str, int] = {}
        self._by_address = {one.address: one for one in people}
        # What a customer got last; a server may still return it.
        self._ours: EmailMessage | None = None
        self.handed_in: dict[str, tuple[Letter, datetime]] = {}

    @property
    def delivered(self) -> list[tuple[str, bytes]]:
        """Every mail that a mailbox took."""
        return self._server.delivered

    def read_from_now(self) -> None:
        """Nobody answers what came before."""
        self._read = len(self._server.delivered)

    async def write_at_once(self, count: int, *, gone: str) -> None:
        """The mails of a busy hour, among them one of somebody whose mailbox is gone when we answer."""
        for _ in range(count):
            await self.hand_in(self._pen.first(self.clock.now(), ours=self._ours))
        letter = self._pen.about(self._by_address[gone], Intent.INVOICE, self.clock.now())
        await self.hand_in(letter)
        self._server.close_mailbox(gone)

    async def write(self, every: float, stop: asyncio.Event) -> None:
        """Write a mail every so many seconds, and answer what came back, until told to stop."""
        while not stop.is_set():
            await self.hand_in(self._pen.first(self.clock.now(), ours=self._ours))
            await self._answer_replies()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), every * self._pen.chance.uniform(0.6, 1.4))

    async def _answer_replies(self) -> None:
        arrived, self._read = self._server.delivered[self._read :], len(self._server.delivered)
        for address, raw in arrived:
            writer = self._by_address.get(address)
            # Nobody answers what a flow sent; buyers have their own ways.
            if writer is None or is_flow_mail(raw):
                continue
            self._ours = read_mail(raw)
            if self._answers.get(address, 0) >= _ANSWERS_EACH:
                continue
            if self._pen.chance.random() < _ANSWER_CHANCE:
                self._answers[address] = self._answers.get(address, 0) + 1
                await self.hand_in(self._pen.answer(writer, self._ours, self.clock.now()))

    async def hand_in(self, letter: Letter) -> bool:
        """Give a mail to the server; whether it was taken."""
        async with self._one_at_a_time:
            problem = await self._relay.offer(Envelope(letter.envelope, CARE))
            taken = problem is None and isinstance(await self._relay.hand_over(letter.raw), Accepted)
        if taken:
            self.handed_in[letter.message_id] = (letter, self.clock.now())
        return taken


def read_mail(raw: bytes) -> EmailMessage:
    """A mail of ours as a mail program reads it."""
    mail = message_from_bytes(raw, policy=default)
    assert isinstance(mail, EmailMessage)
    return mail


def is_flow_mail(raw: bytes) -> bool:
    """Whether nobody wrote this mail by hand."""
    return _BY_ITSELF.search(_END_OF_HEAD.split(raw, maxsplit=1)[0]) is not None
