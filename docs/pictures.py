"""Takes the pictures in docs/, of a running demo and of the mails of flows: `make pictures`. Needs Chromium.

With --console-only the mails stay as they are.
"""

import asyncio
import io
import os
import re
import sys
from pathlib import Path

from mail_pictures import take_mails
from PIL import Image
from playwright.async_api import Browser, Page, async_playwright

HERE = Path(__file__).parent
# What has to wait in the queue, and how long the story of flows takes until then.
MAILS, STORY = 12, 75
LARGEST = 250_000


async def main() -> None:
    demo = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "mailer", "demo", "--port", "0", stdout=asyncio.subprocess.PIPE
    )
    assert demo.stdout is not None
    try:
        link = ""
        while not link:
            found = re.search(r"http://\S+", (await demo.stdout.readline()).decode())
            link = found[0] if found else ""
        await take(link)
    finally:
        demo.terminate()
        await demo.wait()


async def take(link: str) -> None:
    async with async_playwright() as playwright:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=sandbox)
        if "--console-only" not in sys.argv:
            await take_mails(browser)
        await take_console(browser, link)
        await browser.close()


async def take_console(browser: Browser, link: str) -> None:
    page = await browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(60_000)
    await page.goto(link)
    await page.get_by_role("button").click()
    await until_busy(page)
    await asyncio.sleep(STORY)
    start = page.url.partition("/queue")[0]
    await page.reload()
    await keep(page, "queue")
    await page.locator("main li a").filter(has_text="High").nth(4).click()
    await page.locator(".draft, #draft").first.wait_for()
    await page.wait_for_load_state()
    await keep(page, "item")
    for name, path in (
        ("studio", "/templates/edit/lifecycle/delay_notice.de.html"),
        ("flows", "/flows"),
        ("reports", "/reports"),
        ("health", "/health"),
    ):
        await page.goto(f"{start}{path}")
        await keep(page, name)


async def keep(page: Page, name: str) -> None:
    """A picture with few colours: pages are drawn with few."""
    # Frames, charts and editors are drawn after the page.
    await asyncio.sleep(1.5)
    shot = Image.open(io.BytesIO(await page.screenshot())).convert("RGB")
    path = HERE / f"{name}.png"
    shot.quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)
    if path.stat().st_size > LARGEST:
        raise SystemExit(f"{path} is larger than {LARGEST:,} bytes")


async def until_busy(page: Page) -> None:
    """Wait for a queue with something to see."""
    for _ in range(60):
        if await page.locator("main li a").count() >= MAILS:
            return
        await asyncio.sleep(0.5)
        await page.reload()
    raise SystemExit("the demo's queue stayed short")


if __name__ == "__main__":
    asyncio.run(main())
