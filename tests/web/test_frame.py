"""The frame around every page, in Chromium: the bundle runs under the policy, keys and commands work."""

import pytest
from playwright.async_api import Browser, expect

from mailer.clock import FrozenClock
from mailer.db import Database
from tests.web.browser import ONE_ENGINE, press, signed_in_page
from tests.web.build import case

pytestmark = [pytest.mark.journey, ONE_ENGINE]


async def test_the_command_bar_goes_places_and_keys_are_told(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    await db.run(case, clock.now())
    page = await signed_in_page(chromium, address, db, clock)
    await expect(page.locator("html")).to_have_class("scripted")
    await press(page, "?")
    await expect(page.get_by_role("dialog", name="Keys")).to_contain_text("Search")
    await press(page, "Escape", "Control+k")
    await page.keyboard.type("que")
    await expect(page.get_by_role("dialog", name="Commands").get_by_role("button").first).to_have_text("Queue")
    await press(page, "Enter")
    await expect(page).to_have_url(f"{address}/queue")
    assert page.faults == []  # type: ignore[attr-defined]
    assert page.elsewhere == []  # type: ignore[attr-defined]
