"""The watcher against a server that answers strangely; Dovecot's own ways are in journeys and faults."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from sqlmodel import Session, col, select

from mailer.clock import FrozenClock, monotonic
from mailer.db import Database
from mailer.inbound import cursor
from mailer.inbound.imap import Account
from mailer.inbound.watch import Watcher
from mailer.model import Mailbox, RawMail
from tests.inbound.scripted import HANG, Script, serving

WHEN = '"22-Nov-2026 10:00:00 +0000"'
EMPTY = ["* OK [UIDVALIDITY 7] ok", "* OK [UIDNEXT 1] ok"]
FULL = ["* 2 EXISTS", "* OK [UIDVALIDITY 7] ok", "* OK [UIDNEXT 5] ok"]


def script(**answers: list[str] | None) -> Script:
    return Script(**{"EXAMINE": EMPTY, "IDLE": ["+ idling"], "UID_SEARCH": ["* SEARCH"], **answers})


@asynccontextmanager
async def watching(db: Database, clock: FrozenClock, account: Account, owner: str = "me") -> AsyncIterator[None]:
    stop = asyncio.Event()
    idle = timedelta(milliseconds=20)
    watcher = Watcher(db, clock, "support", "main", account, owner=owner, idle=idle, arrived=lambda: None)
    task = asyncio.create_task(watcher.run(stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 10)


async def until(db: Database, question: Callable[[Session], object]) -> None:
    """Ask until the answer is yes; ten seconds at most."""
    async with asyncio.timeout(10):
        while not await db.read(question):
            await asyncio.sleep(0.01)


def mailbox(session: Session) -> Mailbox | None:
    return session.exec(select(Mailbox)).first()


def polled(session: Session) -> bool:
    found = mailbox(session)
    return found is not None and found.last_poll_at is not None and found.last_error is None


def uids(session: Session) -> list[int]:
    return list(session.exec(select(RawMail.uid).order_by(col(RawMail.uid))))


def fill_folder(server: Script) -> None:
    """Four new UIDs: the server finds two of them, and one is gone when it is fetched."""
    parts = "FETCH (UID {uid} RFC822.SIZE 3 INTERNALDATE " + WHEN + " BODY[] {body})"
    server.answers["UID SEARCH"] = ["* SEARCH 2 3"]
    server.answers["UID FETCH"] = [
        f"* 1 {parts.format(uid=2, body='{3}' + chr(13) + chr(10) + 'two')}",
        f"* 2 {parts.format(uid=3, body='NIL')}",
    ]
    server.answers["EXAMINE"] = FULL


async def test_a_mail_that_is_gone_while_it_is_fetched_does_not_hold_up_the_cursor(
    db: Database, clock: FrozenClock
) -> None:
    server = script()
    with serving(server) as account:
        async with watching(db, clock, account):
            await until(db, polled)
            fill_folder(server)
            await until(db, lambda session: session.exec(select(Mailbox.next_uid)).one() == 5)
    assert await db.read(uids) == [2]


async def test_trouble_is_noted_and_over_when_the_server_answers_again(db: Database, clock: FrozenClock) -> None:
    server = script(EXAMINE=["TAG NO the folder is away"])
    with serving(server) as account:
        async with watching(db, clock, account):
            await until(
                db, lambda session: (box := mailbox(session)) and "the folder is away" in (box.last_error or "")
            )
            server.answers["EXAMINE"] = EMPTY
            await until(db, polled)


async def test_a_mailbox_of_another_worker_is_left_alone(db: Database, clock: FrozenClock) -> None:
    box = await db.run(cursor.register, "support", "main")
    await db.run(cursor.claim, box, owner="other", lease=timedelta(minutes=5), now=clock.now())
    server = script()
    with serving(server) as account:
        async with watching(db, clock, account):
            await asyncio.sleep(0.1)
    assert server.asked == []
    assert not await db.read(polled)


async def test_a_server_that_falls_silent_does_not_hold_up_the_end(db: Database, clock: FrozenClock) -> None:
    server = script()
    with serving(server) as account:
        patient = replace(account, read_timeout=timedelta(seconds=30))
        async with watching(db, clock, patient):
            await until(db, polled)
            server.answers["EXAMINE"] = HANG
            async with asyncio.timeout(10):
                while server.asked[-1].split()[0].upper() != "EXAMINE":
                    await asyncio.sleep(0.01)
            began = monotonic()
        assert monotonic() - began < 6
