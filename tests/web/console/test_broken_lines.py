"""What an open page does while the line, the server or the session goes, and when it comes back."""

import re

import pytest
from playwright.async_api import Browser, Page, Route, expect
from sqlmodel import select, update

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import AgentSession, Approval, DraftVersion, Note
from tests.web.browser import ONE_ENGINE, ready, signed_in_page
from tests.web.console.test_panes_journey import WIDE, cases, shows

pytestmark = [pytest.mark.journey, ONE_ENGINE]


async def opened(chromium: Browser, address: str, db: Database, clock: FrozenClock, count: int = 4) -> Page:
    await cases(db, clock, count)
    page = await signed_in_page(chromium, address, db, clock, viewport=WIDE)
    await page.goto("/conversations/1")
    await ready(page)
    return page


async def test_a_decision_whose_answer_was_lost_is_not_sent_again_by_itself(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    page = await opened(chromium, address, db, clock)
    sent: list[str] = []

    async def lose(route: Route) -> None:
        sent.append(route.request.url)
        if len(sent) == 1:
            await route.fetch(max_redirects=0)
            await route.abort("connectionreset")
        else:
            await route.continue_()

    await page.route("**/approval", lose)
    await page.keyboard.press("a")
    await expect(page.locator("#toasts")).to_contain_text("The server does not answer")
    assert len(sent) == 1
    await shows(page, "Matter 0")
    # The page hears what became of it, and offers the way back.
    await expect(page.locator("#draft-part")).to_contain_text("held, undo until", timeout=20_000)
    await expect(page.locator("#draft-part").get_by_role("button", name="Undo")).to_be_visible()
    assert len(await db.read(lambda session: session.exec(select(Approval.id)).all())) == 1


async def test_words_stay_on_the_page_while_the_server_is_away(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    page = await opened(chromium, address, db, clock)
    await page.keyboard.press("e")
    area = page.get_by_label("Text of the reply")
    await expect(area).to_be_focused()
    await page.route("**/*", lambda route: route.abort("connectionrefused"))
    await area.fill("Many words that took an hour.")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#toasts")).to_contain_text("The server does not answer")
    await expect(area).to_have_value("Many words that took an hour.")
    await page.unroute_all()
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#draft-part .letter")).to_have_text("Many words that took an hour.")


async def test_a_page_stays_while_the_server_starts_anew(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    page = await opened(chromium, address, db, clock)
    await page.route("**/*", lambda route: route.abort("connectionrefused"))
    await page.keyboard.press("j")
    await expect(page.locator("#toasts")).to_contain_text("The server does not answer")
    await shows(page, "Matter 0")
    await page.unroute_all()
    await page.keyboard.press("j")
    await shows(page, "Matter 1")


async def test_a_session_that_ended_is_told_and_takes_no_words(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    page = await opened(chromium, address, db, clock)
    await page.keyboard.press("n")
    await page.get_by_label("Note for colleagues").fill("Do not send this before Monday.")
    await db.run(lambda session: session.exec(update(AgentSession).values(ended_at=clock.now())) and None)
    await page.evaluate("document.dispatchEvent(new CustomEvent('live:changed'))")
    told = page.locator("#toasts").get_by_text("You are no longer signed in")
    await expect(told).to_be_visible()
    await expect(page.locator("#draft-part")).not_to_contain_text("Sign in")
    await page.get_by_role("button", name="Keep the note").click()
    await expect(told).to_be_visible()
    await expect(page.get_by_label("Note for colleagues")).to_have_value("Do not send this before Monday.")


_OUT_OF_SIGHT = """() => {
  Object.defineProperty(document, "hidden", { get: () => true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


async def test_seven_tabs_of_one_browser_are_all_served(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    page = await opened(chromium, address, db, clock)
    for _ in range(7):
        # A browser without a screen takes every tab for one in sight.
        await page.evaluate(_OUT_OF_SIGHT)
        page = await page.context.new_page()
        await page.goto("/conversations/1", timeout=10_000)
    await ready(page)
    await page.keyboard.press("j")
    await shows(page, "Matter 1")


_STREAMS = """
const Stream = EventSource;
window.streams = [];
EventSource = class extends Stream { constructor(address) { super(address); window.streams.push(this); } };
"""


async def test_a_stream_that_was_refused_is_asked_for_again(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    await cases(db, clock, 2)
    page = await signed_in_page(chromium, address, db, clock, viewport=WIDE)
    await page.add_init_script(_STREAMS)
    refused: list[str] = []

    async def refuse(route: Route) -> None:
        # A proxy says so while the server behind it starts.
        refused.append(route.request.url)
        await route.fulfill(status=502, body="Bad gateway") if len(refused) == 1 else await route.continue_()

    await page.route("**/live", refuse)
    await page.goto("/conversations/1")
    await ready(page)
    await page.wait_for_function("() => window.streams.at(-1).readyState === 1", timeout=20_000)
    assert len(refused) > 1


async def test_words_of_a_note_come_back_with_their_conversation(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    page = await opened(chromium, address, db, clock)
    await page.keyboard.press("n")
    note = page.get_by_label("Note for colleagues")
    await note.fill("Ask the warehouse first.")
    await page.locator("#draft-title").click()
    await page.keyboard.press("j")
    await shows(page, "Matter 1")
    await expect(page.locator("#toasts")).to_contain_text("not kept")
    await page.keyboard.press("k")
    await shows(page, "Matter 0")
    await expect(note).to_have_value("Ask the warehouse first.")
    await page.get_by_role("button", name="Keep the note").click()
    await expect(page.locator("#item")).to_contain_text("Ask the warehouse first.")
    await expect(note).to_have_value("")
    assert await db.read(lambda session: session.exec(select(Note.text)).all()) == ["Ask the warehouse first."]


async def test_a_look_at_a_fact_leaves_what_is_typed(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    page = await opened(chromium, address, db, clock)
    await page.keyboard.press("n")
    note = page.get_by_label("Note for colleagues")
    await note.fill("Ask the warehouse first.")
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if re.search(r"conversations/1($|\?)", one.url) else None)
    await page.evaluate("location.hash = 'draft-title'")
    await page.wait_for_function("() => location.hash === '#draft-title'")
    await page.go_back()
    await page.wait_for_function("() => location.hash === ''")
    assert asked == []
    await expect(note).to_have_value("Ask the warehouse first.")


async def test_the_last_words_are_kept_by_who_leaves_at_once(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    page = await opened(chromium, address, db, clock)
    await page.keyboard.press("e")
    area = page.get_by_label("Text of the reply")
    await area.fill("Half a thought.")
    await page.get_by_role("link", name="Leave").click()
    await expect(page.get_by_text("typed on this text and did not save it")).to_be_visible()
    await page.keyboard.press("e")
    await expect(area).to_have_value("Half a thought.")
    await page.keyboard.press("End")
    await area.fill("Half a thought. And the other half.")
    await expect(page.get_by_text("Kept, ")).to_be_visible()
    texts = await db.read(lambda session: session.exec(select(DraftVersion.text)).all())
    assert "Half a thought. And the other half." in texts
