"""A real browser on a real server: what every test in Chromium stands on."""

import asyncio
import contextlib
import json
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright, expect

from mailer.clock import Clock
from mailer.db import Database
from mailer.model import Role
from mailer.web import auth

ASSETS = Path(__file__).parents[2] / "mailer" / "web" / "assets"
# A rule that axe finds broken counts from here on.
SERIOUS = {"serious", "critical"}
# For days in Chromium: what verbs and pages do on the other engine, their own tests show. Collisions and live news take
# both.
ONE_ENGINE = pytest.mark.parametrize("db", ["sqlite"], indirect=True)
# Chromium looks for its maker's hosts otherwise, again and again.
QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
# A busy machine takes longer than the five seconds of Playwright's own.
expect.set_options(timeout=20_000)


class QuietServer(uvicorn.Server):
    """A server that leaves the signals to the test run."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[str]:
    """The address of an application on a free port."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, access_log=False, lifespan="off")
    server = QuietServer(config)
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    # A page that listens for news keeps its connection open.
    server.force_exit = True
    await running


@asynccontextmanager
async def chromium_here() -> AsyncIterator[Browser]:
    """Debian's Chromium without a screen."""
    async with async_playwright() as playwright:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        found = shutil.which("chromium")
        browser = await playwright.chromium.launch(executable_path=found, args=[*sandbox, *QUIET])
        yield browser
        await browser.close()


async def signed_in_page(
    browser: Browser,
    address: str,
    db: Database,
    clock: Clock,
    name: str = "ana",
    role: Role = Role.ADMIN,
    **context: Any,
) -> Page:
    """A page of a new browser in which a new person is signed in; errors of scripts fail the test that reads them.

    `page.faults` lists what the page's scripts threw and what the policy stopped; `page.elsewhere` lists requests to
    other hosts.
    """
    agent = await db.run(auth.add_agent, name, role, clock.now())
    token = await db.run(auth.make_link, agent, now=clock.now(), lasts=timedelta(hours=1), passwordless=True)
    opened = await browser.new_context(base_url=address, **context)
    page = await opened.new_page()
    watch(page, address)
    await page.goto(f"/welcome/{token}")
    await page.get_by_role("main").get_by_role("button").click()
    await page.wait_for_url(lambda url: "/welcome/" not in url)
    return page


def watch(page: Page, address: str) -> None:
    """Note on the page what must not happen."""
    faults: list[str] = []
    elsewhere: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if _is_fault(said) else None)
    page.on("request", lambda asked: elsewhere.append(asked.url) if not _is_local(asked.url, address) else None)
    page.faults, page.elsewhere = faults, elsewhere  # type: ignore[attr-defined]


def _is_fault(said: ConsoleMessage) -> bool:
    # htmx tells these two when a later request called an earlier one off; when one failed, also htmx:sendError.
    return said.type == "error" and not said.text.startswith(("htmx:afterRequest", "htmx:sendAbort"))


def _is_local(url: str, address: str) -> bool:
    return url.startswith((address, "data:", "blob:", "about:"))


@cache
def _axe() -> str:
    return (ASSETS / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


async def broken_rules(page: Page) -> list[str]:
    """What axe-core calls serious or critical on the page as it stands, each with the first element that breaks it."""
    await page.evaluate(_axe())
    # A mail's frame runs no scripts, so there is nobody in it whom axe could ask.
    how = '{ iframes: false, resultTypes: ["violations"] }'
    asked = f"axe.run(document, {how}).then((found) => JSON.stringify(found.violations))"
    found = json.loads(await page.evaluate(asked))
    return [f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:200]}" for one in found if one["impact"] in SERIOUS]


_WIDER = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const hides = (element) => getComputedStyle(element).overflowX !== "visible";
  const scrolls = (element) => element && (hides(element) || scrolls(element.parentElement));
  return [...document.body.querySelectorAll("*")]
    .filter((element) => element.getBoundingClientRect().right > width + 1 && !scrolls(element.parentElement))
    .map((element) => element.outerHTML.slice(0, 120));
}"""


async def wider_than_the_window(page: Page) -> list[str]:
    """What makes the page scroll sideways, once charts have taken their new size; nothing when it fits."""
    found: list[str] = []
    for _ in range(20):
        found = await page.evaluate(_WIDER)
        if not found:
            break
        await page.wait_for_timeout(50)
    return found


async def ready(page: Page) -> None:
    """Wait until the scripts of the page as it stands listen to keys, and what it shows was there for a moment."""
    await page.locator("html.scripted").wait_for(state="attached")
    await expect(page.locator("[data-module]:not([data-ready]), [data-fresh]")).to_have_count(0)


async def press(page: Page, *keys: str) -> None:
    """Press one key after the other, each when the page as it stands listens."""
    for key in keys:
        await ready(page)
        await page.keyboard.press(key)
