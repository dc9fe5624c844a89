"""A mail server in our own event loop: pymap for IMAP, aiosmtpd for SMTP. For the demo only, never in production."""

import asyncio
import contextlib
import logging
import warnings
from argparse import Namespace
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email.parser import BytesHeaderParser
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from proxyprotocol.reader import ProxyProtocolReader
from proxyprotocol.version import ProxyProtocolVersion
from pymap.backend.dict import Config, Identity, Login
from pymap.imap import IMAPServer
from pymap.parsing.message import AppendMessage
from pymap.user import UserMetadata
from pysasl.hashing import Cleartext

from mailer.clock import Clock
from mailer.demo.shop import AUTHSERV_ID

_ADMIN = frozenset({"admin"})


@dataclass
class MailServer:
    """Mailboxes by address, all with one password; what lies in them can be read back from outside of Mailer."""

    password: str
    clock: Clock
    imap_port: int = 0
    smtp_port: int = 0
    # Every mail that a mailbox took: its address and the bytes.
    delivered: list[tuple[str, bytes]] = field(default_factory=list)
    _config: Any = None
    _login: Any = None
    _addresses: set[str] = field(default_factory=set)

    async def add_mailbox(self, address: str) -> None:
        """Make a mailbox, with its address as the user name."""
        identity = Identity(address, self._login, None, _ADMIN)
        await identity.set(UserMetadata(self._config, address, password=self.password))
        self._addresses.add(address)

    def close_mailbox(self, address: str) -> None:
        """From now on there is nobody of this address."""
        self._addresses.discard(address)

    async def deliver(self, address: str, raw: bytes) -> None:
        """Put a mail into a mailbox, as a server that took it would."""
        async with Identity(address, self._login, None, frozenset()).new_session() as session:
            await session.append_messages("INBOX", [AppendMessage(raw, self.clock.now())])
        self.delivered.append((address, raw))

    # aiosmtpd calls these by name.

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        known = isinstance(data, LoginPassword) and data.login.decode() in self._addresses
        return AuthResult(success=known and data.password.decode() == self.password, handled=False)

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]) -> str:
        if address not in self._addresses:
            return "550 5.1.1 there is no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        for address in envelope.rcpt_tos:
            await self.deliver(address, as_taken((envelope.mail_from or "").strip("<>"), envelope.content))
        return "250 OK delivered"


def as_taken(sender: str, raw: bytes) -> bytes:
    """A mail with what a server writes above it: the return path, and whether the sender is who From says."""
    writer = BytesHeaderParser(policy=default).parsebytes(raw)["From"]
    domains = {one.domain.lower() for one in writer.addresses} if writer else set()
    verdict = "pass" if domains == {sender.rpartition("@")[2].lower()} else "fail"
    said = f"dmarc={verdict} header.from={min(domains)}" if sender and domains else "none"
    return f"Return-Path: <{sender}>\r\nAuthentication-Results: {AUTHSERV_ID}; {said}\r\n".encode() + raw


@contextlib.asynccontextmanager
async def mail_server(password: str, clock: Clock) -> AsyncIterator[MailServer]:
    """A mail server on two free ports of this machine, until the block ends."""
    server = MailServer(password, clock)
    server._config, server._login = _backend(password)
    imap = await _listen_imap(server)
    smtp = await _listen_smtp(server)
    try:
        yield server
    finally:
        smtp.close()
        imap.close()


def _backend(password: str) -> tuple[Any, Any]:
    arguments = Namespace(passlib_cfg=None, proxy_protocol=None, inherited_sockets=None)
    config = Config(
        arguments,
        host="127.0.0.1",
        port=0,
        demo_data=False,
        demo_user="nobody",
        demo_password=password,
        # Its own hashing takes half a million rounds for each login.
        hash_context=Cleartext(),
        tls_enabled=False,
        secure_auth=False,
        invalid_user_sleep=0,
    )
    config.apply_context()
    return config, Login(config)


async def _listen_imap(server: MailServer) -> asyncio.Server:
    reader = ProxyProtocolReader(ProxyProtocolVersion.get(None))
    callback = reader.get_callback(IMAPServer(server._login, server._config))
    listener = await asyncio.start_server(callback, "127.0.0.1", 0)
    server.imap_port = listener.sockets[0].getsockname()[1]
    return listener


async def _listen_smtp(server: MailServer) -> asyncio.Server:
    # aiosmtpd warns at each login of an attribute that it sets itself, by both ways.
    warnings.filterwarnings("ignore", message="Session.login_data is deprecated", category=DeprecationWarning)
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    loop = asyncio.get_running_loop()

    def protocol() -> SMTP:
        return SMTP(server, loop=loop, hostname="demo", authenticator=server.authenticate, auth_require_tls=False)

    listener = await loop.create_server(protocol, "127.0.0.1", 0)
    server.smtp_port = listener.sockets[0].getsockname()[1]
    return listener
