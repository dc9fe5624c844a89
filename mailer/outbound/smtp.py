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

from mailer.config import Settings
from mailer.errors import Trouble

_REUSE_AT_MOST = 50
# A 5xx of these speaks of the relay or of our account, never of one mail.
_NOT_LET_IN = (aiosmtplib.SMTPConnectResponseError, aiosmtplib.SMTPHeloError, aiosmtplib.SMTPAuthenticationError)


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
class Accepted:
    """The relay took the mail over (250)."""

    words: str


@dataclass(frozen=True)
class Deferred:
    """Certainly not sent, and worth another try. `relay` says that the relay, not the recipient, is the reason."""

    words: str
    code: int | None = None
    relay: bool = False


@dataclass(frozen=True)
class Refused:
    """Certainly not sent, and never will be."""

    words: str
    code: int | None = None


@dataclass(frozen=True)
class Unknown:
    """The body left, and the relay's word did not come back (RFC 5321, 6.1; RFC 1047)."""

    words: str


Outcome = Accepted | Deferred | Refused | Unknown


class Relay:
    """One connection, kept for many mails; one mail at a time."""

    def __init__(self, account: RelayAccount) -> None:
        self._account = account
        self._client: aiosmtplib.SMTP | None = None
        self._used = 0
        self._body_left = False

    async def offer(self, sender: str, recipient: str) -> Deferred | Refused | None:
        """Connect, MAIL and RCPT; None when the relay is ready for the body."""
        self._body_left = False
        try:
            client = await self._ready()
            await client.mail(sender)
            await client.rcpt(recipient)
        except _NOT_LET_IN as error:
            await self.close()
            return Deferred(f"the relay did not let us in: {error.code} {error.message}", error.code, relay=True)
        except aiosmtplib.SMTPResponseException as error:
            return await self._answered(error)
        except (aiosmtplib.SMTPException, OSError) as error:
            await self.close()
            return Deferred(f"the relay does not answer: {_say(error)}", relay=True)
        return None

    async def sign_in(self) -> None:
        """Connect and log in, to see whether we may. Raises Trouble."""
        try:
            await self._ready()
        except _NOT_LET_IN as error:
            raise Trouble(f"the relay did not let us in: {error.code} {error.message}", temporary=False) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Trouble(f"the relay does not answer: {_say(error)}", temporary=True) from None

    async def hand_over(self, raw: bytes) -> Outcome:
        """DATA, the body, and the relay's word; waits for it as long as RFC 5321, 4.5.3.2.6 asks."""
        client = self._client
        if client is None:
            return Deferred("the connection to the relay is gone", relay=True)
        try:
            answer = await self._data(client, raw)
        except aiosmtplib.SMTPResponseException as error:
            return await (self._judged(error) if self._body_left else self._answered(error))
        except (aiosmtplib.SMTPException, OSError) as error:
            await self.close()
            if self._body_left:
                return Unknown(f"the relay did not answer after the body: {_say(error)}")
            return Deferred(f"the relay went away before the body: {_say(error)}", relay=True)
        self._used += 1
        return Accepted(f"{answer.code} {answer.message}")

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
        self._used = 0
        return self._client

    async def _connect(self) -> aiosmtplib.SMTP:
        account = self._account
        client = aiosmtplib.SMTP(
            hostname=account.host,
            port=account.port,
            use_tls=account.tls == "implicit",
            start_tls=account.tls == "starttls",
            tls_context=ssl.create_default_context(cafile=account.ca_file) if account.tls != "none" else None,
            timeout=account.timeout.total_seconds(),
            username=account.username or None,
            password=account.password or None,
        )
        await client.connect()
        self._watch_body(client)
        return client

    def _watch_body(self, client: aiosmtplib.SMTP) -> None:
        """Note when more than a command is written: that is the body."""
        protocol = client.protocol
        assert protocol is not None
        write = protocol.write

        def noting(data: bytes) -> None:
            self._body_left = self._body_left or data.endswith(b"\r\n.\r\n")
            write(data)

        protocol.write = noting  # type: ignore[method-assign]  # the one place where the library says when it writes

    async def _judged(self, error: aiosmtplib.SMTPResponseException) -> Outcome:
        """The word on a body. The first digit decides (RFC 5321, 4.2.1); a word that is none leaves it open."""
        if 200 <= error.code <= 299:
            return Accepted(f"{error.code} {error.message}")
        if 400 <= error.code <= 599:
            return await self._answered(error)
        await self.close()
        return Unknown(f"the relay answered the body with: {error.code} {error.message}")

    async def _answered(self, error: aiosmtplib.SMTPResponseException) -> Deferred | Refused:
        """What the relay said decides, never the type of the exception: 4xx is for now, 5xx for good."""
        words = f"{error.code} {error.message}"
        # 421 ends the connection (RFC 5321, 3.8), and speaks of the relay, not of this recipient.
        if error.code == 421:
            await self.close()
            return Deferred(words, error.code, relay=True)
        if 500 <= error.code <= 599:
            return Refused(words, error.code)
        return Deferred(words, error.code)


def _say(error: BaseException) -> str:
    return (str(error) or type(error).__name__)[:200]
