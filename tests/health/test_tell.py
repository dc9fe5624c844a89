"""Alarms by a second channel: a webhook and a relay of another provider, both real servers here."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from pydantic import SecretStr

from mailer.clock import FrozenClock
from mailer.config import Outbound, SenderConfig, Settings, Shop
from mailer.db import Database
from mailer.health.advice import advice
from mailer.health.tell import tell_alarms
from mailer.health_config import AlarmRelay, HealthConfig
from mailer.model import raise_alarm, settle_alarm
from tests.rigs.machine import free_port


class Listening:
    """An HTTP server that keeps what is posted; it answers `status`."""

    def __init__(self) -> None:
        self.status = 200
        self.posted: list[tuple[dict[str, str], bytes]] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = (line.partition(": ") for line in head.split("\r\n")[1:] if line)
        headers = {name.lower(): value for name, _, value in lines}
        self.posted.append((headers, await reader.readexactly(int(headers["content-length"]))))
        writer.write(f"HTTP/1.1 {self.status} OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@asynccontextmanager
async def listening() -> AsyncIterator[Listening]:
    found = Listening()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    async with server:
        yield found


class Kept:
    """A relay that keeps what it takes."""

    def __init__(self) -> None:
        self.mails: list[Any] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(envelope)
        return "250 taken"


def shop(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, health: HealthConfig) -> Settings:
    monkeypatch.setenv("MAILER_CONFIG", str(tmp_path / "config.toml"))
    return Settings(
        shop=Shop(name="Linen & Co"),
        senders={"care": SenderConfig(address="care@shop.test")},
        outbound=Outbound(host="127.0.0.1", tls="none"),
        health=health,
    )


async def test_a_webhook_is_told_once_and_that_it_is_over(
    db: Database, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with listening() as there:
        address = f"http://127.0.0.1:{there.port}/mailer"
        settings = shop(monkeypatch, tmp_path, HealthConfig(webhook=address, webhook_secret=SecretStr("hush")))
        await db.run(raise_alarm, "disk", "disk", "10 MB are free", clock.now())
        assert await tell_alarms(db, clock, settings) == 0
        clock.current += timedelta(minutes=2)
        there.status = 500
        assert await tell_alarms(db, clock, settings) == 0
        there.status = 200
        assert await tell_alarms(db, clock, settings) == 1
        assert await tell_alarms(db, clock, settings) == 0
        headers, body = there.posted[-1]
        assert hmac.compare_digest(headers["x-mailer-signature"], hmac.new(b"hush", body, hashlib.sha256).hexdigest())
        told = json.loads(body)
        assert (told["shop"], told["kind"], told["over"]) == ("Linen & Co", "disk", False)
        assert told["advice"] == advice("disk")
        clock.current += timedelta(hours=24)
        assert await tell_alarms(db, clock, settings) == 1
        await db.run(settle_alarm, "disk", "disk", clock.now())
        assert await tell_alarms(db, clock, settings) == 1
        assert json.loads(there.posted[-1][1])["over"] is True
        assert await tell_alarms(db, clock, settings) == 0


async def test_what_was_over_before_it_was_told_stays_untold(
    db: Database, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = shop(monkeypatch, tmp_path, HealthConfig(webhook=f"http://127.0.0.1:{free_port()}/"))
    await db.run(raise_alarm, "disk", "disk", "10 MB are free", clock.now())
    await db.run(settle_alarm, "disk", "disk", clock.now())
    clock.current += timedelta(minutes=5)
    assert await tell_alarms(db, clock, settings) == 0


async def test_another_relay_carries_alarms(
    db: Database, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept, port = Kept(), free_port()
    controller = Controller(kept, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        relay = AlarmRelay(host="127.0.0.1", port=port, tls="none", sender="alarms@other.test")
        settings = shop(monkeypatch, tmp_path, HealthConfig(alarm_relay=relay, alarm_to=("ops@other.test",)))
        await db.run(raise_alarm, "relay", "smtp.shop.test", "the relay refuses our password", clock.now())
        clock.current += timedelta(minutes=2)
        assert await tell_alarms(db, clock, settings) == 1
    finally:
        controller.stop()
    mail = kept.mails[0].content.decode()
    assert kept.mails[0].rcpt_tos == ["ops@other.test"]
    assert "Subject: Linen & Co: relay smtp.shop.test" in mail
    assert "the relay refuses our password" in mail
    assert advice("relay").split(".")[0] in mail.replace("=\r\n", "")
