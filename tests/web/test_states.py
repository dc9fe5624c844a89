"""Many items, and items that do not simply get approved, as an agent meets them in Chromium."""

from datetime import timedelta

import pytest
from playwright.async_api import Browser, Page, expect
from sqlmodel import Session, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import (
    Attempt,
    Conversation,
    ConversationState,
    Delivery,
    DeliveryState,
    Dismissal,
    Draft,
    Fault,
    Snooze,
)
from mailer.replies.snooze import wake_due
from tests.web.browser import ONE_ENGINE, broken_rules, press, ready, signed_in_page
from tests.web.build import Case, case, set_delivery

pytestmark = [pytest.mark.journey, ONE_ENGINE]

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}


async def some(db: Database, clock: FrozenClock, count: int) -> list[Case]:
    return [
        await db.run(case, clock.now(), number=f"#{place}", address=f"c{place}@shop.test", name=f"Customer {place}")
        for place in range(1, count + 1)
    ]


async def sound(page: Page) -> None:
    """Nothing that axe finds, on a desk and on a phone, and nothing wider than the phone."""
    for size in (DESK, PHONE):
        await page.set_viewport_size(size)  # type: ignore[arg-type]
        assert await broken_rules(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.set_viewport_size(DESK)  # type: ignore[arg-type]


def quiet(page: Page) -> None:
    assert page.faults == []  # type: ignore[attr-defined]
    assert page.elsewhere == []  # type: ignore[attr-defined]


def snoozed(session: Session) -> list[Snooze | None]:
    return list(session.exec(select(Conversation.snoozed_for).order_by(Conversation.id)))  # type: ignore[arg-type]


async def test_snooze_three_ways_and_wake(db: Database, clock: FrozenClock, address: str, chromium: Browser) -> None:
    found = await some(db, clock, 3)
    page = await signed_in_page(chromium, address, db, clock)
    for one, button in zip(found, ("In 1 hour", "Until the customer answers", "Until the parcel moves"), strict=True):
        await page.goto(f"/conversations/{one.conversation}")
        await press(page, "s")
        await page.get_by_role("button", name=button).click()
        await expect(page.get_by_text("Put aside; it comes back by itself.").first).to_be_visible()
    assert await db.read(snoozed) == [Snooze.UNTIL, Snooze.REPLY, Snooze.PARCEL]
    await page.goto("/queue?tab=snoozed")
    await expect(page.locator("#list li")).to_have_count(3)
    await sound(page)
    clock.current += timedelta(hours=1)
    await db.run(wake_due, now=clock.now())
    await page.goto("/queue")
    await expect(page.locator("#list li")).to_have_count(1)
    await expect(page.locator("#list")).to_contain_text("back: its time is over")
    await page.goto(f"/conversations/{found[2].conversation}?tab=snoozed")
    await sound(page)
    await page.get_by_role("button", name="Back to the queue").click()
    await expect(page.get_by_text("It waits for you again.").first).to_be_visible()
    quiet(page)


async def test_r_and_a_digit_reject_and_undo(db: Database, clock: FrozenClock, address: str, chromium: Browser) -> None:
    first, _ = await some(db, clock, 2)
    page = await signed_in_page(chromium, address, db, clock)
    await page.goto(f"/conversations/{first.conversation}")
    await expect(page.locator(".aside-action[data-module=digits]")).to_be_visible()
    # A digit alone does nothing.
    await press(page, "5", "r")
    await expect(page.get_by_role("button", name="no answer needed")).to_be_visible()
    await sound(page)
    await page.get_by_role("button", name="wrong intent").focus()
    await press(page, "5")
    await expect(page.get_by_text("Closed: nothing is sent.").first).to_be_visible()
    row = await db.read(lambda session: session.exec(select(Dismissal)).one())
    assert row.fault is Fault.NO_ANSWER
    await page.get_by_role("button", name="Undo").first.click()
    await expect(page.get_by_text("Taken back: the draft waits again.").first).to_be_visible()
    talk = await db.read(lambda session: session.get_one(Conversation, first.conversation))
    assert talk.state is ConversationState.DRAFTED
    quiet(page)


async def test_ten_together_without_one_and_all_taken_back(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    await some(db, clock, 10)
    page = await signed_in_page(chromium, address, db, clock)
    await page.goto("/queue")
    rows = page.locator("#list li a")
    await rows.first.focus()
    await press(page, "x")
    await rows.last.focus()
    await press(page, "X")
    await page.get_by_role("button", name="Approve 10 together").click()
    await expect(page.get_by_role("button", name="9 not looked at yet")).to_be_disabled()
    await sound(page)
    await press(page, "x")
    for _ in range(9):
        await press(page, "j")
    await page.get_by_role("button", name="Approve 9 together").click()
    await expect(page.get_by_role("status")).to_contain_text("9 mails are approved")
    await sound(page)
    await press(page, "u")
    await expect(page.get_by_role("status")).to_contain_text("Taken back in time")
    states = await db.read(lambda session: set(session.exec(select(Delivery.state))))
    assert states == {DeliveryState.CANCELED}
    quiet(page)


async def test_the_tray_says_why_and_tries_again(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    (found,) = await some(db, clock, 1)
    page = await signed_in_page(chromium, address, db, clock)
    await page.goto(f"/conversations/{found.conversation}")
    await press(page, "a")
    await expect(page.get_by_text("Reply to c1@shop.test").first).to_be_visible()

    def refuse(session: Session) -> None:
        set_delivery(session, 1, DeliveryState.FAILED, "There is no such address.")
        words = "550 5.1.1 no such user"
        session.add(
            Attempt(
                delivery_id=1,
                number=1,
                owner="w",
                started_at=clock.now(),
                outcome="refused",
                cause="no_such_address",
                server_words=words,
            )
        )
        session.get_one(Conversation, found.conversation).state = ConversationState.NEEDS_PERSON

    await db.run(refuse)
    await page.goto("/queue?tab=failed")
    await expect(page).to_have_url(f"{address}/failed")
    await expect(page.get_by_text("550 5.1.1 no such user")).to_be_visible()
    await sound(page)
    await page.get_by_role("link", name="All tries").click()
    await sound(page)
    await page.get_by_role("button", name="Try now").click()
    await expect(page.get_by_text("nobody received")).to_be_visible()
    row = await db.read(lambda session: session.get_one(Delivery, 1))
    assert row.state is DeliveryState.QUEUED
    quiet(page)


async def test_an_incident_is_written_once(db: Database, clock: FrozenClock, address: str, chromium: Browser) -> None:
    await some(db, clock, 3)
    page = await signed_in_page(chromium, address, db, clock)
    await page.goto("/incidents")
    await page.get_by_text("Declare an incident").click()
    await sound(page)
    await page.get_by_label("Which one?").fill("DHL")
    await page.get_by_role("button", name="Declare").click()
    await page.get_by_label("Text with facts").fill("Hello {{ customer.first_name }}, {{ order.number }} is late.")
    await page.get_by_role("button", name="Keep the text").click()
    await sound(page)
    await page.get_by_role("button", name="Write a draft for each").click()
    await expect(page.get_by_text("3 drafts were written.")).to_be_visible()
    await page.get_by_role("link", name="Look at the 3 mails").click()
    await expect(page.get_by_text("Hello Customer, #1 is late.")).to_be_visible()
    await ready(page)
    await press(page, "j", "j")
    await page.get_by_role("button", name="Approve 3 together").click()
    await expect(page.get_by_role("status")).to_contain_text("3 mails are approved")
    texts = await db.read(lambda session: session.exec(select(Draft.text).where(Draft.trouble_id == 1)).all())
    assert len(texts) == len(set(texts)) == 3
    for place in ("/returns", "/quarantine", "/catch-up"):
        await page.goto(place)
        await sound(page)
    quiet(page)
