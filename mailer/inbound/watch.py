"""One owner per mailbox: fetch what is new, sleep in IDLE, again; on any trouble connect anew.

IDLE lasts 25 s and a read 15 s at most, so a connection that died silently is found, and new mail is in, within a
minute of the server answering again.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog

from mailer.clock import Clock
from mailer.db import Database
from mailer.errors import Conflict, Trouble
from mailer.inbound import cursor
from mailer.inbound.imap import (
    Account,
    Connection,
    Fetched,
    Folder,
    batches,
    bodies,
    newest,
    open_folder,
    uids_from,
    uids_since,
)

log = structlog.get_logger()

_SLOWEST_RETRY = 15.0
_LOGIN_RETRY = 60.0
# What a round under way may still take when the process is to end; every moment of it is safe to lose.
_LAST_WORDS = 2.0


class Watcher:
    """Watches one mailbox until told to stop."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        name: str,
        storefront: str,
        account: Account,
        *,
        owner: str,
        idle: timedelta,
        arrived: Callable[[], None],
    ) -> None:
        self._db = db
        self._clock = clock
        self._name = name
        self._storefront = storefront
        self._folder = account.folder
        self._connection = Connection(account)
        self._owner = owner
        self._idle = idle
        # Longer than an IDLE and two reads together, as the lease is renewed between them.
        self._lease = idle + 2 * account.read_timeout + timedelta(seconds=5)
        self._arrived = arrived
        self._mailbox_id = 0
        self._failures = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Watch until `stop` is set; a server that is silent then is not waited for."""
        watching = asyncio.create_task(self._keep_watching(stop))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({watching, stopping}, return_when=asyncio.FIRST_COMPLETED)
        self._connection.wake()
        _, unfinished = await asyncio.wait({watching}, timeout=_LAST_WORDS)
        stopping.cancel()
        await self._connection.close()
        for task in unfinished:
            task.cancel()
        if not unfinished:
            watching.result()

    async def _keep_watching(self, stop: asyncio.Event) -> None:
        """Whatever happens to the server, begin again."""
        self._mailbox_id = await self._db.run(cursor.register, self._name, self._storefront)
        while not stop.is_set():
            try:
                await self._watch(stop)
            except Conflict:
                await _pause(5.0, stop)
            except Trouble as trouble:
                await self._recover(trouble, stop)
            except Exception as error:
                log.exception("watch_failed", mailbox=self._name)
                await self._recover(Trouble(f"{type(error).__name__}", temporary=True), stop)

    async def _watch(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            now = self._clock.now()
            if not await self._db.run(cursor.claim, self._mailbox_id, owner=self._owner, lease=self._lease, now=now):
                raise Conflict(f'mailbox "{self._name}" is watched by another worker')
            # A fresh SELECT each round: a folder that was restored or made anew shows itself only there.
            folder = await self._connection.run(open_folder, self._folder)
            await self._meet(folder)
            fetched = await self._fetch_new(folder)
            await self._db.run(cursor.note_poll, self._mailbox_id, now=self._clock.now())
            self._failures = 0
            # What came while we fetched was announced to the fetch already, and IDLE would not say it again.
            if not fetched and not stop.is_set():
                await self._connection.idle(self._idle)

    async def _meet(self, folder: Folder) -> None:
        standing = await self._db.read(cursor.compare, self._mailbox_id, folder)
        if standing.first_connect:
            last = await self._connection.run(newest)
            now = self._clock.now()
            await self._db.run(cursor.begin, self._mailbox_id, folder, last, owner=self._owner, now=now)
            log.info("mailbox_connected", mailbox=self._name, history_below_uid=folder.uidnext)
        elif standing.renumbered:
            await self._renumber(folder, standing)

    async def _renumber(self, folder: Folder, standing: cursor.Standing) -> None:
        log.warning("uidvalidity_changed", mailbox=self._name, uidvalidity=folder.uidvalidity)
        boundary = standing.history_until
        uids = (
            await self._connection.run(uids_since, boundary) if boundary else await self._connection.run(uids_from, 1)
        )
        for batch in await self._connection.run(batches, [uid for uid in uids if uid < folder.uidnext]):
            mails = await self._connection.run(bodies, batch)
            now = self._clock.now()
            if await self._db.run(cursor.rebind, self._mailbox_id, folder, mails, owner=self._owner, now=now):
                self._arrived()
        await self._db.run(cursor.settle_renumbering, self._mailbox_id, folder, owner=self._owner)

    async def _fetch_new(self, folder: Folder) -> bool:
        standing = await self._db.read(cursor.compare, self._mailbox_id, folder)
        if standing.next_uid >= folder.uidnext:
            return False
        uids = await self._connection.run(uids_from, standing.next_uid)
        for batch in await self._connection.run(batches, uids):
            mails = await self._connection.run(bodies, batch)
            await self._store(folder, mails, next_uid=batch[-1] + 1)
        # Whatever the server did not show below its own UIDNEXT is gone.
        await self._store(folder, [], next_uid=folder.uidnext)
        return True

    async def _store(self, folder: Folder, mails: Sequence[Fetched], *, next_uid: int) -> None:
        now = self._clock.now()
        new = await self._db.run(
            cursor.store, self._mailbox_id, folder, mails, owner=self._owner, next_uid=next_uid, now=now
        )
        if new:
            log.info("mail_stored", mailbox=self._name, new=new)
            self._arrived()

    async def _recover(self, trouble: Trouble, stop: asyncio.Event) -> None:
        log.warning("mailbox_trouble", mailbox=self._name, trouble=str(trouble))
        self._failures += 1
        try:
            await self._db.run(cursor.note_trouble, self._mailbox_id, str(trouble), now=self._clock.now())
        except Exception:
            # The database may be what is troubled; watching goes on when it is back.
            log.exception("trouble_not_noted", mailbox=self._name)
        # A refused password is asked again slowly: providers lock accounts that insist.
        slowest = _SLOWEST_RETRY if trouble.temporary else _LOGIN_RETRY
        await _pause(min(slowest, 0.5 * 2 ** min(self._failures, 10)), stop)


async def _pause(seconds: float, stop: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
