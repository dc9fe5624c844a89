"""What an operator wants to see in the mailbox itself: a keyword on mails that are safe, or the mails moved away.

Only after the commit that made them messages, and never our own memory of what we have (FAILURES, A6).
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from mailer.clock import Clock
from mailer.db import Database
from mailer.inbound.folder import Folder, mark, move
from mailer.inbound.imap import Connection, MailboxTrouble
from mailer.inbound.patience import Why
from mailer.model import Mailbox, RawMail, RawMailState, raise_alarm, settle_alarm


def safe(session: Session, mailbox_id: int, folder: Folder) -> list[int]:
    """The UIDs of received mails that nobody has tidied; what lay there before the first connect stays as it is."""
    here = select(RawMail.uid).where(RawMail.mailbox_id == mailbox_id, RawMail.uidvalidity == folder.uidvalidity)
    waiting = here.where(RawMail.state == RawMailState.RECEIVED, col(RawMail.tidied_at).is_(None))
    # A large mail stays where the rest of it can be fetched.
    ours = waiting.where(~col(RawMail.history), ~col(RawMail.partial))
    return list(session.exec(ours.order_by(col(RawMail.uid)).limit(100)))


def note_tidied(session: Session, mailbox_id: int, folder: Folder, uids: Sequence[int], *, now: datetime) -> None:
    """It is done for these."""
    there = (col(RawMail.mailbox_id) == mailbox_id) & (col(RawMail.uidvalidity) == folder.uidvalidity)
    session.exec(update(RawMail).where(there, col(RawMail.uid).in_(uids)).values(tidied_at=now))
    settle_alarm(session, "mailbox_tidy", session.get_one(Mailbox, mailbox_id).name, now)


def note_untidy(session: Session, mailbox_id: int, words: str, *, now: datetime) -> None:
    """The server does not let us."""
    raise_alarm(session, "mailbox_tidy", session.get_one(Mailbox, mailbox_id).name, words, now)


class Tidier:
    """Does in one folder what `after` says."""

    def __init__(
        self, db: Database, clock: Clock, connection: Connection, mailbox_id: int, name: str, after: str
    ) -> None:
        self._db = db
        self._clock = clock
        self._connection = connection
        self._mailbox_id = mailbox_id
        self._name = name
        self._way, _, self._target = after.partition(":")

    async def tidy(self, folder: Folder) -> None:
        """Mark or move what is safe."""
        if self._way == "none" or not folder.sticky:
            return
        uids = await self._db.read(safe, self._mailbox_id, folder)
        if not uids:
            return
        now = self._clock.now()
        try:
            await self._connection.run(mark if self._way == "keyword" else move, self._name, uids, self._target)
        except MailboxTrouble as trouble:
            if trouble.reason is not Why.ORDINARY:
                raise
            await self._db.run(note_untidy, self._mailbox_id, str(trouble), now=now)
            return
        await self._db.run(note_tidied, self._mailbox_id, folder, uids, now=now)
