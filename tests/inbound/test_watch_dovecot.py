"""A watcher on a real Dovecot: what only a real server does."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session

from mailer.clock import SystemClock
from mailer.db import Database
from mailer.inbound.imap import Account
from mailer.inbound.patience import Why
from mailer.inbound.receive import receive_stored
from mailer.inbound.watch import Watch, Watcher
from mailer.model import Message, SentCopy
from tests.inbound.test_sent import copy_of, sent_reply
from tests.inbound.test_watch import alarms, box, db, holds, pauses, rows, stored, until
from tests.rigs.dovecot import PASSWORD, Dovecot
from tests.rigs.letters import letter

__all__ = ["db", "pauses"]

pytestmark = pytest.mark.journey


@pytest.fixture
def user(dovecot: Dovecot, tmp_path: Path) -> str:
    name = f"watch-{tmp_path.name}".lower().replace("_", "-")[:60]
    dovecot.add_user(name)
    _let_dovecot_see_it()
    return name


def _let_dovecot_see_it() -> None:
    """It looks at the file of passwords once a second."""
    time.sleep(1.2)


@asynccontextmanager
async def watching(db: Database, dovecot: Dovecot, user: str, **facts: Any) -> AsyncIterator[None]:
    timeout = timedelta(seconds=3)
    account = Account(
        "localhost", dovecot.ports.imaps, "implicit", dovecot.ca_file, user, PASSWORD, "INBOX", timeout, 100_000
    )
    plan = replace(Watch("support", "main", account, timedelta(seconds=1), timedelta(days=90)), **facts)
    watcher = Watcher(db, SystemClock(), plan, owner="me", arrived=lambda: None)
    stop = asyncio.Event()
    task = asyncio.create_task(watcher.run(stop))
    try:
        await until(db, lambda session: (it := box(session)) and it.last_poll_at)
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 30)


def deliver(dovecot: Dovecot, user: str, count: int = 1, **more: Any) -> None:
    dovecot.deliver(user, *(letter("ana@customer.test", **more) for _ in range(count)))


async def test_a_mail_that_somebody_read_or_deleted_meanwhile_is_no_trouble(
    db: Database, dovecot: Dovecot, user: str
) -> None:
    deliver(dovecot, user)
    async with watching(db, dovecot, user):
        await until(db, holds(1))
    deliver(dovecot, user, 3)
    with dovecot.session(user) as client:
        client.select("INBOX")
        client.store("2", "+FLAGS", "\\Seen")
        client.store("3", "+FLAGS", "\\Deleted")
        client.expunge()
    async with watching(db, dovecot, user):
        await until(db, holds(3))
    assert sorted(await db.read(stored)) == sorted(dovecot.mails(user).values())
    assert [row.history for row in await db.read(rows)] == [True, False, False]


async def test_a_large_mail_comes_in_part_by_its_structure(db: Database, dovecot: Dovecot, user: str) -> None:
    async with watching(db, dovecot, user):
        deliver(dovecot, user, text="Where is my parcel?\n", ballast=400_000)
        await until(db, holds(1))
    assert await receive_stored(db, SystemClock(), frozenset())
    message = await db.read(lambda session: session.get_one(Message, 1))
    assert (message.partial, message.text.strip()) == (True, "Where is my parcel?")
    assert len((await db.read(stored))[0]) < 3_000


async def test_a_folder_that_was_renamed_is_told_until_it_is_back(
    db: Database, dovecot: Dovecot, user: str, pauses: list[tuple[Why, float | None]]
) -> None:
    with dovecot.session(user) as client:
        client.create("Support")
    facts = {"account": None}
    timeout = timedelta(seconds=3)
    facts["account"] = Account(  # type: ignore[assignment]
        "localhost", dovecot.ports.imaps, "implicit", dovecot.ca_file, user, PASSWORD, "Support", timeout
    )
    async with watching(db, dovecot, user, **facts):
        dovecot.append(user, letter("ana@customer.test").data, "Support")
        await until(db, holds(1))
        with dovecot.session(user) as client:
            client.rename("Support", "Old")
        await until(db, lambda session: "mailbox_folder" in alarms(session))
        with dovecot.session(user) as client:
            client.rename("Old", "Support")
        dovecot.append(user, letter("ana@customer.test").data, "Support")
        await until(db, holds(2))
        await until(db, lambda session: alarms(session) == [])


async def test_a_copy_lies_in_dovecots_sent_folder_once(db: Database, dovecot: Dovecot, user: str) -> None:
    message = await db.run(sent_reply)

    def again(session: Session) -> None:
        session.get_one(Message, message).sent_copy = SentCopy.WANTED

    async with watching(db, dovecot, user, sent_copy="append"):
        for _ in range(2):
            await until(db, lambda session: session.get_one(Message, message).sent_copy is SentCopy.STORED)
            await db.run(again)
        await until(db, lambda session: session.get_one(Message, message).sent_copy is SentCopy.STORED)
    assert list(dovecot.mails(user, "Sent").values()) == [(await copy_of(db, message))[2]]


@pytest.mark.parametrize("after", ["keyword:Mailer", "move:Done"])
async def test_mails_are_marked_or_moved_after_they_are_safe(
    db: Database, dovecot: Dovecot, user: str, after: str
) -> None:
    with dovecot.session(user) as client:
        client.create("Done")
    async with watching(db, dovecot, user, after=after):
        deliver(dovecot, user, 2)
        await until(db, holds(2))
        assert await receive_stored(db, SystemClock(), frozenset())
        await until(db, lambda session: all(row.tidied_at for row in rows(session)))
    with dovecot.session(user) as client:
        _, found = client.search(None, "KEYWORD Mailer UNSEEN")
    counts = (len(found[0].split()), len(dovecot.mails(user, "Done")))
    assert counts == ((2, 0) if after.startswith("keyword") else (0, 2))


async def test_a_password_that_was_changed_is_an_alarm_in_the_end(
    db: Database, dovecot: Dovecot, user: str, pauses: list[tuple[Why, float | None]]
) -> None:
    async with watching(db, dovecot, user):
        dovecot.add_user(user, "another")
        _let_dovecot_see_it()
        dovecot.kill_imap(user)
        await until(db, lambda session: "mailbox_refused" in alarms(session))
    assert [seconds for reason, seconds in pauses if reason is Why.REFUSED] == [60, 240, 960, 3600, None]
