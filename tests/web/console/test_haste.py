"""Hands that are faster than the page: nothing is decided on a mail that nobody had time to look at."""

import asyncio
from datetime import timedelta

import pytest
from playwright.async_api import Browser, Page, Route, expect
from sqlmodel import select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import Delivery, DeliveryState, Draft
from mailer.replies.approve import edit
from tests.web.browser import ONE_ENGINE, ready, signed_in_page
from tests.web.console.test_panes_journey import WIDE, cases, shows

pytestmark = [pytest.mark.journey, ONE_ENGINE]


async def opened(chromium: Browser, address: str, db: Database, clock: FrozenClock, count: int = 4) -> Page:
    """The first of some drafts, with the next two fetched ahead."""
    await cases(db, clock, count)
    page = await signed_in_page(chromium, address, db, clock, viewport=WIDE)
    await page.goto("/conversations/1")
    await ready(page)
    fetched = "() => performance.getEntriesByType('resource').some((one) => one.name.includes('conversations/3'))"
    await page.wait_for_function(fetched)
    return page


async def approved(db: Database) -> int:
    """How many mails are on their way."""
    return len(await db.read(lambda session: session.exec(select(Delivery.id)).all()))


async def test_a_key_that_is_held_down_decides_once(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    page = await opened(chromium, address, db, clock)
    for _ in range(40):
        await page.keyboard.down("a")
        await asyncio.sleep(0.03)
    await page.keyboard.up("a")
    await shows(page, "Matter 1")
    assert await approved(db) == 1


@pytest.mark.parametrize("by", ["key", "mouse"])
async def test_pressed_twice_is_meant_once(
    db: Database, clock: FrozenClock, address: str, chromium: Browser, by: str
) -> None:
    page = await opened(chromium, address, db, clock)
    # The second press comes as soon as the next item is there, long before anybody read it.
    await page.evaluate(
        """(by) => new MutationObserver((_, watch) => {
          if (!document.querySelector('#item[data-conversation="2"]')) return;
          watch.disconnect();
          const button = document.querySelector('#draft-part [data-key=a]');
          if (by === "mouse") button.click();
          else document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "a", bubbles: true }));
        }).observe(document.querySelector("#panes"), { childList: true })""",
        by,
    )
    await page.keyboard.press("a")
    await shows(page, "Matter 1")
    await ready(page)
    assert await approved(db) == 1
    await page.keyboard.press("a")
    await shows(page, "Matter 2")


async def test_who_asked_for_the_editor_and_types_already_approves_nothing(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    page = await opened(chromium, address, db, clock)
    gate = asyncio.Event()

    async def wait(route: Route) -> None:
        await gate.wait()
        await route.continue_()

    await page.route("**/conversations/1?edit=true*", wait)
    await page.keyboard.press("e")
    await page.keyboard.type("all is well")
    gate.set()
    await expect(page.get_by_label("Text of the reply")).to_be_focused()
    assert await approved(db) == 0


async def test_who_went_to_the_search_and_types_already_approves_nothing(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    page = await opened(chromium, address, db, clock)
    gate = asyncio.Event()

    async def wait(route: Route) -> None:
        await gate.wait()
        await route.continue_()

    await page.route("**/search", wait)
    asking = asyncio.create_task(page.wait_for_url("**/search"))
    await page.keyboard.press("/")
    await page.keyboard.type("a")
    await asyncio.sleep(0.3)
    gate.set()
    await asking
    assert await approved(db) == 0


async def test_a_key_that_opened_an_input_types_nothing_into_it(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    page = await opened(chromium, address, db, clock)
    for _ in range(30):
        await page.keyboard.down("n")
        await asyncio.sleep(0.02)
    await page.keyboard.up("n")
    note = page.get_by_label("Note for colleagues")
    await expect(note).to_be_focused()
    await page.keyboard.type("n")
    await expect(note).to_have_value("n")


async def test_keys_act_after_a_box_was_ticked(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    page = await opened(chromium, address, db, clock)
    await page.locator("#list input[type=checkbox]").first.check()
    await page.keyboard.press("j")
    await shows(page, "Matter 1")


async def test_who_goes_on_before_the_answer_is_left_where_they_are(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    page = await opened(chromium, address, db, clock)
    gate = asyncio.Event()

    async def wait(route: Route) -> None:
        answer = await route.fetch()
        await gate.wait()
        await route.fulfill(response=answer)

    await page.route("**/drafts/1/approval", wait)
    await page.keyboard.press("a")
    await page.keyboard.press("j")
    await shows(page, "Matter 1")
    await page.keyboard.press("j")
    await shows(page, "Matter 2")
    gate.set()
    await expect(page.locator("#toasts")).to_contain_text("Reply to c0@shop.test: held")
    await shows(page, "Matter 2")


async def test_enter_that_ends_a_composed_word_runs_no_command(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    page = await opened(chromium, address, db, clock)
    await page.keyboard.press("Control+k")
    await page.get_by_label("Find a command").fill("approve and")
    composing = "new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true })"
    await page.evaluate(f"() => document.activeElement.dispatchEvent({composing})")
    await expect(page.locator("#command-bar")).to_be_visible()
    await page.keyboard.press("Enter")
    await shows(page, "Matter 1")
    assert await approved(db) == 1


async def test_time_in_which_the_machine_slept_is_over_too(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    page = await opened(chromium, address, db, clock)
    await page.keyboard.press("a")
    await expect(page.locator("#toasts [data-hold]")).to_be_visible()
    await ready(page)
    # What runs while a machine is awake stood still meanwhile; its clock did not.
    await page.evaluate("() => { const now = Date.now; Date.now = () => now() + 3_600_000; }")
    await expect(page.locator("#toasts [data-hold]")).to_have_count(0, timeout=3_000)


async def test_a_text_that_a_colleague_saved_meanwhile_is_read_before_it_goes(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    page = await opened(chromium, address, db, clock)
    text = "Hello Ana,\n\nyour parcel is lost.\n\nKind regards\nLinen & Co"
    await db.run(edit, 1, version=1, text=text, agent_id=1, now=clock.now() + timedelta(seconds=1))
    await expect(page.locator("#draft-part")).to_contain_text("version 2", timeout=20_000)
    await expect(page.get_by_role("button", name="Approve and send")).to_be_disabled()
    await expect(page.locator(".stale ins")).to_have_text("lost")
    await page.keyboard.press("a")
    await page.keyboard.press("y")
    await expect(page.get_by_role("button", name="Approve and send")).to_be_enabled()
    await ready(page)
    await page.keyboard.press("a")
    await shows(page, "Matter 1")
    state = await db.read(lambda session: session.get_one(Delivery, 1).state)
    assert state is DeliveryState.UNDOABLE
    assert await db.read(lambda session: session.get_one(Draft, 1).version) == 2
