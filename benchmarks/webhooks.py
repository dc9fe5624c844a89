"""300 webhooks a second for 30 seconds to the public application on one core: none lost, and how long they took."""

import asyncio
import json
import multiprocessing
import os
import sys
import tempfile
import time
from pathlib import Path

import uvicorn
from sqlalchemy import func
from sqlmodel import select

from mailer.clock import SystemClock
from mailer.config import Outbound, SenderConfig, Settings, Shop
from mailer.db import Database
from mailer.migrations import upgrade
from mailer.model import SourcePayload
from mailer.signing import Keys
from mailer.sources_config import SourceConfig
from mailer.web.server import build_public
from tests.orders.payloads import an_order
from tests.orders.sources.hooked import SECRET, base64_hmac

PER_SECOND, SECONDS, PORT, CLIENTS = 300, 30, 18_026, 64


def serve(url: str) -> None:
    """The public application alone on the first core."""
    os.sched_setaffinity(0, {0})
    os.environ["MAILER_CONFIG"] = "/nonexistent"
    settings = Settings(
        shop=Shop(name="Linen & Co"),
        senders={"care": SenderConfig(address="care@shop.test")},
        outbound=Outbound(host="127.0.0.1", tls="none"),
        sources={"shop": SourceConfig(kind="shopify", secrets=(SECRET,))},
    )
    app = build_public(Database(url), settings, Keys((b"k" * 32,)), SystemClock())
    uvicorn.run(app, port=PORT, log_config=None, access_log=False, lifespan="off")


def webhooks(count: int) -> list[tuple[bytes, dict[str, str]]]:
    """Signed orders, each another."""
    lines = [{"id": n, "title": "Linen shirt", "variant_title": "M", "sku": f"LS-{n}", "quantity": 1} for n in range(5)]
    bodies = [json.dumps(an_order(id=n, name=f"#{n}", line_items=lines)).encode() for n in range(count)]
    names = ("X-Shopify-Topic", "X-Shopify-Webhook-Id", "X-Shopify-Hmac-Sha256")
    values = [("orders/create", f"w{n}", base64_hmac(body, SECRET)) for n, body in enumerate(bodies)]
    return [(body, dict(zip(names, told, strict=True))) for body, told in zip(bodies, values, strict=True)]


async def fire(deliveries: list[tuple[bytes, dict[str, str]]]) -> tuple[list[float], int]:
    """Send each at its moment, over connections that stay: how long each took from then, and how many were not 200."""
    requests = [_request(body, headers) for body, headers in deliveries]
    await _until_up()
    begin = time.monotonic() + 0.5
    waiting = iter(enumerate(requests))
    took: list[float] = []
    failed = 0

    async def platform() -> None:
        nonlocal failed
        reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
        for index, request in waiting:
            # Who has no free connection at its moment waits too, and that is counted.
            at = begin + index / PER_SECOND
            await asyncio.sleep(max(0.0, at - time.monotonic()))
            writer.write(request)
            failed += await _status(reader) != 200
            took.append(time.monotonic() - at)
        writer.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(CLIENTS):
            group.create_task(platform())
    return took, failed


def _request(body: bytes, headers: dict[str, str]) -> bytes:
    head = {
        "Host": f"127.0.0.1:{PORT}",
        "Content-Length": str(len(body)),
        "Content-Type": "application/json",
        **headers,
    }
    lines = [f"{name}: {value}" for name, value in head.items()]
    return "\r\n".join(["POST /hooks/shop HTTP/1.1", *lines, "", ""]).encode() + body


async def _status(reader: asyncio.StreamReader) -> int:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
    await reader.readexactly(length)
    return int(head.split()[1])


async def _until_up() -> None:
    for _ in range(300):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", PORT)
        except OSError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return
    raise SystemExit("the server does not come up")


def _cpu_seconds(pid: int) -> float:
    """How long a process had a processor."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        url = f"sqlite:///{Path(directory) / 'mailer.db'}"
        db = Database(url)
        upgrade(db)
        deliveries = webhooks(PER_SECOND * SECONDS)
        server = multiprocessing.get_context("spawn").Process(target=serve, args=(url,), daemon=True)
        server.start()
        os.sched_setaffinity(0, {1} if (os.cpu_count() or 1) > 1 else {0})
        try:
            took, failed = asyncio.run(fire(deliveries))
            cpu = _cpu_seconds(server.pid or 0)
        finally:
            server.terminate()
            server.join()
        kept = db.read_here(lambda session: session.exec(select(func.count()).select_from(SourcePayload)).one())
        db.close()
    took.sort()
    p50, p99 = (took[int(len(took) * share) - 1] * 1000 for share in (0.5, 0.99))
    print(f"sent {len(deliveries)}, kept {kept}, not answered 200: {failed}, lost {len(deliveries) - kept}")
    print(f"processor of the server: {cpu:.1f} s of {SECONDS} s, {cpu / len(deliveries) * 1000:.2f} ms each")
    print(f"p50 {p50:.0f} ms, p99 {p99:.0f} ms, longest {took[-1] * 1000:.0f} ms")
    sys.exit(0 if kept == len(deliveries) and not failed and p99 < 250 else 1)


if __name__ == "__main__":
    main()
