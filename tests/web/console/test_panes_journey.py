"""Agents at work in real browsers: by keyboard through the list, two on one draft, and news as it happens."""

from datetime import timedelta

import pytest
from playwright.async_api import Browser, Page, expect
from sqlmodel import Session

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import Conversation, Delivery, DeliveryState, Direction, Message, MessageState, Role
from mailer.replies.approve import edit
from tests.web.browser import ONE_ENGINE, broken_rules, press, ready, signed_in_page
from tests.web.build import Case, case

pytestmark = pytest.mark.journey

WIDE = {"width": 1440, "height": 900}


async def cases(db: Database, clock: FrozenClock, count: int) -> list[Case]:
    """So many drafts, the first one due first."""
    now = clock.now()
    return [
        await db.run(
            case,
            now,
            name=f"Customer {number}",
            address=f"c{number}@shop.test",
            number=f"#{number}",
            subject=f"Matter {number}",
            received_at=now - timedelta(hours=20, minutes=-number),
        )
        for number in range(count)
    ]


async def shows(page: Page, subject: str) -> None:
    await expect(page.locator("#item-title")).to_have_text(subject)
    await expect(page.locator('#list a[aria-current="true"] .row-subject')).to_have_text(subject)
    await ready(page)


def writes_again(session: Session, talk: int, clock: FrozenClock) -> None:
    """The customer's second mail, as receiving records it."""
    before = session.get_one(Message, 1)
    session.add(
        Message(
            conversation_id=talk,
            direction=Direction.IN,
            state=MessageState.RECEIVED,
            sha256=before.sha256,
            internet_message_id="<again@customer.test>",
            from_address=before.from_address,
            text="And one thing more",
            received_at=clock.now(),
            created_at=clock.now(),
        )
    )
    session.get_one(Conversation, talk).updated_at = clock.now()


@ONE_ENGINE
async def test_the_list_is_worked_through_by_keyboard(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    await cases(db, clock, 4)
    page = await signed_in_page(chromium, address, db, clock, viewport=WIDE)
    await page.goto("/queue?language=en")
    assert await broken_rules(page) == []
    await press(page, "j", "j", "Enter")
    await shows(page, "Matter 1")
    await expect(page).to_have_url(f"{address}/conversations/2?tab=to_approve&language=en")
    await press(page, "k")
    await shows(page, "Matter 0")
    await press(page, "a")
    await expect(page.locator("#item-title")).to_have_text("Matter 1")
    await expect(page.locator("#toasts")).to_contain_text("Reply to c0@shop.test: held, undo until")
    await press(page, "a")
    await shows(page, "Matter 2")
    await expect(page.locator("#toasts [data-hold]")).to_have_count(2)
    await expect(page.locator("#list a")).to_have_count(2)
    await expect(page).to_have_url(f"{address}/conversations/3?tab=to_approve&language=en")
    assert await broken_rules(page) == []
    await press(page, "u")
    await shows(page, "Matter 1")
    states = await db.read(lambda session: [session.get_one(Delivery, number).state for number in (1, 2)])
    assert states == [DeliveryState.UNDOABLE, DeliveryState.CANCELED]
    await press(page, "j")
    await shows(page, "Matter 2")
    await page.go_back()
    await shows(page, "Matter 1")
    await page.set_viewport_size({"width": 390, "height": 844})
    assert await broken_rules(page) == []
    await page.get_by_role("link", name="Back to the list").click()
    await expect(page).to_have_url(f"{address}/queue?tab=to_approve&language=en")
    assert await broken_rules(page) == []
    assert page.faults == []  # type: ignore[attr-defined]
    assert page.elsewhere == []  # type: ignore[attr-defined]


# The news that the next item changed comes while the answer to a decision is on its way.
_NEWS_BEFORE_ANSWER = """
const Stream = EventSource, plain = fetch;
EventSource = class extends Stream { constructor(address) { super(address); window.stream = this; } };
fetch = async (address, how) => {
  const answer = await plain(address, how);
  if (how?.method === "POST" && String(address).endsWith("/approval")) {
    const data = JSON.stringify({ changed: [2], wrote: [] });
    window.stream.dispatchEvent(new MessageEvent("changed", { data }));
  }
  return answer;
};
"""


@ONE_ENGINE
async def test_a_decision_is_sent_once_though_the_next_item_changes_meanwhile(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    await cases(db, clock, 3)
    page = await signed_in_page(chromium, address, db, clock, viewport=WIDE)
    await page.add_init_script(_NEWS_BEFORE_ANSWER)
    async with page.expect_response("**/conversations/2*"):
        await page.goto("/conversations/1")
    decisions: list[str] = []
    page.on("request", lambda asked: decisions.append(asked.url) if asked.url.endswith("/approval") else None)
    await press(page, "a")
    await shows(page, "Matter 1")
    await expect(page.locator("#toasts")).to_contain_text("Reply to c0@shop.test: held, undo until")
    assert len(decisions) == 1


async def test_two_open_one_draft_and_the_second_sees_the_difference(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    [found, _] = await cases(db, clock, 2)
    ana = await signed_in_page(chromium, address, db, clock, viewport=WIDE)
    bo = await signed_in_page(chromium, address, db, clock, "bo", Role.AGENT, viewport=WIDE)
    await ana.goto(f"/conversations/{found.conversation}")
    await bo.goto("/queue")
    await expect(bo.locator("#list")).to_contain_text("ana has it open")
    await bo.get_by_role("link", name="Customer 0").click()
    await expect(bo.locator("[data-claimed]")).to_have_text("ana has it open")
    await expect(ana.locator("[data-claimed]")).to_have_text("bo has it open")
    text = "Hello Ana,\n\nyour parcel is lost.\n\nKind regards\nLinen & Co"
    await db.run(edit, found.draft, version=1, text=text, agent_id=2, now=clock.now())
    await press(ana, "a")
    await expect(ana.locator("#item")).to_contain_text("bo wrote another text.")
    await expect(ana.locator("#item ins")).to_have_text("lost")
    await expect(ana.locator("#item del")).to_have_text("on its way")
    assert await broken_rules(ana) == []
    await ana.get_by_role("link", name="Go on with what it is now").click()
    await expect(ana.locator("#draft-part .letter", has_text="your parcel is lost.")).to_be_visible()
    await press(ana, "a")
    await shows(ana, "Matter 1")
    await expect(bo.locator("#list a")).to_have_count(1)


async def test_a_customer_writes_while_the_draft_is_open(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    [found] = await cases(db, clock, 1)
    page = await signed_in_page(chromium, address, db, clock, viewport=WIDE)
    async with page.expect_response("**/live"):
        await page.goto(f"/conversations/{found.conversation}")
    await expect(page.locator("#draft-title")).to_be_visible()
    # The stream begins with what is there; only what comes after its first look is news.
    await db.run(case, clock.now(), number="#77", address="new@shop.test", name="New", received_at=clock.now())
    await expect(page.locator('[data-count="to_approve"]')).to_have_text("2")
    await db.run(writes_again, found.conversation, clock)
    await expect(page.locator("#toasts")).to_contain_text("The customer wrote again.")
    await expect(page.locator("#live")).to_have_text("The customer wrote again.")
    await page.locator("#toasts").get_by_role("link", name="Show").click()
    await expect(page.locator("#item")).to_contain_text("And one thing more")
