"""A customer and an order as people look at them; the archive, and forgetting."""

import io
import zipfile

import httpx2
import pytest
from playwright.async_api import Browser, expect

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import Role
from tests.web.browser import ONE_ENGINE, broken_rules, signed_in_page, wider_than_the_window
from tests.web.conftest import Entering
from tests.web.matters import matter


async def test_the_story_and_the_order(db: Database, clock: FrozenClock, agent: httpx2.AsyncClient) -> None:
    await db.run(matter, clock.now())
    story = (await agent.get("/customers/1")).text
    assert "/orders/1" in story
    assert "they wrote" in story
    assert "Forget this customer" not in story
    order = (await agent.get("/orders/1")).text
    assert "Order #1001" in order
    assert "JD014" in order
    assert (await agent.get("/orders/number/1001")).headers["location"] == "/orders/1"
    for path in ("/customers/99", "/orders/99", "/orders/number/none"):
        assert (await agent.get(path)).status_code == 404
    assert (await agent.post("/customers/1/export")).status_code == 403


async def test_an_admin_takes_all_of_it_out_and_forgets(
    db: Database, clock: FrozenClock, stranger: httpx2.AsyncClient, enter: Entering
) -> None:
    await db.run(matter, clock.now())
    admin = await enter(stranger, "root", Role.ADMIN)
    answer = await admin.post("/customers/1/export")
    assert "customer.json" in zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    assert ">export<" in (await admin.get("/people/audit?at=/customers/1")).text
    wrong = await admin.post("/customers/1/erasure", data={"address": "bo@shop.test"})
    assert wrong.status_code == 400
    assert (await admin.post("/customers/1/erasure", data={"address": "Ana@shop.test"})).status_code == 303
    page = (await admin.get("/customers/1")).text
    assert "forgotten on" in page
    assert "ana@shop.test" not in page
    assert (await admin.get("/orders/1")).status_code == 200
    assert (await admin.get("/conversations/1")).status_code == 200
    assert (await admin.get("/queue?tab=closed")).status_code == 200


@pytest.mark.journey
@ONE_ENGINE
async def test_the_pages_in_a_browser(db: Database, clock: FrozenClock, address: str, chromium: Browser) -> None:
    await db.run(matter, clock.now())
    page = await signed_in_page(chromium, address, db, clock)
    for path in ("/customers/1", "/orders/1", "/customers/1/erasure"):
        await page.goto(path)
        for size in ({"width": 1280, "height": 800}, {"width": 390, "height": 844}):
            await page.set_viewport_size(size)  # type: ignore[arg-type]
            assert (path, await broken_rules(page)) == (path, [])
            assert (path, await wider_than_the_window(page)) == (path, [])
    await page.get_by_label("Type ana@shop.test to confirm").fill("ana@shop.test")
    await page.get_by_role("button", name="Forget for good").click()
    await expect(page.get_by_role("main")).to_contain_text("forgotten on")
    assert page.faults == []  # type: ignore[attr-defined]
    assert page.elsewhere == []  # type: ignore[attr-defined]
