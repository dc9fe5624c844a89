"""One owner per mailbox, bytes and cursor in one transaction, and nothing old or twice after a renumbering."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from mailer.db import Database
from mailer.errors import Conflict
from mailer.inbound import cursor
from mailer.inbound.folder import Fetched, Folder
from mailer.model import Blob, Mailbox, RawMail

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
LEASE = timedelta(seconds=60)
SECOND = timedelta(seconds=1)
ME = "me"


def fetched(uid: int, text: str = "", at: datetime = NOW) -> Fetched:
    return Fetched(uid, at, (text or f"mail {uid}").encode())


@pytest.fixture
def box(session: Session) -> int:
    """A mailbox that we own."""
    mailbox = cursor.register(session, "support", "main")
    assert cursor.claim(session, mailbox, owner=ME, lease=LEASE, now=NOW)
    return mailbox


def connected(session: Session, box: int, *history: Fetched) -> Folder:
    """The first connect to a folder in which this lay."""
    folder = Folder(uidvalidity=7, uidnext=len(history) + 1)
    last = max((mail.internal_date for mail in history), default=NOW)
    cursor.begin(session, box, folder, [m for m in history if m.internal_date == last], owner=ME, now=NOW)
    return folder


def store(session: Session, box: int, folder: Folder, *mails: Fetched, next_uid: int) -> int:
    return cursor.store(session, box, folder, mails, owner=ME, next_uid=next_uid, now=NOW)


def rows(session: Session) -> list[tuple[int, int]]:
    found = session.exec(select(RawMail.uidvalidity, RawMail.uid).order_by(col(RawMail.uid)))
    return [(uidvalidity, uid) for uidvalidity, uid in found]


def next_uid(session: Session, box: int) -> int:
    return session.get_one(Mailbox, box).next_uid


def test_a_mailbox_is_made_once_and_takes_a_changed_storefront(session: Session) -> None:
    first = cursor.register(session, "support", "main")
    assert cursor.register(session, "support", "nordic") == first
    assert session.exec(select(Mailbox.storefront)).one() == "nordic"


def test_a_lease_keeps_others_out_until_it_is_over_or_given_back(session: Session, box: int) -> None:
    assert not cursor.claim(session, box, owner="other", lease=LEASE, now=NOW + LEASE)
    assert cursor.claim(session, box, owner=ME, lease=LEASE, now=NOW + LEASE)
    assert not cursor.claim(session, box, owner="other", lease=LEASE, now=NOW + LEASE + SECOND)
    assert cursor.claim(session, box, owner="other", lease=LEASE, now=NOW + 2 * LEASE + SECOND)
    cursor.release(session, ME)
    assert not cursor.claim(session, box, owner=ME, lease=LEASE, now=NOW + 2 * LEASE + SECOND)
    cursor.release(session, "other")
    assert cursor.claim(session, box, owner=ME, lease=LEASE, now=NOW)
    cursor.release_all(session)
    assert cursor.claim(session, box, owner="other", lease=LEASE, now=NOW)


async def test_of_many_workers_one_gets_the_mailbox(db: Database) -> None:
    box = await db.run(cursor.register, "support", "main")
    claims = (db.run(cursor.claim, box, owner=f"worker {n}", lease=LEASE, now=NOW) for n in range(6))
    assert sorted(await asyncio.gather(*claims)) == [False] * 5 + [True]


def test_who_lost_the_mailbox_stores_nothing(session: Session, box: int) -> None:
    folder = connected(session, box)
    assert cursor.claim(session, box, owner="other", lease=LEASE, now=NOW + LEASE + SECOND)
    with pytest.raises(Conflict, match="another worker"):
        store(session, box, folder, fetched(1), next_uid=2)
    with pytest.raises(Conflict):
        cursor.rebind(session, box, folder, [fetched(1)], owner=ME, now=NOW)
    with pytest.raises(Conflict):
        cursor.settle_renumbering(session, box, folder, owner=ME)
    assert rows(session) == []


def test_what_lay_there_at_the_first_connect_is_history(session: Session, box: int) -> None:
    assert cursor.compare(session, box, Folder(7, 4)).first_connect
    folder = connected(session, box, fetched(1), fetched(2), fetched(3))
    standing = cursor.compare(session, box, folder)
    assert (standing.first_connect, standing.renumbered, standing.next_uid) == (False, False, 4)
    assert rows(session) == []


def test_bytes_are_kept_and_the_cursor_moves(session: Session, box: int) -> None:
    folder = connected(session, box)
    assert store(session, box, folder, fetched(1), fetched(5), next_uid=6) == 2
    assert rows(session) == [(7, 1), (7, 5)]
    assert next_uid(session, box) == 6
    assert {blob.unpack() for blob in session.exec(select(Blob))} == {b"mail 1", b"mail 5"}


def test_the_same_mails_again_are_not_new_and_the_cursor_never_goes_back(session: Session, box: int) -> None:
    folder = connected(session, box)
    store(session, box, folder, fetched(1), fetched(5), next_uid=6)
    assert store(session, box, folder, fetched(1), fetched(2), next_uid=3) == 1
    assert rows(session) == [(7, 1), (7, 2), (7, 5)]
    assert next_uid(session, box) == 6


def test_two_mails_of_the_same_bytes_share_them_and_are_two(session: Session, box: int) -> None:
    folder = connected(session, box)
    assert store(session, box, folder, fetched(1, "same"), fetched(2, "same"), next_uid=3) == 2
    assert len(session.exec(select(Blob.sha256)).all()) == 1


async def test_a_crash_while_storing_leaves_bytes_and_cursor_as_they_were(db: Database) -> None:
    def first(session: Session) -> int:
        box = cursor.register(session, "support", "main")
        cursor.claim(session, box, owner=ME, lease=LEASE, now=NOW)
        connected(session, box)
        return box

    def crash(session: Session) -> None:
        store(session, box, Folder(7, 1), fetched(1), next_uid=2)
        raise RuntimeError("killed")

    box = await db.run(first)
    with pytest.raises(RuntimeError):
        await db.run(crash)
    assert await db.read(rows) == []
    assert await db.read(next_uid, box) == 1


def test_a_renumbered_folder_brings_only_what_is_new(session: Session, box: int) -> None:
    """History before us, history of the very second of our connect, mails that we have, and one that is new."""
    old, edge = fetched(1, "old", NOW - timedelta(days=1)), fetched(2, "edge", NOW)
    connected(session, box, old, edge)
    known = fetched(3, "known", NOW + SECOND)
    store(session, box, Folder(7, 4), known, next_uid=4)
    after = Folder(uidvalidity=8, uidnext=6)
    assert cursor.compare(session, box, after).renumbered
    there = [
        fetched(1, "edge", NOW),
        fetched(2, "known", NOW + SECOND),
        fetched(3, "old", NOW - timedelta(days=1)),
        fetched(4, "new in that second", NOW),
        fetched(5, "new", NOW + 2 * SECOND),
    ]
    for _ in range(2):  # a crash before the end begins the comparison anew
        cursor.rebind(session, box, after, there, owner=ME, now=NOW)
        assert rows(session) == [(8, 2), (8, 4), (8, 5)]
    cursor.settle_renumbering(session, box, after, owner=ME)
    assert not cursor.compare(session, box, after).renumbered
    assert next_uid(session, box) == 6


def test_identical_copies_stay_as_many_as_they_were_after_a_renumbering(session: Session, box: int) -> None:
    folder = connected(session, box)
    copies = [fetched(uid, "same", NOW + SECOND) for uid in (1, 2)]
    store(session, box, folder, *copies, next_uid=3)
    three = [fetched(uid, "same", NOW + SECOND) for uid in (5, 6, 7)]
    assert cursor.rebind(session, box, Folder(8, 8), three, owner=ME, now=NOW) == 1
    assert rows(session) == [(8, 5), (8, 6), (8, 7)]


def test_trouble_is_shown_until_the_server_answers_again(session: Session, box: int) -> None:
    cursor.note_trouble(session, box, "IMAP: timed out", now=NOW)
    session.flush()
    session.expire_all()
    assert session.get_one(Mailbox, box).last_error == "IMAP: timed out"
    cursor.note_poll(session, box, now=NOW + SECOND)
    session.flush()
    session.expire_all()
    mailbox = session.get_one(Mailbox, box)
    assert (mailbox.last_error, mailbox.last_poll_at) == (None, NOW + SECOND)
