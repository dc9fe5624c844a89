"""The door to imapclient: one connection, owned by one thread, every failure a Trouble.

imapclient is not thread-safe, has no time-out unless given one, and never tells that an IDLE is dead; so IDLE serves
as a wake-up only, lasts seconds, and whoever wakes asks the server what there is. What is asked stands in `folder`.
"""

import asyncio
import contextlib
import queue
import select
import socket
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError

from mailer.clock import Clock
from mailer.config import Settings
from mailer.errors import Trouble
from mailer.inbound.oauth import Grant
from mailer.inbound.patience import Why, why

P = ParamSpec("P")
T = TypeVar("T")

_CONNECT_SECONDS = 10
# Above what we ask for at once, there are an answer's own words.
_LITERAL_SLACK = 1_000_000
# After a minute of silence a probe each 15 s; four without an answer end the connection.
_KEEP_ALIVE = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4))


class MailboxTrouble(Trouble):
    """The server did not serve us, and why: how long we wait depends on it. `declined`: it understood and said no."""

    def __init__(self, text: str, reason: Why, *, declined: bool = False) -> None:
        self.reason = reason
        self.declined = declined
        super().__init__(text, temporary=reason is not Why.REFUSED)


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
    largest: int = 25_000_000
    grant: Grant | None = None

    @classmethod
    def of(cls, settings: Settings, name: str, clock: Clock) -> Self:
        """As [inbound.mailboxes.NAME] says."""
        box = settings.inbound.mailboxes[name]
        grant = Grant(box.oauth, box.oauth.token_file or Path(f"{name}.token"), clock) if box.oauth else None
        return cls(
            box.host,
            box.port,
            box.tls,
            box.ca_file,
            box.username,
            box.password.get_secret_value(),
            box.folder,
            settings.inbound.read_timeout,
            settings.inbound.largest,
            grant,
        )


class Connection:
    """One IMAP connection on a thread of its own; lost ones are opened again by the next call."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._client: IMAPClient | None = None
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        # How many times we signed in: what a server said of its numbers may hold for one session only.
        self.sessions = 0
        # A daemon thread: one that hangs in a dead network must not hold up the end of the process.
        threading.Thread(target=self._work, name="imap", daemon=True).start()

    async def run(self, action: Callable[Concatenate[Any, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Do this on the connection. Raises Trouble; unless the server only said no, the next call connects anew."""
        future: Future[T] = Future()
        self._calls.put(lambda: _settle(future, lambda: self._call(action, *args, **kwargs)))
        return await asyncio.wrap_future(future)

    async def begin(self, action: Callable[Concatenate[Any, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """As `run`, where a new session may begin: with a fresh access token when the old one's life is nearly over."""
        future: Future[None] = Future()
        self._calls.put(lambda: _settle(future, self._renew))
        await asyncio.wrap_future(future)
        return await self.run(action, *args, **kwargs)

    async def idle(self, longest: timedelta) -> None:
        """Sleep until the server has news, `wake` is called or the time is over (RFC 2177)."""
        await self.run(_idle, self._woken, longest.total_seconds())

    def wake(self) -> None:
        """End an `idle` that is under way."""
        with contextlib.suppress(OSError):
            self._waker.send(b"x")

    def abandon(self) -> None:
        """End the connection from outside, whatever its thread waits for; this object is of no use afterwards."""
        self._hang_up()
        self._calls.put(None)

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
        self._drop()
        self._woken.close()
        self._waker.close()

    def _call(self, action: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        try:
            if self._client is None:
                self._client = _sign_in(self._account)
                self.sessions += 1
            return action(self._client, *args, **kwargs)
        except Exception as error:
            if not _is_only_a_no(error):
                self._drop()
            raise _trouble(error, self._account) from error

    def _renew(self) -> None:
        if self._client is not None and self._account.grant is not None and self._account.grant.is_stale():
            self._log_out()

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


def _sign_in(account: Account) -> IMAPClient:
    if account.grant is None:
        return _connect(account, lambda client: client.login(account.username, account.password))
    token = account.grant.access_token()
    try:
        return _connect(account, lambda client: client.oauth2_login(account.username, token))
    except LoginError:
        # The provider may have ended the token before its time; another one is asked for once.
        fresh = account.grant.access_token(refused=token)
        return _connect(account, lambda client: client.oauth2_login(account.username, fresh))


def _connect(account: Account, log_in: Callable[[IMAPClient], Any]) -> IMAPClient:
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
        _keep_alive(client.socket())
        if account.tls == "starttls":
            client.starttls(context)
        _refuse_huge_literals(client, account.largest + _LITERAL_SLACK)
        log_in(client)
    except BaseException:
        with contextlib.suppress(Exception):
            client.shutdown()
        raise
    return client


def _keep_alive(wire: socket.socket) -> None:
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEP_ALIVE:
        # Not every system has them.
        if hasattr(socket, name):
            wire.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _refuse_huge_literals(client: Any, most: int) -> None:
    """A server that announces gigabytes must not fill the memory (FAILURES, A17)."""
    read = client._imap.read

    def guarded(size: int) -> bytes:
        if size > most:
            raise IMAPClientError(f"announced an answer of {size} bytes, we take {most}")
        return bytes(read(size))

    client._imap.read = guarded


def _is_only_a_no(error: Exception) -> bool:
    """Whether the server declined to give a mail, so that the connection is as good as before.

    A SELECT that fails may mean that the session is broken for good, as with Dovecot when its index was replaced.
    """
    declined = type(error) is IMAPClientError and str(error).startswith("fetch failed: ")
    return isinstance(error, MailboxTrouble) or (declined and why(str(error), at_login=False) is Why.ORDINARY)


def _trouble(error: Exception, account: Account) -> Trouble:
    if isinstance(error, Trouble):
        return error
    where = f"{account.host}:{account.port}"
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    # A line that breaks during the login looks like a refusal, and is none.
    refused = isinstance(error, LoginError) and not isinstance(error.__context__, IMAPClientAbortError)
    reason = why(words, at_login=refused)
    if refused:
        return MailboxTrouble(f"{where} did not let us in: {words}"[:300], reason)
    doing = "cannot be reached" if isinstance(error, OSError) else "answered with an error"
    return MailboxTrouble(f"{where} {doing}: {words}"[:300], reason, declined=_is_only_a_no(error))


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
