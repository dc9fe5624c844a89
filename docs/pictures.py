"""Takes the pictures in docs/, of a running demo and of the mails of flows: `make pictures`. Needs Chromium."""

import asyncio
import os
import re
import sys
from pathlib import Path

from mail_pictures import take_mails
from playwright.async_api import Page, async_playwright

HERE = Path(__file__).parent
MAILS = 12


async def main() -> None:
    demo = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "mailer", "demo", "--every", "0.3", "--port", "0", stdout=asyncio.subprocess.PIPE
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
        await take_mails(browser)
        page = await browser.new_page(viewport={"width": 1280, "height": 1000})
        await page.goto(link)
        await page.get_by_role("button").click()
        await until_busy(page)
        await page.screenshot(path=HERE / "queue.png")
        await page.locator("main li a").nth(3).click()
        await page.screenshot(path=HERE / "item.png")
        await browser.close()


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
