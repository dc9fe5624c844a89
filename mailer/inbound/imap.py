"""The door to imapclient: one connection, owned by one thread, every failure a Trouble.

imapclient is not thread-safe, has no time-out unless given one, and never tells that an IDLE is dead; so IDLE serves
as a wake-up only, lasts seconds, and whoever wakes asks the server what there is.
"""

import asyncio
import contextlib
import queue
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import LoginError

from mailer.config import Settings
from mailer.errors import Trouble

P = ParamSpec("P")
T = TypeVar("T")

# One FETCH asks for so much at most, so that a full inbox does not fill the memory.
_BATCH_MAILS = 50
_BATCH_BYTES = 10_000_000
_CONNECT_SECONDS = 10


@dataclass(frozen=True)
class Account:
    """Where a mailbox is and how to get in."""

    host: str
    port: int
    tls: str
    ca_file: Path | None
    username: str
    password: str
    folder: str
    read_timeout: timedelta

    @classmethod
    def of(cls, settings: Settings, name: str) -> Self:
        """As [inbound.mailboxes.NAME] says."""
        box = settings.inbound.mailboxes[name]
        password = box.password.get_secret_value()
        timeout = settings.inbound.read_timeout
        return cls(box.host, box.port, box.tls, box.ca_file, box.username, password, box.folder, timeout)


@dataclass(frozen=True)
class Folder:
    """What the server says of the folder on SELECT (RFC 3501, 6.3.1)."""

    uidvalidity: int
    uidnext: int


@dataclass(frozen=True)
class Fetched:
    """A mail as the server gave it."""

    uid: int
    internal_date: datetime
    raw: bytes


class Connection:
    """One IMAP connection on a thread of its own; lost ones are opened again by the next call."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._client: IMAPClient | None = None
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        # A daemon thread: one that hangs in a dead network must not hold up the end of the process.
        threading.Thread(target=self._work, name="imap", daemon=True).start()

    async def run(self, action: Callable[Concatenate[Any, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Do this on the connection. Raises Trouble; the connection is then gone and the next call makes a new one."""
        future: Future[T] = Future()
        self._calls.put(lambda: _settle(future, lambda: self._call(action, *args, **kwargs)))
        return await asyncio.wrap_future(future)

    async def idle(self, longest: timedelta) -> None:
        """Sleep until the server has news, `wake` is called or the time is over (RFC 2177)."""
        await self.run(_idle, self._woken, longest.total_seconds())

    def wake(self) -> None:
        """End an `idle` that is under way."""
        with contextlib.suppress(OSError):
            self._waker.send(b"x")

    async def close(self) -> None:
        """Say goodbye if the server listens; one that is silent for a second is hung up on."""
        self.wake()
        future: Future[None] = Future()
        self._calls.put(lambda: _settle(future, self._log_out))
        self._calls.put(None)
        goodbye = asyncio.wrap_future(future)
        _, silent = await asyncio.wait({goodbye}, timeout=1)
        if silent:
            self._hang_up()
            await asyncio.wait(silent, timeout=1)

    def _hang_up(self) -> None:
        """End a read that is under way on the owner's thread."""
        if (client := self._client) is not None:
            with contextlib.suppress(OSError, AttributeError):
                client.socket().shutdown(socket.SHUT_RDWR)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
        self._woken.close()
        self._waker.close()

    def _call(self, action: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        try:
            if self._client is None:
                self._client = _log_in(self._account)
            return action(self._client, *args, **kwargs)
        except Exception as error:
            self._drop()
            raise _trouble(error, self._account) from error

    def _drop(self) -> None:
        if self._client is not None:
            with contextlib.suppress(Exception):
                self._client.shutdown()
            self._client = None

    def _log_out(self) -> None:
        if self._client is not None:
            with contextlib.suppress(Exception):
                self._client.logout()
        self._drop()


def open_folder(client: Any, folder: str) -> Folder:
    """Select the folder, read only: we never change what lies there."""
    answer = client.select_folder(folder, readonly=True)
    uidvalidity, uidnext = answer.get(b"UIDVALIDITY"), answer.get(b"UIDNEXT")
    if not uidvalidity:
        raise Trouble(f'folder "{folder}" has no UIDVALIDITY, so mails cannot be told apart there', temporary=True)
    if uidnext is None:
        uidnext = max(client.search(["ALL"]), default=0) + 1
    return Folder(int(uidvalidity), int(uidnext))


def uids_from(client: Any, first: int) -> list[int]:
    """The UIDs at or above `first`. (`n:*` names the last mail even when it is older: RFC 3501, 6.4.8.)"""
    return sorted(uid for uid in client.search(["UID", f"{first}:*"]) if uid >= first)


def uids_since(client: Any, moment: datetime) -> list[int]:
    """The UIDs of mails that came on or after the day before this moment; the server compares days in its own zone."""
    return sorted(client.search(["SINCE", (moment - timedelta(days=1)).date()]))


def newest(client: Any) -> list[Fetched]:
    """The mails of the newest second in the folder, of its last 50 by number; none when it is empty."""
    uids = sorted(client.search(["ALL"]))[-_BATCH_MAILS:]
    dates = {uid: data.get(b"INTERNALDATE") for uid, data in client.fetch(uids, ["INTERNALDATE"]).items()}
    last = max((date for date in dates.values() if date), default=None)
    return [mail for uid, date in sorted(dates.items()) if last and date == last for mail in bodies(client, [uid])]


def batches(client: Any, uids: Sequence[int]) -> list[list[int]]:
    """These UIDs in portions of bounded size."""
    portions: list[list[int]] = []
    room = 0
    for start in range(0, len(uids), 500):
        sizes = client.fetch(uids[start : start + 500], ["RFC822.SIZE"])
        for uid in sorted(sizes):
            size = sizes[uid].get(b"RFC822.SIZE") or 0
            if not portions or size > room or len(portions[-1]) == _BATCH_MAILS:
                portions.append([])
                room = _BATCH_BYTES
            portions[-1].append(uid)
            room -= size
    return portions


def bodies(client: Any, uids: Sequence[int]) -> list[Fetched]:
    """Whole mails, without marking them as read. A mail that is gone meanwhile is not in the answer."""
    answer = client.fetch(uids, ["BODY.PEEK[]", "INTERNALDATE"])
    return list(_whole(answer.items()))


def _whole(items: Iterable[tuple[int, dict[bytes, Any]]]) -> Iterable[Fetched]:
    for uid, data in sorted(items):
        raw, internal_date = data.get(b"BODY[]"), data.get(b"INTERNALDATE")
        if raw is not None and internal_date is not None:
            yield Fetched(uid, internal_date, raw)


def _idle(client: Any, woken: socket.socket, seconds: float) -> None:
    client.idle()
    if not _has_buffered(client):
        ready = select.select([client.socket(), woken], [], [], seconds)[0]
        if woken in ready:
            with contextlib.suppress(BlockingIOError):
                woken.recv(4096)
    client.idle_done()


def _has_buffered(client: Any) -> bool:
    """Whether news came in one packet with the answer to IDLE: then it lies in a buffer that select cannot see."""
    wire = client.socket()
    patience = wire.gettimeout()
    wire.settimeout(0)
    try:
        with contextlib.suppress(BlockingIOError, ssl.SSLWantReadError):
            return bool(client._imap.file.peek(1))
    finally:
        wire.settimeout(patience)
    return False


def _log_in(account: Account) -> IMAPClient:
    context = ssl.create_default_context(cafile=account.ca_file) if account.tls != "none" else None
    client = IMAPClient(
        account.host,
        account.port,
        ssl=account.tls == "implicit",
        ssl_context=context if account.tls == "implicit" else None,
        timeout=SocketTimeout(connect=_CONNECT_SECONDS, read=account.read_timeout.total_seconds()),
    )
    # Aware datetimes in the server's zone, instead of naive ones in this machine's.
    client.normalise_times = False
    try:
        if account.tls == "starttls":
            client.starttls(context)
        client.login(account.username, account.password)
    except BaseException:
        with contextlib.suppress(Exception):
            client.shutdown()
        raise
    return client


def _trouble(error: Exception, account: Account) -> Trouble:
    if isinstance(error, Trouble):
        return error
    where = f"{account.host}:{account.port}"
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    if isinstance(error, LoginError):
        return Trouble(f"{where} did not let us in: {words}", temporary=False)
    doing = "cannot be reached" if isinstance(error, OSError) else "answered with an error"
    return Trouble(f"{where} {doing}: {words}"[:300], temporary=True)


def _settle(future: Future[T], work: Callable[[], T]) -> None:
    # From here on it cannot be cancelled, so its answer always finds it waiting.
    if not future.set_running_or_notify_cancel():
        return
    try:
        answer = work()
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(answer)
