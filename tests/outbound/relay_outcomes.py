"""Lets relays answer in every way and tells what became of the mail: `python -m tests.outbound.relay_outcomes` writes
docs/relay-outcomes.md from it, and a test compares that file with what it produces now.
"""

import asyncio
import contextlib
import re
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from sqlmodel import Session

from mailer.calendars import in_words
from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.migrations import upgrade
from mailer.model import Circuit, Delivery, DeliveryState, open_alarms
from mailer.outbound.deliver import Deliverer
from mailer.outbound.relays import SHIPPED
from mailer.outbound.smtp import Relay, RelayAccount
from tests import build
from tests.outbound.scripted import DROP, STALL, scripted
from tests.rigs.dovecot import Dovecot
from tests.rigs.postfix import Postfix

DOCUMENT = Path(__file__).parents[2] / "docs" / "relay-outcomes.md"
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
_SILENCES = {DROP: "breaks the connection off", STALL: "says nothing"}
_PLACES = {
    "connect": "at the greeting",
    "ehlo": "at EHLO",
    "auth": "at the login",
    "mail": "at MAIL FROM",
    "rcpt": "at RCPT TO",
    "data": "at DATA",
    "in_body": "in mid-body",
    "body": "after the body",
}
SCENARIOS: tuple[tuple[str, str], ...] = (
    ("body", "250 2.0.0 Ok: queued as 4F1"),
    ("rcpt", "450 4.2.0 Recipient address rejected: Greylisted"),
    ("rcpt", "452 4.2.2 mailbox full"),
    ("rcpt", "451 4.3.0 try again later"),
    ("rcpt", "550 5.1.1 User unknown"),
    ("rcpt", "550 5.2.1 mailbox disabled"),
    ("rcpt", "550 5.7.1 refused by policy"),
    ("rcpt", "554 transaction failed"),
    ("rcpt", "421 4.3.0 closing"),
    ("mail", "451 4.3.0 later"),
    ("mail", "552 5.3.4 message size exceeds fixed limit"),
    ("mail", "550 5.7.60 not allowed to send as this sender"),
    ("connect", "421 4.3.2 too many connections"),
    ("connect", "421 4.7.0 no time"),
    ("connect", "554 5.7.1 no service for you"),
    ("auth", "535 5.7.8 wrong password"),
    ("auth", "454 4.7.0 directory is down"),
    ("data", "451 4.3.0 queue file write error"),
    ("body", "432 4.3.2 sender thread limit exceeded"),
    ("body", "451 4.7.500 server busy"),
    ("body", "452 4.3.1 disk full"),
    ("body", "550 5.2.252 continuous errors"),
    ("body", "550 5.4.5 daily sending limit exceeded"),
    ("body", "550 5.7.501 spam from this account"),
    ("body", "552 5.3.4 message too big"),
    ("body", "554 5.7.1 looks like spam"),
    ("body", "421 4.3.0 closing"),
    ("body", "what?"),
    *((step, DROP) for step in ("connect", "mail", "rcpt", "data", "in_body", "body")),
    *((step, STALL) for step in ("connect", "mail", "rcpt", "data", "body")),
)
POSTFIX = ("ana", "grey", "gone", "policy", "busy")


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    relay: str
    case: str
    state: str
    next_try: str
    others: str
    words: str

    def line(self) -> str:
        cells = (self.relay, self.case, self.state, self.next_try, self.others, self.words)
        return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


HEAD = Row("the relay", "case", "delivery", "its next try", "all other mails", "what the agent reads").line()


async def scripted_rows() -> list[str]:
    """A server that does what it is told."""
    return [await _scripted_row(step, answer) for step, answer in SCENARIOS] + [await _nobody_listens()]


async def postfix_rows(port: int) -> list[str]:
    """A real Postfix, with one recipient for each of its answers, and without encryption that was asked for."""
    rows = []
    for name in POSTFIX:
        label = f"Postfix, recipient {name}@customer.test"
        rows.append(await _tried(label, _account(port), f"{name}@customer.test"))
    return rows


def section(title: str, rows: list[str]) -> str:
    return "\n".join([f"## {title}", "", HEAD, "|---|---|---|---|---|---|", *rows, ""])


def scripted_section() -> str:
    return section("A server that answers by a script", asyncio.run(scripted_rows()))


def postfix_section(port: int) -> str:
    return section("Postfix 3.7", asyncio.run(postfix_rows(port)))


async def _scripted_row(step: str, answer: str) -> str:
    label = f"{_SILENCES.get(answer, f'says `{answer}`')} {_PLACES[step]}"
    async with scripted(**{step: answer}) as smtp:
        # Both ways of logging in get the same answer.
        if step == "auth":
            smtp.say(step, answer)
        return await _tried(label, _account(smtp.port, "care" if step == "auth" else ""))


async def _nobody_listens() -> str:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    return await _tried("is not there", _account(port))


def _account(port: int, username: str = "") -> RelayAccount:
    short = timedelta(seconds=0.3)
    return RelayAccount("127.0.0.1", port, "none", None, username, "secret", short, short)


async def _tried(label: str, account: RelayAccount, recipient: str = build.ANA) -> str:
    clock = FrozenClock(NOW)
    async with _database() as db:
        _, delivery_id = db.run_here(build.approved, clock.now(), sender=recipient)
        clock.current += timedelta(minutes=1)
        relay = Relay(account)
        deliverer = Deliverer(db, clock, owner="one", sender="care@shop.test", lease=timedelta(seconds=30))
        assert await deliverer.deliver_next(relay)
        await relay.close()
        return db.read_here(_row, delivery_id, label, clock.now()).line()


@contextlib.asynccontextmanager
async def _database() -> AsyncIterator[Database]:
    folder = Path(tempfile.mkdtemp(prefix="outcomes"))
    (folder / "mailer.db").write_bytes(_migrated())
    db = Database(f"sqlite:///{folder}/mailer.db")
    try:
        yield db
    finally:
        db.close()
        shutil.rmtree(folder)


@cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        db = Database(f"sqlite:///{folder}/mailer.db")
        upgrade(db)
        db.close()
        return Path(folder, "mailer.db").read_bytes()


def _row(session: Session, delivery_id: int, label: str, now: datetime) -> Row:
    delivery = session.get_one(Delivery, delivery_id)
    circuit = session.get(Circuit, SHIPPED.relay)
    attempt = build.attempts(session, delivery_id)[-1]
    return Row(
        label,
        f"{attempt.outcome}, {str(attempt.cause).replace('_', ' ')}",
        delivery.state.value,
        _next_try(delivery, circuit, now),
        _others(circuit, bool(open_alarms(session)), now),
        _without_chance(delivery.reason),
    )


def _next_try(delivery: Delivery, circuit: Circuit | None, now: datetime) -> str:
    if delivery.state == DeliveryState.UNKNOWN:
        return "a person decides"
    if delivery.state != DeliveryState.QUEUED:
        return "none"
    resting = circuit is not None and circuit.rests_until is not None
    return "with the others" if resting else f"in {in_words(delivery.next_attempt_at - now)}"


def _without_chance(words: str) -> str:
    """Ports and queue numbers are others each time."""
    for pattern, plain in (
        (r"port \d+", "port N"),
        (r", \d{4,5}\)", ", N)"),
        (r"queued as [0-9A-F]{9,}", "queued as N"),
    ):
        words = re.sub(pattern, plain, words)
    return words


def _others(circuit: Circuit | None, alarm: bool, now: datetime) -> str:
    if circuit is None or circuit.rests_until is None:
        return "go on"
    fewer = ", then over fewer connections" if circuit.connections < SHIPPED.connections else ""
    return f"wait {in_words(circuit.rests_until - now)}{fewer}{', alarm' if alarm else ''}"


@contextlib.contextmanager
def _postfix() -> Iterator[Postfix]:
    dovecot = Dovecot()
    dovecot.start()
    postfix = Postfix(dovecot)
    postfix.start()
    try:
        yield postfix
    finally:
        postfix.close()
        dovecot.close()


_INTRODUCTION = """# What a relay can do, and what becomes of the mail

Written by `make outcomes` from real dialogues; a test compares this file with what the code does now. Each line is the
first try of a fresh mail. A mail that its recipient puts off is tried after 5, 10, 20, 40, 80 and 160 minutes and then
every 4 hours, each give or take a fifth, for 48 hours; then it is `expired` and a person is told. When it is the relay
or our account that fails, the mail itself is not to blame: all wait, longer each time (up to a minute for a relay, an
hour for an account), and then one mail asks while the others stay queued. Three mails in a row that are refused for
policy, or whose bodies are lost, pause the account too. Nothing that may have arrived is ever sent again without a
person's word.
"""


def main() -> None:
    """Write the document."""
    with _postfix() as postfix:
        DOCUMENT.write_text("\n".join([_INTRODUCTION, scripted_section(), postfix_section(postfix.open_port)]))


if __name__ == "__main__":
    main()
