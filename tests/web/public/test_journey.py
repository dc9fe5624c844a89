"""Customers with a phone and at a desk, in German and Chinese, in a real browser without JavaScript."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.async_api import Page, async_playwright

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import Choice, Rating, ReturnRequest, Review, Suppression
from mailer.signing import Keys
from mailer.web.public.words import Wording, wording
from tests.feedback.build import Bought, bought, late
from tests.web.browser import QuietServer
from tests.web.public.pages import all_of, picture

pytestmark = pytest.mark.journey

SCREENS = {"phone": (390, 844), "desk": (1280, 800)}
PICTURES = os.environ.get("PICTURES")


@asynccontextmanager
async def browsing(app: FastAPI, screen: str, scheme: str) -> AsyncIterator[Page]:
    """A browser on the public application, on a free port."""
    server = QuietServer(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, access_log=False, lifespan="off")
    )
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    width, height = SCREENS[screen]
    async with async_playwright() as playwright:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=sandbox)
        context = await browser.new_context(
            base_url=f"http://127.0.0.1:{port}",
            java_script_enabled=False,
            viewport={"width": width, "height": height},
            color_scheme="dark" if scheme == "dark" else "light",
            is_mobile=screen == "phone",
        )
        yield await context.new_page()
        await browser.close()
    server.should_exit = True
    await serving


async def fits(page: Page, name: str, words: Wording, screen: str) -> None:
    """Nothing is wider than the screen, and everything that is pressed is large enough for a thumb."""
    box = await page.locator("main").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= SCREENS[screen][0], f"{name} is wider than the screen"
    for target in await page.locator("button, .choice, select, .stars label").all():
        size = await target.bounding_box()
        assert size is not None
        assert size["height"] >= 44, f"{name}: {await target.inner_text()}"
    if PICTURES:
        await page.screenshot(path=Path(PICTURES) / f"{name}.{words.language}.{screen}.png", full_page=True)


@pytest.fixture
def sold(db: Database, clock: FrozenClock, request: pytest.FixtureRequest) -> Bought:
    language = request.getfixturevalue("language")
    lines = {
        "de": (("Leinenhemd mit Stehkragen", 2, "29.00"), ("Tuch", 1, "8.00")),
        "zh": (("亚麻立领衬衫", 2, "29.00"), ("围巾", 1, "8.00")),
    }[language]
    return db.run_here(lambda session: bought(session, clock.now(), language=language, lines=lines))


@pytest.mark.parametrize(
    ("screen", "language", "scheme"), [("phone", "de", "light"), ("desk", "zh", "light"), ("phone", "zh", "dark")]
)
@pytest.mark.parametrize("db", ["sqlite"], indirect=True)
async def test_rate_review_return_choose_and_leave(
    db: Database,
    clock: FrozenClock,
    keys: Keys,
    public: FastAPI,
    sold: Bought,
    tmp_path: Path,
    screen: str,
    language: str,
    scheme: str,
) -> None:
    words = wording(language)
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(picture(size=(1200, 900)))
    async with browsing(public, screen, scheme) as page:
        await page.goto(f"/rate/{sold.link('rate', 'satisfaction').token(keys)}?value=4")
        await fits(page, "rate", words, screen)
        assert await page.locator("input[value='4']").is_checked()
        clock.current += timedelta(minutes=1)
        await page.get_by_label(words("page.stars", value=5)).check()
        await page.get_by_label(words("rate.comment")).fill("👍 好 schön")
        await page.get_by_role("button", name=words("rate.send")).click()
        assert words("thanks.kept") in await page.get_by_role("status").inner_text()
        await fits(page, "thanks", words, screen)

        await page.goto(f"/review/{sold.link('review').token(keys)}?stars=5")
        await page.get_by_label(words("review.fit_small")).check()
        await page.locator("textarea").fill("Sehr schön 很好")
        await page.locator("input[type=file]").set_input_files(photo)
        await fits(page, "review", words, screen)
        await page.get_by_role("button", name=words("review.send")).click()
        await fits(page, "reviewed", words, screen)

        await page.goto(f"/return/{sold.link('return').token(keys)}")
        await fits(page, "return", words, screen)
        clock.current += timedelta(minutes=1)
        await page.get_by_role("button", name=words("return.send")).click()
        await fits(page, "return_wrong", words, screen)
        number = sold.lines[0]
        await page.locator(f"#quantity_{number}").select_option("1")
        await page.locator(f"#reason_{number}").select_option("too_small")
        await page.get_by_role("button", name=words("return.send")).click()
        await fits(page, "returned", words, screen)
        assert "Hafenstr. 1" in await page.locator("address").inner_text()

        incident = db.run_here(late, sold.order, clock.now(), expected_on=date(2026, 12, 1))
        link = sold.link("choice", subject_kind="incident", subject_id=incident)
        await page.goto(f"/choice/{link.token(keys)}?answer=wait")
        await fits(page, "choice", words, screen)
        await page.get_by_role("button", name=words("choice.send")).click()

        await page.goto(f"/unsubscribe/{sold.way_out('feedback').token(keys)}")
        await fits(page, "unsubscribe", words, screen)
        await page.get_by_role("button", name=words("unsubscribe.send")).click()
        await fits(page, "unsubscribed", words, screen)
        await page.goto("/rate/forged")
        await fits(page, "forged", words, screen)
    assert [(one.value, one.comment) for one in await db.read(all_of(Rating))] == [(5, "👍 好 schön")]
    assert [(one.stars, one.fit, len(one.photos)) for one in await db.read(all_of(Review))] == [(5, "small", 1)]
    assert [one.state.value for one in await db.read(all_of(ReturnRequest))] == ["agreed"]
    assert [one.answer for one in await db.read(all_of(Choice))] == ["wait"]
    assert [one.stream.value for one in await db.read(all_of(Suppression))] == ["feedback"]
