"""One owner per mailbox: fetch what is new, sleep in IDLE, again; on any trouble connect anew.

IDLE lasts 25 s and a read 15 s at most, so a connection that died silently is found, and new mail is in, within a
minute of the server answering again. Ten minutes without a sign of life end the connection, whatever it is doing.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

import structlog

from mailer.clock import Clock, monotonic
from mailer.config import Settings
from mailer.db import Database
from mailer.errors import Conflict, Trouble
from mailer.inbound import cursor, ledger
from mailer.inbound.fetch import Fetcher
from mailer.inbound.folder import Fetched, Folder, last_uids, open_folder, uids_from, uids_since, whole
from mailer.inbound.imap import Account, Connection, MailboxTrouble
from mailer.inbound.patience import Why, pause
from mailer.inbound.reconcile import Reconciler
from mailer.inbound.sent import SentFolder
from mailer.inbound.tidy import Tidier

log = structlog.get_logger()

# Rounds in which nothing seems to have changed, until the window is searched all the same.
_LOOK_BACK_EVERY = 20
# A silent server must not hold up the end of the process.
_STOP_WITHIN = 2.0
# On a server without UIDVALIDITY, mails are compared by content so far back.
_WITHOUT_NUMBERS = timedelta(days=2)


@dataclass(frozen=True)
class Watch:
    """What is watched, and how; as config.toml says."""

    name: str
    storefront: str
    account: Account
    idle: timedelta
    history: timedelta
    after: str = "none"
    sent: str = "auto"
    sent_copy: str = "none"
    watchdog: timedelta = timedelta(minutes=10)

    @classmethod
    def of(cls, settings: Settings, name: str, clock: Clock) -> "Watch":
        """[inbound] and [inbound.mailboxes.NAME]."""
        inbound, box = settings.inbound, settings.inbound.mailboxes[name]
        account = Account.of(settings, name, clock)
        copy = settings.outbound.sent_copy
        return cls(name, box.storefront, account, inbound.idle, inbound.history, box.after, box.sent, copy)


class Watcher:
    """Watches one mailbox until told to stop."""

    def __init__(self, db: Database, clock: Clock, watch: Watch, *, owner: str, arrived: Callable[[], None]) -> None:
        self._db = db
        self._clock = clock
        self._watch = watch
        self._owner = owner
        # Longer than an IDLE and two reads together, as the lease is renewed between them.
        self._lease = watch.idle + 2 * watch.account.read_timeout + timedelta(seconds=5)
        self._arrived = arrived
        self._mailbox_id = 0
        self._failures = 0
        self._took = False
        self._found = (0, 0, 0)
        self._alive_at = self._polled_at = monotonic()

    async def run(self, stop: asyncio.Event) -> None:
        """Watch until `stop` is set; whatever happens to the server, begin again."""
        self._mailbox_id = await self._db.run(cursor.register, self._watch.name, self._watch.storefront)
        self._connect()
        stopper = asyncio.create_task(self._wake_on(stop))
        while not stop.is_set():
            try:
                await self._until_trouble(stop)
            except Conflict:
                await _pause(5.0, stop)
            except Trouble as trouble:
                await self._recover(trouble, stop)
            except Exception as error:
                log.exception("watch_failed", mailbox=self._watch.name)
                await self._recover(Trouble(f"{type(error).__name__}", temporary=True), stop)
        stopper.cancel()
        await self._connection.close()

    def _connect(self) -> None:
        """A connection, and those who work on it and remember what it said."""
        self._connection = connection = Connection(self._watch.account)
        facts = (self._db, self._clock, connection, self._mailbox_id)
        largest, folder = self._watch.account.largest, self._watch.account.folder
        self._fetcher = Fetcher(*facts, folder, largest=largest, alive=self._alive)
        self._reconciler = Reconciler(*facts, self._fetcher)
        self._sent = SentFolder(*facts, self._watch.sent, self._watch.sent_copy)
        self._tidier = Tidier(*facts, folder, self._watch.after)
        self._epoch = (0, 0)
        self._last_look: tuple[int, ...] = ()
        self._quiet_rounds = 0

    async def _until_trouble(self, stop: asyncio.Event) -> None:
        """Round after round; the watchdog ends one that shows no sign of life, `stop` one that takes too long."""
        self._alive_at = monotonic()
        rounds = asyncio.create_task(self._rounds(stop))
        stopped = asyncio.create_task(stop.wait())
        patience = self._watch.watchdog.total_seconds()
        try:
            while not rounds.done() and not stopped.done():
                left = self._alive_at + patience - monotonic()
                if left <= 0:
                    await self._abandon(rounds)
                await asyncio.wait([rounds, stopped], timeout=max(left, 0.05), return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait([rounds], timeout=_STOP_WITHIN)
            if rounds.done():
                await rounds
        finally:
            rounds.cancel()
            stopped.cancel()

    async def _abandon(self, rounds: "asyncio.Task[None]") -> None:
        self._connection.abandon()
        rounds.cancel()
        await asyncio.wait([rounds])
        self._connect()
        minutes = self._watch.watchdog.total_seconds() / 60
        raise Trouble(f"no sign of life for {minutes:g} minutes; the connection was dropped", temporary=True)

    async def _rounds(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self._claim()
            self._took = False
            more = await self._round()
            await self._db.run(cursor.note_poll, self._mailbox_id, now=self._clock.now())
            self._failures, self._polled_at = 0, monotonic()
            if not stop.is_set() and not more and not self._took and await self._is_unchanged():
                await self._connection.idle(self._watch.idle)

    async def _claim(self) -> None:
        now = self._clock.now()
        if not await self._db.run(cursor.claim, self._mailbox_id, owner=self._owner, lease=self._lease, now=now):
            raise Conflict(f'mailbox "{self._watch.name}" is watched by another worker')
        self._alive_at = monotonic()

    async def _alive(self) -> None:
        """Something is safe: no reason for the watchdog or another worker to step in."""
        await self._claim()

    async def _round(self) -> bool:
        """Everything once; whether there is more to do at once."""
        # A fresh SELECT each round: a folder that was restored or made anew shows itself only there.
        folder = await self._open()
        self._found = _standing(folder)
        await self._meet(folder)
        await self._fetch_new(folder)
        await self._look_back(folder)
        await self._ask_again(folder)
        more = await self._reconciler.proceed(folder, partial(self._rebind, folder))
        await self._tidier.tidy(folder)
        await self._sent.tend()
        return more

    async def _is_unchanged(self) -> bool:
        """Whether the folder still stands as the round found it; it is the one that IDLE speaks of.

        News that came during the round was told to its other commands, so IDLE would stay silent of it.
        """
        return _standing(await self._open()) == self._found

    async def _open(self) -> Folder:
        folder = await self._connection.begin(open_folder, self._watch.account.folder)
        if folder.sticky:
            return folder
        # Its numbers hold for this session: for us each session is a renumbering.
        session = self._connection.sessions
        if self._epoch[0] != session:
            self._epoch = (session, await self._db.run(cursor.distrust, self._mailbox_id, owner=self._owner) - 1)
        return replace(folder, uidvalidity=self._epoch[1], told=False)

    async def _meet(self, folder: Folder) -> None:
        standing = await self._db.read(cursor.compare, self._mailbox_id, folder)
        if standing.first_connect:
            await self._begin(folder)
        elif standing.renumbered or await self._is_swapped(folder):
            await self._renumber(folder, standing)

    async def _begin(self, folder: Folder) -> None:
        listed = await self._fetcher.listed(folder, await self._connection.run(last_uids, folder))
        last = max((mail.internal_date for mail in listed), default=None)
        newest = [mail for one in listed if one.internal_date == last for mail in await self._fetcher.one(folder, one)]
        history = self._watch.history
        await self._db.run(
            cursor.begin, self._mailbox_id, folder, newest, owner=self._owner, now=self._clock.now(), history=history
        )
        log.info("mailbox_connected", mailbox=self._watch.name, history_below_uid=folder.uidnext)

    async def _is_swapped(self, folder: Folder) -> bool:
        """Whether the newest mails that we know are others now, though the server says nothing of it."""
        if (self._connection.sessions, folder.uidnext, folder.exists) == self._last_look:
            return False
        known = await self._db.read(cursor.tail, self._mailbox_id, folder)
        listed = await self._fetcher.listed(folder, sorted(known))
        return any(known[mail.uid] != (mail.size, mail.internal_date) for mail in listed if known[mail.uid][0])

    async def _renumber(self, folder: Folder, standing: cursor.Standing) -> None:
        log.warning("uidvalidity_changed", mailbox=self._watch.name, uidvalidity=folder.uidvalidity)
        if folder.sticky:
            await self._db.run(cursor.distrust, self._mailbox_id, owner=self._owner)
        boundary = standing.history_since or standing.history_until
        if not folder.sticky:
            boundary = max(boundary or self._clock.now() - _WITHOUT_NUMBERS, self._clock.now() - _WITHOUT_NUMBERS)
        uids = await self._connection.run(uids_since, folder, boundary) if boundary else await self._all(folder)
        here = [uid for uid in uids if uid < folder.uidnext]
        listed = await self._fetcher.listed(folder, here)
        rest = await self._db.run(ledger.renumber_unread, self._mailbox_id, folder, listed)
        await self._fetcher.take(folder, [mail.uid for mail in rest], partial(self._rebind, folder))
        await self._db.run(cursor.settle_renumbering, self._mailbox_id, folder, owner=self._owner)

    async def _all(self, folder: Folder) -> list[int]:
        return await self._connection.run(uids_from, folder, 1)

    async def _fetch_new(self, folder: Folder) -> None:
        standing = await self._db.read(cursor.compare, self._mailbox_id, folder)
        if standing.next_uid >= folder.uidnext:
            return
        uids = await self._connection.run(uids_from, folder, standing.next_uid)
        await self._fetcher.take(folder, uids, partial(self._store, folder))
        # Whatever the server did not show below its own UIDNEXT is gone, or comes late.
        await self._store(folder, [], folder.uidnext - 1)

    async def _look_back(self, folder: Folder) -> None:
        """A mail may appear below others that we have (FAILURES, A4)."""
        look = (self._connection.sessions, folder.uidnext, folder.exists)
        if look == self._last_look and self._quiet_rounds < _LOOK_BACK_EVERY and not self._fetcher.is_puzzled:
            self._quiet_rounds += 1
            return
        standing = await self._db.read(cursor.compare, self._mailbox_id, folder)
        uids = await self._connection.run(uids_from, folder, standing.window_from_uid)
        late = await self._db.read(
            cursor.unknown, self._mailbox_id, folder, [uid for uid in uids if uid < folder.uidnext]
        )
        if late:
            await self._fetcher.take(folder, late, partial(self._rebind, folder))
        self._last_look, self._quiet_rounds = look, 0

    async def _ask_again(self, folder: Folder) -> None:
        """Mails that the server did not give up, and large ones of which somebody wants the rest."""
        now = self._clock.now()
        poor = await self._db.read(ledger.due_again, self._mailbox_id, folder, now=now)
        large = await self._db.read(ledger.wanted_whole, self._mailbox_id, folder, now=now)
        if not poor and not large:
            return
        listed = {mail.uid: mail for mail in await self._fetcher.listed(folder, sorted({*poor, *large}))}
        gone = [uid for uid in (*poor, *large) if uid not in listed]
        await self._db.run(ledger.note_gone, self._mailbox_id, folder, gone)
        await self._fetcher.take(folder, [uid for uid in poor if uid in listed], partial(self._rebind, folder))
        for uid in large:
            for mail in await self._fetcher.one(folder, listed[uid], whole) if uid in listed else []:
                await self._db.run(ledger.keep_whole, self._mailbox_id, folder, mail)

    async def _store(self, folder: Folder, mails: Sequence[Fetched], done: int) -> None:
        now = self._clock.now()
        new = await self._db.run(
            cursor.store, self._mailbox_id, folder, mails, owner=self._owner, next_uid=done + 1, now=now
        )
        self._tell(new)

    async def _rebind(self, folder: Folder, mails: Sequence[Fetched], _done: int) -> None:
        now = self._clock.now()
        self._tell(await self._db.run(cursor.rebind, self._mailbox_id, folder, mails, owner=self._owner, now=now))

    def _tell(self, new: int) -> None:
        if new:
            self._took = True
            log.info("mail_stored", mailbox=self._watch.name, new=new)
            self._arrived()

    async def _recover(self, trouble: Trouble, stop: asyncio.Event) -> None:
        reason = trouble.reason if isinstance(trouble, MailboxTrouble) else Why.ORDINARY
        if not trouble.temporary:
            reason = Why.REFUSED
        log.warning("mailbox_trouble", mailbox=self._watch.name, trouble=str(trouble), reason=reason.value)
        self._failures += 1
        try:
            seconds = await self._note(trouble, reason)
        except Exception:
            # The database may be what is troubled; watching goes on when it is back.
            log.exception("trouble_not_noted", mailbox=self._watch.name)
            seconds = pause(Why.ORDINARY, self._failures)
        if seconds is None:
            await stop.wait()
        else:
            await _pause(seconds, stop)

    async def _note(self, trouble: Trouble, reason: Why) -> float | None:
        """Keep the trouble for `mailer status`, raise an alarm where a person must act; how long to wait."""
        now, refused = self._clock.now(), reason is Why.REFUSED
        refusals = await self._db.run(cursor.note_trouble, self._mailbox_id, str(trouble), now=now, refused=refused)
        seconds = pause(reason, refusals if refused else self._failures)
        if seconds is None:
            advice = "we do not try again, so that the account is not locked; correct config.toml and start anew"
            await self._alarm("mailbox_refused", f"{trouble}; {advice}")
        elif reason in (Why.BUSY, Why.FOLDER):
            await self._alarm(f"mailbox_{reason.value}", str(trouble))
        if monotonic() - self._polled_at > self._watch.watchdog.total_seconds():
            await self._alarm("mailbox_unreachable", f"not read for too long: {trouble}")
        return seconds

    async def _alarm(self, kind: str, words: str) -> None:
        await self._db.run(cursor.note_alarm, self._mailbox_id, kind, words, now=self._clock.now())

    async def _wake_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._connection.wake()


def _standing(folder: Folder) -> tuple[int, int, int]:
    return folder.uidvalidity, folder.uidnext, folder.exists


async def _pause(seconds: float, stop: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
