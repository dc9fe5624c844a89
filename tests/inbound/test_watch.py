"""A watcher on a server that has bad days: no mail is lost, none comes twice, and none stops the others."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.errors import Conflict
from mailer.inbound import quarantine, reconcile, watch
from mailer.inbound.imap import Account
from mailer.inbound.patience import Why
from mailer.inbound.receive import receive_stored
from mailer.inbound.watch import Watch, Watcher
from mailer.model import (
    Blob,
    Conversation,
    ConversationState,
    Mailbox,
    Message,
    MessageState,
    RawMail,
    RawMailState,
    open_alarms,
)
from tests import build
from tests.inbound.scripted import Fault, Letter, ScriptedImap, imap_server

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
NO_HISTORY = timedelta()


def mail(number: int, size: int = 0, **headers: str) -> bytes:
    raw = build.mail_bytes(f"mail {number}", Message_ID=f"<{number}@customer.test>", **headers)
    return raw + b"x" * max(0, size - len(raw))


@pytest.fixture
def db(tmp_path: Path, sqlite_template: Path) -> Iterator[Database]:
    shutil.copy(sqlite_template, tmp_path / "mailer.db")
    database = Database(f"sqlite:///{tmp_path}/mailer.db")
    yield database
    database.close()


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOW)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Why, float | None]]:
    """What the watcher would have waited; it waits milliseconds."""
    asked: list[tuple[Why, float | None]] = []
    shipped = watch.pause

    def hasty(reason: Why, failures: int) -> float | None:
        asked.append((reason, shipped(reason, failures)))
        return None if asked[-1][1] is None else 0.01

    monkeypatch.setattr(watch, "pause", hasty)
    return asked


def watched(server: ScriptedImap, **facts: Any) -> Watch:
    account = Account("127.0.0.1", server.port, "none", None, "care", "secret", "INBOX", timedelta(seconds=2), 100_000)
    given = {"history": NO_HISTORY, "sent": "none", **facts}
    account = replace(account, **{key: given.pop(key) for key in ("largest", "grant", "folder") if key in given})
    return Watch("support", "main", account, timedelta(milliseconds=30), **given)


@asynccontextmanager
async def watching(
    db: Database, clock: FrozenClock, server: ScriptedImap, owner: str = "me", **facts: Any
) -> AsyncIterator[Watcher]:
    """A watcher at work until the end of the block."""
    watcher = Watcher(db, clock, watched(server, **facts), owner=owner, arrived=lambda: None)
    stop = asyncio.Event()
    task = asyncio.create_task(watcher.run(stop))
    try:
        yield watcher
    finally:
        stop.set()
        await asyncio.wait_for(task, 30)


async def until(db: Database, question: Callable[[Session], Any], what: str = "it happens") -> Any:
    async with asyncio.timeout(30):
        while not (answer := await db.read(question)):
            await asyncio.sleep(0.02)
    return answer


def box(session: Session) -> Mailbox | None:
    return session.exec(select(Mailbox)).first()


async def polled(db: Database, clock: FrozenClock) -> None:
    """Wait for a whole round that begins now."""
    clock.current += timedelta(seconds=1)
    since = clock.current
    await until(db, lambda session: (it := box(session)) and it.last_poll_at and it.last_poll_at >= since)
    clock.current += timedelta(seconds=1)
    since = clock.current
    await until(db, lambda session: (it := box(session)) and it.last_poll_at and it.last_poll_at >= since)


def stored(session: Session) -> list[bytes]:
    rows = session.exec(select(Blob).join(RawMail, col(RawMail.sha256) == Blob.sha256).order_by(col(RawMail.uid)))
    return [blob.unpack() for blob in rows]


def rows(session: Session) -> list[RawMail]:
    return list(session.exec(select(RawMail).order_by(col(RawMail.uid), col(RawMail.id))))


def alarms(session: Session) -> list[str]:
    return [alarm.kind for alarm in open_alarms(session)]


def holds(count: int) -> Callable[[Session], bool]:
    return lambda session: len(stored(session)) >= count


@pytest.mark.parametrize("fault", [Fault.NO, Fault.EOF, Fault.LIE, Fault.NIL, Fault.MISSING, Fault.HUGE])
async def test_one_poison_mail_stops_no_other_and_comes_when_the_server_gives_it_up(
    db: Database, clock: FrozenClock, pauses: list[Any], fault: Fault
) -> None:
    async with imap_server() as server, watching(db, clock, server):
        await polled(db, clock)
        for number in range(1, 21):
            server.put(mail(number))
        server.faults[7] = fault
        await until(db, lambda session: any(row.state == RawMailState.QUARANTINED for row in rows(session)))
        server.put(mail(21))
        await until(db, holds(20))
        (poison,) = [row for row in await db.read(rows) if row.state == RawMailState.QUARANTINED]
        assert (poison.uid, poison.sha256, poison.tries) == (7, None, 1)
        assert poison.error
        server.faults.clear()
        await polled(db, clock)
        assert len(await db.read(stored)) == 20
        await db.run(quarantine.retry, poison.id or 0, now=clock.now())
        await until(db, holds(21))
    assert await db.read(stored) == [mail(number) for number in range(1, 22)]
    assert {row.state for row in await db.read(rows)} == {RawMailState.STORED}


async def test_a_poison_mail_is_asked_for_again_by_itself_and_is_gone_when_it_is_gone(
    db: Database, clock: FrozenClock, pauses: list[Any]
) -> None:
    async with imap_server() as server, watching(db, clock, server):
        await polled(db, clock)
        server.put(mail(1))
        server.put(mail(2))
        server.faults |= {1: Fault.NO, 2: Fault.NO}
        await until(db, lambda session: len(rows(session)) == 2)
        server.faults.clear()
        server.letters.pop(0)
        clock.current += timedelta(minutes=2)
        await until(db, holds(1))
        await polled(db, clock)
    assert [(row.uid, row.state) for row in await db.read(rows)] == [(1, RawMailState.GONE), (2, RawMailState.STORED)]


async def test_a_mail_that_came_shorter_than_announced_is_fetched_again(
    db: Database, clock: FrozenClock, pauses: list[Any]
) -> None:
    async with imap_server() as server, watching(db, clock, server):
        await polled(db, clock)
        server.faults[1] = Fault.SHORT
        server.put(mail(1))
        await until(db, holds(1))
    assert await db.read(stored) == [mail(1)]


async def test_a_server_that_announces_other_sizes_than_it_has_is_believed_in_the_end(
    db: Database, clock: FrozenClock
) -> None:
    async with imap_server() as server, watching(db, clock, server):
        await polled(db, clock)
        server.announce[1] = 99
        server.put(mail(1))
        await until(db, holds(1))
        await polled(db, clock)
    assert await db.read(stored) == [mail(1)]


async def test_a_uid_that_appears_below_others_is_not_missed(db: Database, clock: FrozenClock) -> None:
    async with imap_server() as server, watching(db, clock, server):
        await polled(db, clock)
        late = server.put(mail(9), uid=9)
        late.hidden = True
        server.put(mail(10), uid=10)
        await until(db, holds(1))
        await polled(db, clock)
        late.hidden = False
        await until(db, holds(2))
        await polled(db, clock)
    assert [row.uid for row in await db.read(rows)] == [9, 10]


async def test_new_numbers_under_the_old_uidvalidity_are_noticed(db: Database, clock: FrozenClock) -> None:
    """FAILURES A2: UIDs 1, 3, 4, 5 become 1 to 4, and the next mail gets UID 5."""
    async with imap_server() as server, watching(db, clock, server):
        await polled(db, clock)
        for uid in (1, 3, 4, 5):
            server.put(mail(uid), uid=uid, date=NOW + timedelta(minutes=uid))
        await until(db, holds(4))
        await polled(db, clock)
        for uid, letter in enumerate(server.letters, 1):
            letter.uid = uid
        server.put(mail(6), date=NOW + timedelta(minutes=6))
        await until(db, holds(5))
        await polled(db, clock)
        server.put(mail(7), date=NOW + timedelta(minutes=7))
        await until(db, holds(6))
    assert [row.uid for row in await db.read(rows)] == [1, 2, 3, 4, 5, 6]
    assert await db.read(stored) == [mail(number) for number in (1, 3, 4, 5, 6, 7)]


async def test_two_changes_of_uidvalidity_back_to_the_first_lose_nothing(db: Database, clock: FrozenClock) -> None:
    """A number of the first time names another mail the third time."""
    async with imap_server() as server, watching(db, clock, server):
        await polled(db, clock)
        for number in range(1, 5):
            server.put(mail(number))
        await until(db, holds(4))
        for uidvalidity in (8, 7):
            server.uidvalidity = uidvalidity
            server.letters.pop(0)
            server.letters.reverse()
            for uid, letter in enumerate(server.letters, 1):
                letter.uid = uid
            server.put(mail(uidvalidity * 10))
            await until(db, holds(4 + 9 - uidvalidity))
            await polled(db, clock)
    assert sorted(await db.read(stored)) == sorted(mail(number) for number in (1, 2, 3, 4, 80, 70))


@pytest.mark.parametrize("facts", [{"uidvalidity": None}, {"uidvalidity": 0}, {"sticky": False}])
async def test_a_server_without_lasting_numbers_is_read_by_content(
    db: Database, clock: FrozenClock, pauses: list[Any], facts: dict[str, Any]
) -> None:
    async with imap_server(**facts) as server:
        server.put(mail(1), date=NOW - DAY)
        async with watching(db, clock, server):
            await polled(db, clock)
            server.put(mail(2), date=NOW)
            await until(db, holds(1))
            for number in (3, 4):
                server.hang_up()
                server.letters.reverse()
                for uid, letter in enumerate(server.letters, 1):
                    letter.uid = uid
                server.put(mail(number), date=NOW)
                await until(db, holds(number - 1))
            server.put(mail(5), date=NOW)
            server.faults[5] = Fault.EOF
            await until(db, lambda session: len(rows(session)) == 4)
            server.put(mail(6), date=NOW)
            await until(db, holds(4))
    assert sorted(await db.read(stored)) == sorted(mail(number) for number in (2, 3, 4, 6))


async def test_a_large_mail_is_fetched_in_part_and_whole_when_asked_for(db: Database, clock: FrozenClock) -> None:
    large = build.mail_bytes("Where is it?" + "x" * 300_000, Message_ID="<large@customer.test>")
    async with imap_server() as server, watching(db, clock, server):
        await polled(db, clock)
        server.put(large)
        server.put(mail(2))
        await until(db, holds(2))
        assert not any("BODY.PEEK[] " in command and "FETCH 1 " in command for command in server.commands)
        assert await receive_stored(db, clock, frozenset())
        first = await db.read(lambda session: session.exec(select(Message).order_by(col(Message.id))).first())
        assert first is not None
        assert (first.partial, first.text[:12], len(first.text) < 70_000) == (True, "Where is it?", True)
        assert "0.3 MB" in first.defects[-1]
        await db.run(quarantine.want_whole, first.raw_mail_id or 0, now=clock.now())
        await until(db, lambda session: large in stored(session))
        with pytest.raises(Conflict):
            await db.run(quarantine.want_whole, first.raw_mail_id or 0, now=clock.now())
    row = (await db.read(rows))[0]
    message = await db.read(lambda session: session.get_one(Message, first.id))
    assert (row.partial, row.size, message.partial, message.sha256) == (False, len(large), False, row.sha256)


async def test_a_large_mail_is_known_again_after_a_renumbering(db: Database, clock: FrozenClock) -> None:
    async with imap_server() as server, watching(db, clock, server):
        await polled(db, clock)
        server.put(mail(1, 150_000))
        await until(db, holds(1))
        await db.run(quarantine.want_whole, (await db.read(rows))[0].id or 0, now=clock.now())
        await until(db, lambda session: not rows(session)[0].partial)
        server.uidvalidity = 8
        server.letters[0].uid = 5
        await until(db, lambda session: rows(session)[0].uidvalidity == 8)
        await polled(db, clock)
    assert [(row.uid, row.partial) for row in await db.read(rows)] == [(5, False)]


async def test_many_mails_are_searched_in_ranges(
    db: Database, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailer.inbound.folder._SEARCHED_AT_ONCE", 10)
    async with imap_server() as server, watching(db, clock, server):
        await polled(db, clock)
        for number in range(1, 46):
            server.put(mail(number), uid=number * 7)
        await until(db, holds(45))
    ranges = [command for command in server.commands if command.startswith("UID SEARCH 11:20 ")]
    assert ranges
    assert await db.read(stored) == [mail(number) for number in range(1, 46)]


async def test_what_lay_there_is_read_as_history_and_nothing_else(db: Database, clock: FrozenClock) -> None:
    async with imap_server() as server:
        server.put(mail(1), date=NOW - 200 * DAY)
        server.put(mail(2), date=NOW - 30 * DAY)
        server.put(mail(3, From="bo@customer.test"), date=NOW - DAY)
        async with watching(db, clock, server, history=90 * DAY):
            await until(db, lambda session: (it := box(session)) and it.history_read_at)
            server.put(mail(4, In_Reply_To="<2@customer.test>"), date=NOW)
            await until(db, holds(3))
            await db.run(reconcile.ask_all, now=clock.now())
            await polled(db, clock)
    while await receive_stored(db, clock, frozenset()):
        pass
    messages = await db.read(lambda session: list(session.exec(select(Message).order_by(col(Message.id)))))
    assert [(one.internet_message_id[1], one.history, one.state) for one in messages] == [
        ("2", True, MessageState.FILED),
        ("3", True, MessageState.FILED),
        ("4", False, MessageState.RECEIVED),
    ]
    talks = await db.read(lambda session: list(session.exec(select(Conversation).order_by(col(Conversation.id)))))
    assert [(one.state, one.reason) for one in talks] == [
        (ConversationState.NEEDS_ANSWER, ""),
        (ConversationState.CLOSED, "history"),
    ]
    mailbox = await db.read(box)
    assert mailbox is not None
    assert (mailbox.reconciled_server, mailbox.reconciled_ours, mailbox.reconciled_fetched) == (3, 3, 0)


async def test_a_history_of_nothing_leaves_all_as_it_was(db: Database, clock: FrozenClock) -> None:
    async with imap_server() as server:
        for number in (1, 2):
            server.put(mail(number), date=NOW - DAY)
        async with watching(db, clock, server):
            await polled(db, clock)
            await db.run(reconcile.ask_all, now=clock.now())
            await until(db, lambda session: (it := box(session)) and it.reconciled_at)
            server.put(mail(3), date=NOW)
            await until(db, holds(1))
    assert await db.read(stored) == [mail(3)]


async def test_what_is_missing_is_found_at_night_and_fetched(
    db: Database, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_LOOK_BACK_EVERY", 10**9)
    async with imap_server() as server, watching(db, clock, server):
        await polled(db, clock)
        for number in range(1, 6):
            server.put(mail(number))
        await until(db, holds(5))
        await polled(db, clock)

        def lose(session: Session) -> None:
            session.delete(rows(session)[2])

        await db.run(lose)
        await db.run(reconcile.ask_all, now=clock.now())
        await until(db, lambda session: (it := box(session)) and it.reconciled_at)
    mailbox = await db.read(box)
    assert mailbox is not None
    assert (mailbox.reconciled_server, mailbox.reconciled_ours, mailbox.reconciled_fetched) == (5, 5, 1)
    assert await db.read(stored) == [mail(number) for number in range(1, 6)]


async def test_a_refused_password_is_tried_five_times_and_no_more(
    db: Database, clock: FrozenClock, pauses: list[tuple[Why, float | None]]
) -> None:
    async with imap_server(logins=["NO [AUTHENTICATIONFAILED] Invalid credentials"] * 9) as server:
        async with watching(db, clock, server):
            await until(db, lambda session: "mailbox_refused" in alarms(session))
            await asyncio.sleep(0.2)
        assert len(server.passwords) == 5
        assert [seconds for _, seconds in pauses] == [60, 240, 960, 3600, None]
        # A new start is a person's act: one more try, no more.
        async with watching(db, clock, server):
            await asyncio.sleep(0.3)
        assert len(server.passwords) == 6
        server.logins.clear()
        async with watching(db, clock, server):
            await polled(db, clock)
    assert await db.read(alarms) == []


async def test_a_line_that_breaks_during_the_login_is_no_refusal(
    db: Database, clock: FrozenClock, pauses: list[tuple[Why, float | None]]
) -> None:
    async with imap_server(logins=["* BYE out of order"] * 7) as server, watching(db, clock, server):
        await polled(db, clock)
    assert {reason for reason, _ in pauses} == {Why.ORDINARY}


async def test_a_provider_that_finds_us_too_busy_is_left_in_peace(
    db: Database, clock: FrozenClock, pauses: list[tuple[Why, float | None]]
) -> None:
    words = ["NO [ALERT] Too many simultaneous connections. (Failure)"]
    selects = ["OK", "NO System Error (Failure)"]
    async with imap_server(logins=words, selects=selects) as server, watching(db, clock, server):
        await until(db, lambda session: len(pauses) >= 2)
        await polled(db, clock)
    assert [(reason, seconds) for reason, seconds in pauses] == [(Why.BUSY, 900), (Why.BUSY, 900)]
    assert await db.read(alarms) == []


async def test_a_folder_that_is_gone_is_told_and_nothing_moves_on(
    db: Database, clock: FrozenClock, pauses: list[tuple[Why, float | None]]
) -> None:
    async with imap_server() as server, watching(db, clock, server):
        await polled(db, clock)
        server.put(mail(1))
        await until(db, holds(1))
        await polled(db, clock)
        server.folder = "Archive"
        await until(db, lambda session: "mailbox_folder" in alarms(session))
        mailbox = await db.read(box)
        assert mailbox is not None
        assert 'no folder "INBOX"' in (mailbox.last_error or "")
        assert mailbox.next_uid == 2
        assert len(server.passwords) == 1
        server.folder = "INBOX"
        server.put(mail(2))
        await until(db, holds(2))
        await polled(db, clock)
    assert await db.read(alarms) == []


async def test_a_server_that_only_says_that_it_is_alive_is_left_by_the_watchdog(
    db: Database, clock: FrozenClock, pauses: list[tuple[Why, float | None]]
) -> None:
    async with imap_server() as server, watching(db, clock, server, watchdog=timedelta(seconds=0.6)):
        await polled(db, clock)
        server.put(mail(1))
        server.drip = True
        await until(db, lambda session: "mailbox_unreachable" in alarms(session))
        server.drip = False
        await until(db, holds(1))
        await polled(db, clock)
    assert await db.read(alarms) == []
    assert await db.read(stored) == [mail(1)]


async def test_two_mails_with_one_message_id_and_two_copies_of_one_mail_are_all_kept(
    db: Database, clock: FrozenClock
) -> None:
    same = {"Message_ID": "<same@dhl.test>"}
    mails = [build.mail_bytes("one", **same), build.mail_bytes("two", **same), build.mail_bytes("two", **same)]
    async with imap_server() as server, watching(db, clock, server):
        await polled(db, clock)
        for raw in mails:
            server.put(raw)
        await until(db, holds(3))
    while await receive_stored(db, clock, frozenset()):
        pass
    texts = await db.read(lambda session: sorted(session.exec(select(Message.text)).all()))
    assert texts == ["one", "two", "two"]


async def test_two_watchers_of_one_mailbox_keep_each_mail_once(
    db: Database, clock: FrozenClock, pauses: list[Any]
) -> None:
    async with imap_server() as server, watching(db, clock, server), watching(db, clock, server, owner="other"):
        await polled(db, clock)
        for number in range(1, 101):
            server.put(mail(number))
            if number % 20 == 0:
                clock.current += timedelta(minutes=5)
                await asyncio.sleep(0.05)
        await until(db, holds(100))
    assert await db.read(stored) == [mail(number) for number in range(1, 101)]


@pytest.mark.parametrize("after", ["keyword:Mailer", "move:Done"])
async def test_mails_that_are_safe_are_marked_or_moved_and_history_is_not(
    db: Database, clock: FrozenClock, after: str
) -> None:
    async with imap_server() as server:
        server.put(mail(1), date=NOW - DAY)
        async with watching(db, clock, server, history=90 * DAY, after=after):
            await until(db, holds(1))
            server.put(mail(2))
            await until(db, holds(2))
            await polled(db, clock)
            assert not any(letter.flags for letter in server.letters)
            while await receive_stored(db, clock, frozenset()):
                pass
            await until(db, lambda session: rows(session)[1].tidied_at)
            await polled(db, clock)
        left: dict[int, Letter] = {letter.uid: letter for letter in server.letters}
        assert "\\Seen" not in {flag for letter in left.values() for flag in letter.flags}
        if after.startswith("move"):
            assert list(left) == [1]
        else:
            assert (left[1].flags, left[2].flags) == (set(), {"Mailer"})
    assert len(await db.read(stored)) == 2
