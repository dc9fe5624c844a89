"""The weekly digest: to whom what, as text, through a real relay."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from mailer.clock import FrozenClock
from mailer.config import Outbound, SenderConfig, Settings, Shop
from mailer.db import Database
from mailer.errors import Trouble
from mailer.insight import digest
from mailer.insight.sheet import Column, Sheet
from mailer.insight_config import InsightConfig
from mailer.signing import Keys
from tests.rigs.machine import free_port
from tests.web.build import case


class Kept:
    """A relay that keeps what it takes, and refuses one address."""

    def __init__(self) -> None:
        self.mails: list[Any] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        envelope.rcpt_tos.append(address)
        return "550 5.1.1 no such user" if address.startswith("gone") else "250 ok"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(envelope)
        return "250 taken"


@pytest.fixture
def relay() -> Iterator[tuple[Kept, int]]:
    kept, port = Kept(), free_port()
    controller = Controller(kept, hostname="127.0.0.1", port=port)
    controller.start()
    yield kept, port
    controller.stop()


def shop(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, port: int, insight: InsightConfig) -> Settings:
    monkeypatch.setenv("MAILER_CONFIG", str(tmp_path / "config.toml"))
    return Settings(
        shop=Shop(name="Linen & Co", zone="Europe/Berlin"),
        senders={"care": SenderConfig(address="care@shop.test")},
        outbound=Outbound(host="127.0.0.1", port=port, tls="none"),
        insight=insight,
    )


async def test_each_reader_gets_one_mail_with_their_parts(
    db: Database,
    clock: FrozenClock,
    keys: Keys,
    relay: tuple[Kept, int],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    kept, port = relay
    insight = InsightConfig(digest_logistics=("lo@shop.test", "all@shop.test"), digest_purchasing=("all@shop.test",))
    settings = shop(monkeypatch, tmp_path, port, insight)
    await db.run(case, clock.now())
    found = await db.read(digest.digests, settings, now=clock.now())
    assert [one.address for one in found] == ["all@shop.test", "lo@shop.test"]
    assert await digest.send(settings, keys, found, now=clock.now()) == 2
    texts = {mail.rcpt_tos[0]: mail.content.decode() for mail in kept.mails}
    assert "Shipping by day of the order" in texts["lo@shop.test"]
    assert "Reasons of returns" not in texts["lo@shop.test"]
    assert texts["all@shop.test"].count("Early warnings") == 1
    assert "Subject: Linen & Co: the week to 2026-11-21" in texts["lo@shop.test"]


async def test_a_refused_reader_keeps_nobody_else_from_theirs(
    db: Database,
    clock: FrozenClock,
    keys: Keys,
    relay: tuple[Kept, int],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    kept, port = relay
    insight = InsightConfig(digest_all=("gone@shop.test", "all@shop.test"))
    settings = shop(monkeypatch, tmp_path, port, insight)
    found = await db.read(digest.digests, settings, now=clock.now())
    with pytest.raises(Trouble, match="1 of 2 digests"):
        await digest.send(settings, keys, found, now=clock.now())
    assert [mail.rcpt_tos for mail in kept.mails] == [["all@shop.test"]]


def test_a_report_as_text() -> None:
    columns = [Column("Product"), Column("Share", "share"), Column("Took", "hours")]
    rows = [["Linen shirt", 0.5, 2.0], ["Scarf", None, 30.25], *([f"P{n}", 0.1, 1.0] for n in range(20))]
    lines = digest.as_text(Sheet("x", "Returns", "What came back.", columns, rows)).splitlines()
    assert lines[:5] == [
        "Returns",
        "-------",
        "Product      Share  Took",
        "Linen shirt  50%    2.0 h",
        "Scarf        -      30.2 h",
    ]
    assert lines[-3:] == ["... and 7 more", "", "What came back."]
    assert "Nothing in this week." in digest.as_text(Sheet("x", "Returns", "", columns, []))


def test_the_week_ends_yesterday(now: datetime) -> None:
    week = digest.last_week(digest.parse_zone("Europe/Berlin"), now)
    assert (week.first, week.last) == (date(2026, 11, 15), date(2026, 11, 21))
