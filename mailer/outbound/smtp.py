"""The door to aiosmtplib: one connection to the relay, driven step by step.

aiosmtplib raises the same error before the body, in it and after it (FAILURES, fact 3), so the steps are taken one by
one and the moment at which the body begins to leave is noted: what fails before is certainly not sent.
"""

import asyncio
import contextlib
import ssl
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Self

import aiosmtplib

from mailer.clock import monotonic
from mailer.config import Settings
from mailer.errors import InputError, Trouble
from mailer.outbound.address import mailable
from mailer.outbound.outcome import Accepted, Cause, Deferred, Outcome, Refused, Step, Unknown, judge, say

_REUSE_AT_MOST = 50
_REST_AT_MOST = 10.0


@dataclass(frozen=True)
class RelayAccount:
    """Where the relay is and how to get in."""

    host: str
    port: int
    tls: str
    ca_file: Path | None
    username: str
    password: str
    timeout: timedelta
    body_timeout: timedelta

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As [outbound] says."""
        out = settings.outbound
        password = out.password.get_secret_value()
        return cls(out.host, out.port, out.tls, out.ca_file, out.username, password, out.timeout, out.body_timeout)


@dataclass(frozen=True)
class Envelope:
    """From whom and to whom a mail goes, and how large it is. An empty sender is the null return path."""

    sender: str
    recipient: str
    size: int = 0
    # Takes the place of a null or signed sender where the relay allows none (RFC 3834, 3.3 asks for null).
    own_address: str = ""


class Relay:
    """One connection, kept for many mails; one mail at a time, and none after an error."""

    def __init__(self, account: RelayAccount) -> None:
        self._account = account
        self._client: aiosmtplib.SMTP | None = None
        self._used = 0
        self._used_at = 0.0
        self._step = Step.CONNECT
        self._body_left = False

    async def offer(self, envelope: Envelope) -> Deferred | Refused | None:
        """Connect, MAIL and RCPT; None when the relay is ready for the body."""
        self._body_left = False
        try:
            client = await self._ready()
            if problem := self._too_much_for(client, envelope):
                return problem
            await self._address(client, envelope)
        except (aiosmtplib.SMTPException, OSError) as error:
            return _certain(await self._failed(error))
        return None

    async def sign_in(self) -> None:
        """Connect and log in, to see whether we may. Raises Trouble."""
        try:
            await self._ready()
        except (aiosmtplib.SMTPException, OSError) as error:
            outcome = await self._failed(error)
            temporary = not isinstance(error, aiosmtplib.SMTPResponseException)
            raise Trouble(say(outcome), temporary=temporary) from None

    async def hand_over(self, raw: bytes) -> Outcome:
        """DATA, the body, and the relay's word; waits for it as long as RFC 5321, 4.5.3.2.6 asks."""
        client = self._client
        if client is None:
            return Deferred("the connection to the relay is gone", None, Cause.RELAY_LOST)
        self._step = Step.DATA
        try:
            answer = await self._data(client, raw)
        except (aiosmtplib.SMTPException, OSError) as error:
            return await self._failed(error)
        self._used += 1
        self._used_at = monotonic()
        return Accepted(f"{answer.code} {answer.message}", answer.code)

    @property
    def size_limit(self) -> int | None:
        """The largest mail that this relay says it takes (RFC 1870); None when it does not say, or was not asked."""
        said = self._client.esmtp_extensions.get("size", "") if self._client else ""
        return int(said) if said.isdigit() and int(said) else None

    async def rest(self) -> None:
        """Nothing is to be sent: give a connection back that others may need."""
        if self._client is not None and monotonic() - self._used_at > _REST_AT_MOST:
            await self.close()

    async def close(self) -> None:
        """End the connection; politely if it is still there."""
        client, self._client = self._client, None
        if client is not None and client.is_connected:
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                await client.quit(timeout=2)
        if client is not None:
            client.close()

    async def _ready(self) -> aiosmtplib.SMTP:
        if self._client is not None and self._client.is_connected and self._used < _REUSE_AT_MOST:
            try:
                await self._client.rset(timeout=5)
                return self._client
            except (aiosmtplib.SMTPException, OSError):
                self._client.close()
        await self.close()
        self._client = await self._connect()
        self._used, self._used_at = 0, monotonic()
        return self._client

    async def _connect(self) -> aiosmtplib.SMTP:
        """Greeting, TLS, EHLO and login, each a step of its own, so that it is known which one failed."""
        account = self._account
        client = aiosmtplib.SMTP(
            hostname=account.host,
            port=account.port,
            use_tls=account.tls == "implicit",
            start_tls=False,
            tls_context=ssl.create_default_context(cafile=account.ca_file) if account.tls != "none" else None,
            timeout=account.timeout.total_seconds(),
        )
        self._step = Step.TLS if account.tls == "implicit" else Step.CONNECT
        try:
            await client.connect()
            await self._encrypt(client)
            self._step = Step.CONNECT
            await client.ehlo()
            await self._log_in(client)
        except BaseException:
            client.close()
            raise
        self._watch_body(client)
        return client

    async def _encrypt(self, client: aiosmtplib.SMTP) -> None:
        """STARTTLS where config asks for it; without it nothing goes, in plain text least of all."""
        if self._account.tls == "starttls":
            self._step = Step.CONNECT
            await client.ehlo()
            self._step = Step.TLS
            await client.starttls()

    async def _log_in(self, client: aiosmtplib.SMTP) -> None:
        if self._account.username:
            self._step = Step.AUTH
            await client.login(self._account.username, self._account.password)

    async def _address(self, client: aiosmtplib.SMTP, envelope: Envelope) -> None:
        recipient = mailable(envelope.recipient)
        options, encoding = [], "ascii"
        if client.supports_extension("size") and envelope.size:
            options.append(f"SIZE={envelope.size}")
        if recipient.needs_utf8:
            options, encoding = [*options, "BODY=8BITMIME", "SMTPUTF8"], "utf-8"
        self._step = Step.MAIL
        try:
            await client.mail(envelope.sender, options=options, encoding=encoding)
        except aiosmtplib.SMTPSenderRefused as error:
            if error.code < 500 or envelope.own_address in ("", envelope.sender):
                raise
            await client.rset()
            await client.mail(envelope.own_address, options=options, encoding=encoding)
        self._step = Step.RCPT
        await client.rcpt(str(recipient), encoding=encoding)

    def _too_much_for(self, client: aiosmtplib.SMTP, envelope: Envelope) -> Refused | None:
        try:
            recipient = mailable(envelope.recipient)
        except InputError as error:
            return Refused("; ".join(error.problems), None, Cause.NO_SUCH_ADDRESS)
        limit = self.size_limit
        if limit is not None and envelope.size > limit:
            return Refused(f"it has {envelope.size} bytes, the relay takes {limit}", None, Cause.TOO_LARGE)
        if recipient.needs_utf8 and not client.supports_extension("smtputf8"):
            return Refused("the relay does not offer SMTPUTF8", None, Cause.NEEDS_UTF8)
        return None

    async def _data(self, client: aiosmtplib.SMTP, raw: bytes) -> aiosmtplib.SMTPResponse:
        body_timeout = self._account.body_timeout.total_seconds()
        sending = asyncio.create_task(client.data(raw, timeout=body_timeout))
        try:
            done, _ = await asyncio.wait({sending}, timeout=self._account.timeout.total_seconds())
            if not done and not self._body_left:
                # No 354 came, and none is waited for: closed before the body, the mail is certainly not sent.
                client.close()
            return await sending
        except asyncio.CancelledError:
            sending.cancel()
            raise

    def _watch_body(self, client: aiosmtplib.SMTP) -> None:
        """Note when more than a command is written: that is the body."""
        protocol = client.protocol
        assert protocol is not None
        write = protocol.write

        def noting(data: bytes) -> None:
            if data.endswith(b"\r\n.\r\n"):
                self._body_left, self._step = True, Step.BODY
            write(data)

        protocol.write = noting  # type: ignore[method-assign]  # the one place where the library says when it writes

    async def _failed(self, error: Exception) -> Outcome:
        """What a failure means, by how far we had come; a connection with an error in it is not used again."""
        if isinstance(error, aiosmtplib.SMTPResponseException):
            outcome = judge(self._step, error.code, error.message)
            if not isinstance(outcome, Accepted):
                await self.close()
            return outcome
        await self.close()
        return _silence(self._step, error)


def _silence(step: Step, error: Exception) -> Outcome:
    """What no answer means. After the body nobody knows; before it, the mail is certainly not sent."""
    words = (str(error) or type(error).__name__)[:200]
    silent = isinstance(error, TimeoutError | aiosmtplib.SMTPTimeoutError)
    if step is Step.BODY:
        cause = Cause.SILENT_AFTER_BODY if silent else Cause.LOST_AFTER_BODY
        return Unknown(words, cause)
    missing = not isinstance(error, OSError)
    if step is Step.TLS and (missing or isinstance(error.__cause__ or error, ssl.SSLError)):
        return Deferred(words, None, Cause.NO_TLS)
    # No way of logging in that both sides know.
    if step is Step.AUTH and missing:
        return Deferred(words, None, Cause.LOGIN_REFUSED)
    if silent or step in (Step.CONNECT, Step.TLS):
        return Deferred(words, None, Cause.RELAY_SILENT)
    return Deferred(words, None, Cause.RELAY_LOST)


def _certain(outcome: Outcome) -> Deferred | Refused:
    """Before the body there is no third."""
    assert isinstance(outcome, Deferred | Refused)
    return outcome
