"""Is every mail of the server in the ledger? Compared each night, and at the first connect to read its history.

A mail that is missing is fetched: below the cursor nothing else would ever find it.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from mailer.clock import Clock
from mailer.db import Database
from mailer.inbound import cursor
from mailer.inbound.fetch import Fetcher, Keep
from mailer.inbound.folder import Folder, uids_from, uids_since
from mailer.inbound.imap import Connection
from mailer.model import Mailbox, RawMail

# So many in one go; between two goes new mail is looked for.
_PORTION = 200


@dataclass(frozen=True)
class Scope:
    """Which mails of the folder are ours to have: those from here on, and all that were numbered since we came."""

    since: datetime | None
    from_uid: int
    wanted: bool


def ask_all(session: Session, *, now: datetime) -> None:
    """Ask the owner of each mailbox to compare; for the timetable."""
    session.exec(update(Mailbox).values(reconcile_wanted_at=now))


def scope(session: Session, mailbox_id: int) -> Scope:
    """What is to be compared, and whether that is wanted now."""
    mailbox = session.get_one(Mailbox, mailbox_id)
    first = mailbox.history_since is not None and mailbox.history_read_at is None
    return Scope(
        since=mailbox.history_since or mailbox.history_until,
        from_uid=mailbox.window_from_uid,
        wanted=first or mailbox.reconcile_wanted_at is not None,
    )


def held(session: Session, mailbox_id: int, folder: Folder) -> set[int]:
    """The UIDs whose bytes we have."""
    here = select(RawMail.uid).where(RawMail.mailbox_id == mailbox_id, RawMail.uidvalidity == folder.uidvalidity)
    return set(session.exec(here.where(col(RawMail.sha256).is_not(None))))


def note(session: Session, mailbox_id: int, *, server: int, ours: int, fetched: int, now: datetime) -> None:
    """Keep the figures for `mailer status`."""
    mailbox = session.get_one(Mailbox, mailbox_id)
    mailbox.reconciled_at = now
    mailbox.reconciled_server, mailbox.reconciled_ours, mailbox.reconciled_fetched = server, ours, fetched
    mailbox.reconcile_wanted_at = None
    # What the first connect reads is history, and nothing that was missing.
    if mailbox.history_since is not None and mailbox.history_read_at is None:
        mailbox.history_read_at, mailbox.reconciled_fetched = now, 0


class Reconciler:
    """Compares one folder with the ledger, portion by portion."""

    def __init__(self, db: Database, clock: Clock, connection: Connection, mailbox_id: int, fetcher: Fetcher) -> None:
        self._db = db
        self._clock = clock
        self._connection = connection
        self._mailbox_id = mailbox_id
        self._fetcher = fetcher
        self._fetched = 0
        # By UIDVALIDITY, the UIDs of mails that are too old to be ours.
        self._beyond: dict[int, set[int]] = {}

    async def proceed(self, folder: Folder, keep: Keep) -> bool:
        """Fetch a portion of what is missing; False when nothing is, and the figures are noted."""
        asked = await self._db.read(scope, self._mailbox_id)
        # Where numbers die with the session, mails are compared by content after each sign-in.
        if not asked.wanted or not folder.sticky:
            return False
        there = await self._in_scope(folder, asked)
        missing = await self._db.read(cursor.unknown, self._mailbox_id, folder, there)
        if fresh := await self._without_old(folder, asked, missing[-_PORTION:]):
            await self._fetcher.take(folder, fresh, keep)
            self._fetched += len(fresh)
        if missing:
            # Whatever the fetch left over is too old, by the bytes of the first connect's last second.
            left = await self._db.read(cursor.unknown, self._mailbox_id, folder, missing[-_PORTION:])
            self._fetched -= len(set(left) & set(fresh))
            self._beyond.setdefault(folder.uidvalidity, set()).update(left)
            return True
        ours = len(set(there) & await self._db.read(held, self._mailbox_id, folder))
        figures = {"server": len(there), "ours": ours, "fetched": self._fetched}
        await self._db.run(note, self._mailbox_id, **figures, now=self._clock.now())
        self._fetched, self._beyond = 0, {}
        return False

    async def _in_scope(self, folder: Folder, asked: Scope) -> list[int]:
        first = asked.from_uid if asked.since else 1
        there = set(await self._connection.run(uids_from, folder, first))
        if asked.since:
            there |= set(await self._connection.run(uids_since, folder, asked.since))
        return sorted(there - self._beyond.get(folder.uidvalidity, set()))

    async def _without_old(self, folder: Folder, asked: Scope, uids: list[int]) -> list[int]:
        """SINCE counts whole days; the moment decides."""
        if asked.since is None or not uids:
            return uids
        since = asked.since
        listed = await self._fetcher.listed(folder, uids)
        return [mail.uid for mail in listed if mail.uid >= asked.from_uid or mail.internal_date >= since]
