"""How long from a pause in typing until the new mail is shown, in Chromium on a running console (at most 300 ms, p95).

`.venv/bin/python -m benchmarks.studio` types sixty changes into a mail of a flow and into an answer; the 60 ms that
the editor waits for the next key are counted.
"""

import asyncio
import shutil
import statistics
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from playwright.async_api import Page

from mailer.clock import FrozenClock
from mailer.config import Outbound, Rendering, SenderConfig, Settings, Shop
from mailer.db import Database
from mailer.migrations import upgrade
from mailer.signing import Keys
from mailer.web.server import build_console
from tests.web.browser import chromium_here, serving, signed_in_page

ROOT = Path(__file__).parents[1]
CHANGES = 60
TYPE = """(number) => new Promise((shown) => {
    const { view } = document.querySelector("[data-module=studio]").studio;
    const frame = document.querySelector("[data-frame]");
    const started = performance.now();
    const loaded = () => requestAnimationFrame(() => shown(performance.now() - started));
    frame.addEventListener("load", loaded, { once: true });
    view.dispatch({ changes: { from: view.state.doc.length, insert: `\\nChange ${number}.` } });
})"""


async def measured(page: Page, path: str) -> list[float]:
    await page.goto(path)
    await page.locator(".cm-content").wait_for()
    await page.wait_for_load_state("networkidle")
    return [await page.evaluate(TYPE, number) for number in range(CHANGES)]


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "templates", Path(folder, "templates"))
        db = Database(f"sqlite:///{folder}/mailer.db")
        upgrade(db)
        settings = Settings(
            shop=Shop(name="Linen & Co"),
            senders={"care": SenderConfig(address="care@shop.test", name="Linen & Co")},
            outbound=Outbound(host="127.0.0.1", tls="none"),
            rendering=Rendering(templates=Path(folder, "templates")),
        )
        clock = FrozenClock(datetime(2026, 11, 22, 10, tzinfo=UTC))
        console = build_console(db, settings, Keys((b"k" * 32,)), clock, lambda: None)
        async with serving(console) as address, chromium_here() as browser:
            page = await signed_in_page(browser, address, db, clock)
            for name in ("lifecycle/delay_notice.en.html", "replies/order_status.en.md", "blocks/greeting.en.md"):
                took = sorted(await measured(page, f"/templates/edit/{name}"))
                p95 = took[int(len(took) * 0.95) - 1]
                sys.stdout.write(
                    f"{name}: median {statistics.median(took):.0f} ms, p95 {p95:.0f} ms, most {took[-1]:.0f} ms\n"
                )
        console.state.desk.renderer.close()
        db.close()


asyncio.run(main())
