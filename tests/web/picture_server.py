"""A server of pictures on this machine: real connections, with and without TLS; it keeps what it was asked."""

import asyncio
import io
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import trustme
from PIL import Image

from mailer.web.fetch import Fetcher, every_address

HOST = "pictures.test"


@dataclass
class PictureServer:
    """What it answers to each path, as raw bytes of HTTP; and what came in."""

    answers: Mapping[str, bytes | Callable[[], bytes]]
    # Seconds between the bytes of an answer's body.
    drip: Mapping[str, float] = field(default_factory=dict)
    secure: bool = False
    port: int = 0
    asked: list[str] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    ca: trustme.CA = field(default_factory=trustme.CA)

    def address(self, path: str, host: str = HOST) -> str:
        """Where a path lies."""
        return f"http{'s' if self.secure else ''}://{host}:{self.port}{path}"

    def fetcher(self, names: Mapping[str, list[str]] | None = None) -> Fetcher:
        """Asks this server alone, under the names of the test."""
        known = {HOST: ["127.0.0.1"], **(names or {})}
        trusts = ssl.create_default_context()
        self.ca.configure_trust(trusts)

        def resolve(host: str, port: int) -> list[str]:
            return known[host] if host in known else every_address(host, port)

        return Fetcher(
            lambda address, port: (address, port) == ("127.0.0.1", self.port), resolve=resolve, verify=trusts
        )

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one answer."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            path = head.split(" ")[1]
            self.asked.append(path)
            self.heads.append(head)
            answer = self.answers.get(path, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            data = answer if isinstance(answer, bytes) else answer()
            if pause := self.drip.get(path):
                for place in range(len(data)):
                    writer.write(data[place : place + 1])
                    await writer.drain()
                    await asyncio.sleep(pause)
            writer.write(data if path not in self.drip else b"")
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving_pictures(
    answers: Mapping[str, bytes | Callable[[], bytes]],
    *,
    drip: Mapping[str, float] | None = None,
    certified: str = "",
) -> AsyncIterator[PictureServer]:
    """A server with these answers; with TLS when it is `certified` under a name."""
    server = PictureServer(answers, drip or {}, secure=bool(certified))
    context = None
    if certified:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.ca.issue_cert(certified).configure_cert(context)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=context)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()


def ok(data: bytes, head: str = "Content-Type: image/png") -> bytes:
    """An answer with these bytes."""
    return f"HTTP/1.1 200 OK\r\n{head}\r\nContent-Length: {len(data)}\r\nConnection: close\r\n\r\n".encode() + data


def moved(to: str, code: int = 302) -> bytes:
    """An answer that sends on."""
    head = f"HTTP/1.1 {code} Found\r\nLocation: {to}\r\nSet-Cookie: who=ana; Path=/\r\n"
    return f"{head}Content-Length: 0\r\nConnection: close\r\n\r\n".encode()


def drawn(width: int = 40, height: int = 30, kind: str = "PNG", colour: str = "red") -> bytes:
    """A picture of one colour."""
    target = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(target, kind)
    return target.getvalue()
