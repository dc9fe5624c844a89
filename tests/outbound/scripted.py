"""An SMTP server that does what a test tells it: any code at any step, or hanging up, or falling silent."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

DROP, STALL = "drop", "stall"
GOOD = {
    "connect": "220 scripted ESMTP",
    "ehlo": "250-scripted\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME",
    "starttls": "220 go ahead",
    "helo": "250 scripted",
    "auth": "235 welcome",
    "mail": "250 sender ok",
    "rcpt": "250 recipient ok",
    "data": "354 go on",
    "in_body": "",
    "body": "250 queued as 1",
    "rset": "250 reset",
    "quit": "221 bye",
}


class _HungUp(Exception):
    """The script says that this connection ends here."""


@dataclass
class Scripted:
    """What to say at each step, each answer once, then what is good; and what the client did."""

    script: dict[str, list[str]] = field(default_factory=dict)
    port: int = 0
    connections: int = 0
    steps: list[str] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    context: ssl.SSLContext | None = None
    # More connections at once than this are turned away.
    most_at_once: int = 1_000
    open_now: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)
    serving: set[asyncio.Task[None]] = field(default_factory=set)

    def say(self, step: str, *answers: str) -> None:
        """Put answers to this step on the script."""
        self.script.setdefault(step, []).extend(answers)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, to its end."""
        task = asyncio.current_task()
        assert task is not None
        self.serving.add(task)
        self.connections += 1
        self.open_now += 1
        if self.open_now > self.most_at_once:
            self.script.setdefault("connect", []).insert(0, "421 4.3.2 too many connections")
        try:
            with contextlib.suppress(_HungUp, ConnectionError, asyncio.IncompleteReadError):
                await self._answer("connect", writer)
                while line := await reader.readline():
                    self.lines.append(line.rstrip(b"\r\n"))
                    await self._command(line.split(b" ")[0].strip().decode().lower(), reader, writer)
        finally:
            self.open_now -= 1
            writer.transport.abort()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _command(self, step: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.steps.append(step)
        answer = await self._answer(step, writer)
        if step == "starttls" and self.context is not None:
            await writer.start_tls(self.context)
        if step == "data" and answer.startswith("354"):
            await self._read_body(reader, writer)
        if step == "quit":
            raise _HungUp

    async def _read_body(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        begin = await reader.readline()
        await self._answer("in_body", writer)
        rest = b"" if begin == b".\r\n" else await reader.readuntil(b"\r\n.\r\n")
        lines = (begin + rest).removesuffix(b".\r\n").split(b"\r\n")
        self.bodies.append(b"\r\n".join(line[1:] if line.startswith(b".") else line for line in lines))
        self.steps.append("body")
        await self._answer("body", writer)

    async def _answer(self, step: str, writer: asyncio.StreamWriter) -> str:
        waiting = self.script.get(step)
        answer = waiting.pop(0) if waiting else GOOD[step]
        if answer == STALL:
            await self.over.wait()
        if answer in (DROP, STALL):
            raise _HungUp
        if answer:
            writer.write(f"{answer}\r\n".encode())
            await writer.drain()
        return answer


@contextlib.asynccontextmanager
async def scripted(context: ssl.SSLContext | None = None, /, **answers: str) -> AsyncIterator[Scripted]:
    """A server on a free port of this machine, until the block ends; each step's first answer by its name."""
    smtp = Scripted({step: [answer] for step, answer in answers.items()}, context=context)
    if context is not None:
        smtp.say("ehlo", "250-scripted\r\n250 STARTTLS")
    listener = await asyncio.start_server(smtp.serve, "127.0.0.1", 0, limit=10_000_000)
    smtp.port = listener.sockets[0].getsockname()[1]
    try:
        yield smtp
    finally:
        smtp.over.set()
        listener.close()
        # Connections that stall, or that nobody closed, end now, before the event loop does.
        _, still = await asyncio.wait(smtp.serving, timeout=0.05) if smtp.serving else ((), ())
        for task in still:
            task.cancel()
        await asyncio.gather(*still, return_exceptions=True)
