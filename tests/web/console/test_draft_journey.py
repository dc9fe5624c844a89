"""The draft in Chromium: typed and kept, overtaken while it is open, another template, two languages, a gap."""

from datetime import timedelta

import pytest
from playwright.async_api import Browser, Page, expect
from sqlmodel import Session, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import Draft, Order, ParcelState, Shipment
from mailer.replies.draft import draft_waiting
from tests import build
from tests.web.browser import ONE_ENGINE, broken_rules, press, ready, signed_in_page, wider_than_the_window

pytestmark = pytest.mark.journey

NARROW = {"width": 390, "height": 844}


def deliver(session: Session, case: build.Asked, clock: FrozenClock) -> None:
    parcel = session.exec(select(Shipment).where(Shipment.order_id == case.order)).one()
    parcel.state, parcel.state_at = ParcelState.DELIVERED, clock.now()
    session.get_one(Order, case.order).recorded_at = clock.now()


async def opened(browser: Browser, address: str, db: Database, clock: FrozenClock) -> tuple[Page, build.Asked]:
    case = await db.run(build.asked, clock.now())
    page = await signed_in_page(browser, address, db, clock)
    await page.goto(f"/conversations/{case.conversation}")
    return page, case


async def spotless(page: Page) -> None:
    assert await broken_rules(page) == []
    await page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    assert await broken_rules(page) == []
    assert await wider_than_the_window(page) == []
    await page.set_viewport_size({"width": 1280, "height": 800})
    assert page.faults == []  # type: ignore[attr-defined]
    assert page.elsewhere == []  # type: ignore[attr-defined]


@ONE_ENGINE
async def test_what_is_typed_is_kept_and_one_goes_back(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    page, case = await opened(chromium, address, db, clock)
    await press(page, "e")
    area = page.get_by_label("Text of the reply")
    await expect(area).to_be_focused()
    await area.press("End")
    await page.keyboard.type(" You must wait for [..]!")
    await expect(page.locator("[data-difference] ins")).to_have_text(" You must wait for [..]!")
    await expect(page.get_by_text("Kept, ")).to_be_visible()
    await expect(page.get_by_text("It gives orders.")).to_be_visible()
    await spotless(page)
    await page.get_by_role("link", name="Leave").click()
    await expect(page.get_by_text("typed on this text and did not save it")).to_be_visible()
    await press(page, "e")
    await expect(page.get_by_label("Text of the reply")).to_have_value(
        (await db.read(lambda session: session.get_one(Draft, case.draft).text)).replace(
            "Hello Anabel,", "Hello Anabel, You must wait for [..]!"
        )
    )
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.locator(".gap")).to_have_text("Missing: [..]")
    await expect(page.get_by_role("button", name="Approve and send")).to_be_disabled()
    await press(page, "a")
    await spotless(page)
    await press(page, "e")
    await page.get_by_text("Versions (").click()
    await page.get_by_role("button", name="Go back to version 2").click()
    await expect(page.locator("[data-difference] ins")).to_have_count(0)
    await press(page, "Control+Enter")
    await expect(page.get_by_role("button", name="Approve and send")).to_be_enabled()
    assert (await db.read(lambda session: session.get_one(Draft, case.draft).version)) == 3
    await press(page, "a")
    await expect(page).to_have_url(f"{address}/queue")


@ONE_ENGINE
async def test_an_order_that_changes_while_the_draft_is_open_stops_approval_until_it_was_seen(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    page, case = await opened(chromium, address, db, clock)
    await press(page, "e")
    await page.get_by_label("Text of the reply").fill("Dear Anabel, it is on its way.")
    await press(page, "Control+Enter")
    await expect(page.get_by_role("button", name="Approve and send")).to_be_enabled()
    clock.current += timedelta(minutes=5)
    await db.run(deliver, case, clock)
    await expect(page.get_by_role("heading", name="Something changed since this was written")).to_be_visible()
    await expect(page.get_by_role("row", name="order state")).to_contain_text("in transit")
    await expect(page.get_by_role("row", name="order state")).to_contain_text("delivered")
    await expect(page.get_by_role("button", name="Approve and send")).to_be_disabled()
    await press(page, "a")
    await spotless(page)
    await press(page, "y")
    await expect(page.get_by_role("button", name="Approve and send")).to_be_enabled()
    await press(page, "g")
    await expect(page.get_by_text("is marked as delivered").first).to_be_visible()
    await expect(page.get_by_role("heading", name="A person's words, kept")).to_be_visible()


async def test_a_mail_that_comes_while_the_draft_is_open_is_told_and_answered(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    page, case = await opened(chromium, address, db, clock)
    clock.current += timedelta(minutes=5)

    def write(session: Session) -> None:
        build.customer_mail(
            session, clock.now(), conversation=case.conversation, order=case.order, intent="positive_feedback"
        )

    await db.run(write)
    await expect(page.locator(".stale").get_by_text("The customer wrote again")).to_be_visible()
    await expect(page.get_by_role("button", name="Approve and send")).to_be_disabled()
    from mailer.rendering.catalog import Catalog

    assert await draft_waiting(db, clock, Catalog(build.TEMPLATES), build.HOUSE)
    await expect(page.get_by_role("heading", name="This was drafted anew while you had it open")).to_be_visible()
    await expect(page.get_by_role("button", name="Approve and send")).to_be_disabled()
    await press(page, "y")
    await expect(page.get_by_role("button", name="Approve and send")).to_be_enabled()
    await press(page, "a")
    await expect(page).to_have_url(f"{address}/queue")


@ONE_ENGINE
async def test_who_types_is_told_and_not_disturbed(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    page, case = await opened(chromium, address, db, clock)
    await press(page, "e")
    await page.get_by_label("Text of the reply").fill("My own words.")
    clock.current += timedelta(minutes=5)
    await db.run(deliver, case, clock)
    await expect(page.get_by_role("heading", name="Something changed since this was written")).to_be_visible()
    await expect(page.get_by_label("Text of the reply")).to_have_value("My own words.")
    await page.keyboard.type(" More.")
    await expect(page.get_by_label("Text of the reply")).to_have_value("My own words. More.")


@ONE_ENGINE
async def test_another_template_two_languages_and_what_will_be_sent(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    page, _ = await opened(chromium, address, db, clock)
    await press(page, "t")
    await page.get_by_role("link", name="positive feedback").click()
    await page.get_by_role("link", name="de", exact=True).click()
    await expect(page.get_by_text("Guten Tag Anabel")).to_be_visible()
    await spotless(page)
    await page.get_by_role("button", name="Draft from this template").click()
    await page.wait_for_url("**/conversations/*")
    await ready(page)
    await press(page, "l")
    await expect(page.get_by_role("heading", name="Two languages side by side")).to_be_visible()
    await expect(page.get_by_text("are the same on both sides")).to_be_visible()
    await expect(page.locator(".sides > div").first).to_contain_text("Hello Anabel,")
    await spotless(page)
    await press(page, "p")
    await expect(page.frame_locator("iframe").get_by_text("Guten Tag Anabel")).to_be_visible()
    await spotless(page)


async def test_the_second_of_two_who_write_is_told(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    page, case = await opened(chromium, address, db, clock)
    other = await signed_in_page(chromium, address, db, clock, name="ben")
    for one in (page, other):
        await one.goto(f"/conversations/{case.conversation}?edit=true")
        await ready(one)
    await page.get_by_label("Text of the reply").fill("Ana's words")
    await expect(page.get_by_text("Kept, ")).to_be_visible()
    await other.get_by_label("Text of the reply").fill("Ben's words")
    await expect(other.get_by_text("ana writes here too")).to_be_visible()
    await expect(other.get_by_label("Text of the reply")).to_have_value("Ben's words")
    await other.get_by_role("button", name="Keep mine as the newest version").click()
    await expect(other.get_by_text("Kept, ")).to_be_visible()
