"""A person at work in a real browser without JavaScript, against a real server."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import Delivery, DeliveryState, Role
from mailer.web import auth
from tests.web.browser import ONE_ENGINE
from tests.web.build import case

pytestmark = [pytest.mark.journey, ONE_ENGINE]


@pytest.fixture
async def page(address: str, chromium: Browser) -> AsyncIterator[Page]:
    context = await chromium.new_context(base_url=address, java_script_enabled=False)
    yield await context.new_page()


async def test_sign_in_edit_approve_undo_and_approve_again(db: Database, clock: FrozenClock, page: Page) -> None:
    await db.run(case, clock.now())
    person = await db.run(auth.add_agent, "ana", Role.AGENT, clock.now())
    token = await db.run(auth.make_link, person, now=clock.now())
    await page.goto(f"/welcome/{token}")
    await page.get_by_label("Password (at least 10 characters)").fill("correct horse battery")
    await page.get_by_label("The same again").fill("correct horse battery")
    await page.get_by_role("button", name="Set password and sign in").click()
    await page.get_by_role("link", name="Ana Cruz").click()
    await page.get_by_role("link", name="Edit").click()
    await page.get_by_label("Text of the reply").fill("Hello Ana,\n\nit comes on Tuesday.")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status")).to_contain_text("Saved.")
    await page.get_by_role("button", name="Approve and send").click()
    notice = page.get_by_role("status")
    await expect(notice).to_contain_text("held, undo until 11:00:12")
    await notice.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("status")).to_contain_text("Taken back in time")
    await expect(page.get_by_role("main")).to_contain_text("it comes on Tuesday.")
    await page.get_by_role("button", name="Approve and send").click()
    await expect(page.get_by_role("main")).to_contain_text("No draft waits for you.")
    states = await db.read(lambda session: [session.get_one(Delivery, number).state for number in (1, 2)])
    assert states == [DeliveryState.CANCELED, DeliveryState.UNDOABLE]
    await page.get_by_role("button", name="Sign out").click()
    await page.wait_for_url("**/sign-in")
