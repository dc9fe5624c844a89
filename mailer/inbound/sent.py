"""The folder of sent mail: put a copy there where the provider keeps none, and look which of our mails lie there.

A Message-ID seen there is a Sighting: proof that the mail left. Trouble with this folder never stops the intake.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, update
from sqlmodel import Session, col, select

from mailer.clock import Clock
from mailer.db import Database, insert_once
from mailer.inbound.folder import append_once, message_ids, special_folder, standing_of
from mailer.inbound.headers import identifiers
from mailer.inbound.imap import Connection, MailboxTrouble
from mailer.inbound.patience import Why
from mailer.model import (
    Blob,
    Delivery,
    DeliveryState,
    Mailbox,
    Message,
    SentCopy,
    Sighting,
    raise_alarm,
    settle_alarm,
)

log = structlog.get_logger()

_LOOK_EVERY = timedelta(minutes=1)
_AGAIN_AFTER = timedelta(minutes=10)
# What lay there before we first looked is of no interest but for mails whose fate is open.
_FIRST_LOOK = timedelta(days=2)
_LEFT = (DeliveryState.SENT, DeliveryState.BOUNCED, DeliveryState.COMPLAINED)


@dataclass(frozen=True)
class Copy:
    """A mail that went out and is to lie among the sent ones."""

    message_id: int
    internet_message_id: str
    raw: bytes


def wanted_copies(session: Session, mailbox_id: int) -> list[Copy]:
    """The sent mails of this mailbox's storefront of which somebody wants a copy."""
    mailbox = session.get_one(Mailbox, mailbox_id)
    first = select(func.min(col(Mailbox.id))).where(Mailbox.storefront == mailbox.storefront)
    # Of several mailboxes of one storefront, one keeps the copies.
    if session.exec(first).one() != mailbox_id:
        return []
    left = select(Delivery.id).where(Delivery.message_id == Message.id, col(Delivery.state).in_(_LEFT))
    rows = session.exec(
        select(Message, Blob)
        .join(Blob, col(Blob.sha256) == Message.sha256)
        .where(Message.sent_copy == SentCopy.WANTED, Message.storefront == mailbox.storefront, left.exists())
        .order_by(col(Message.id))
        .limit(20)
    )
    return [Copy(message.id or 0, message.internet_message_id, blob.unpack()) for message, blob in rows]


def note_copy(session: Session, mailbox_id: int, copy: Copy, *, now: datetime) -> None:
    """The copy lies there."""
    session.exec(update(Message).where(col(Message.id) == copy.message_id).values(sent_copy=SentCopy.STORED))
    note_seen(session, mailbox_id, [copy.internet_message_id], now=now)


def note_seen(session: Session, mailbox_id: int, ids: Sequence[str], *, now: datetime) -> None:
    """These Message-IDs lie among the sent mails."""
    for one in ids:
        place = f"sent {mailbox_id}"
        insert_once(session, Sighting(internet_message_id=one, place=place, seen_at=now))


def seen_up_to(session: Session, mailbox_id: int) -> tuple[str, int | None, int]:
    """Which folder we looked into last, its UIDVALIDITY, and the first UID that we have not seen."""
    mailbox = session.get_one(Mailbox, mailbox_id)
    return mailbox.sent_folder, mailbox.sent_uidvalidity, mailbox.sent_next_uid


def note_look(
    session: Session, mailbox_id: int, folder: str, uidvalidity: int, uidnext: int, ids: Sequence[str], *, now: datetime
) -> None:
    """We have seen all of that folder up to here."""
    note_seen(session, mailbox_id, ids, now=now)
    mailbox = session.get_one(Mailbox, mailbox_id)
    mailbox.sent_folder, mailbox.sent_uidvalidity, mailbox.sent_next_uid = folder, uidvalidity, uidnext


def note_sent_trouble(session: Session, mailbox_id: int, words: str | None, *, now: datetime) -> None:
    """The folder of sent mail could not be used, or (None) can be again."""
    name = session.get_one(Mailbox, mailbox_id).name
    if words is None:
        settle_alarm(session, "sent_folder", name, now)
    else:
        raise_alarm(session, "sent_folder", name, f"copies of sent mail: {words}", now)


class SentFolder:
    """Tends one account's folder of sent mail over the connection of its inbox."""

    def __init__(
        self, db: Database, clock: Clock, connection: Connection, mailbox_id: int, sent: str, sent_copy: str
    ) -> None:
        self._db = db
        self._clock = clock
        self._connection = connection
        self._mailbox_id = mailbox_id
        self._watched = sent
        self._copies = sent_copy
        self._due_at: datetime | None = None
        self._troubled = True

    async def tend(self) -> None:
        """Store the copies that are wanted, and once a minute look what is new there."""
        now = self._clock.now()
        if self._due_at is not None and now < self._due_at - _LOOK_EVERY:
            return
        try:
            await self._store_copies(now)
            if self._due_at is None or now >= self._due_at:
                await self._look(now)
                self._due_at = now + _LOOK_EVERY
        except MailboxTrouble as trouble:
            if trouble.reason not in (Why.ORDINARY, Why.FOLDER):
                raise
            self._due_at = now + _AGAIN_AFTER + _LOOK_EVERY
            self._troubled = True
            await self._db.run(note_sent_trouble, self._mailbox_id, str(trouble), now=now)
        else:
            if self._troubled:
                await self._db.run(note_sent_trouble, self._mailbox_id, None, now=now)
            self._troubled = False

    async def _store_copies(self, now: datetime) -> None:
        if self._copies == "none":
            return
        for copy in await self._db.read(wanted_copies, self._mailbox_id):
            folder = await self._folder(self._copies.partition(":")[2])
            if not folder:
                raise MailboxTrouble("the server names no folder of sent mail; write append:FOLDER", Why.ORDINARY)
            await self._connection.run(append_once, folder, copy.internet_message_id, copy.raw)
            await self._db.run(note_copy, self._mailbox_id, copy, now=now)
            log.info("sent_copy_stored", message=copy.message_id)

    async def _look(self, now: datetime) -> None:
        if self._watched == "none":
            return
        folder = await self._folder("" if self._watched == "auto" else self._watched)
        if not folder:
            return
        uidvalidity, uidnext = await self._connection.run(standing_of, folder)
        known = await self._db.read(seen_up_to, self._mailbox_id)
        if (folder, uidvalidity, uidnext) == known:
            return
        first = known[2] if (folder, uidvalidity) == known[:2] else 0
        headers = await self._connection.run(message_ids, folder, first, now - _FIRST_LOOK)
        ids = [one for header in headers for one in identifiers(header.decode("latin-1"))]
        await self._db.run(note_look, self._mailbox_id, folder, uidvalidity, uidnext, ids, now=now)

    async def _folder(self, named: str) -> str:
        return named or await self._connection.run(special_folder, "\\Sent")
