"""The search page, as a form and while somebody types."""

from datetime import timedelta

import httpx2
import pytest
from playwright.async_api import Browser, expect
from sqlmodel import Session

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.web.console.search import chips
from tests.insight.build import index_all, letter, noted
from tests.web.browser import ONE_ENGINE, broken_rules, press, ready, signed_in_page
from tests.web.build import case


def shop(session: Session, clock: FrozenClock) -> None:
    """Two customers' cases: one in English, one in Chinese."""
    case(session, clock.now())
    case(
        session,
        clock.now() - timedelta(hours=1),
        name="李伟",
        address="li@shop.test",
        subject="物流信息",
        letter="你好，我的<b>物流</b>信息没有更新",
        number="#1002",
    )


@pytest.fixture
def mails(db: Database, clock: FrozenClock) -> None:
    db.run_here(shop, clock)
    index_all(db)


async def test_the_form_works_without_scripts(agent: httpx2.AsyncClient, mails: None) -> None:
    empty = (await agent.get("/search")).text
    assert "What you can look for" in empty
    page = (await agent.get("/search", params={"q": "where ord"})).text
    assert 'value="where ord"' in page
    assert "1 mail" in page
    assert 'href="/conversations/1"' in page
    assert "<mark>where</mark> is my <mark>order</mark> #1001" in page
    assert '<a href="/search" aria-current="page">' in page


async def test_what_customers_write_is_no_html(agent: httpx2.AsyncClient, mails: None) -> None:
    page = (await agent.get("/search", params={"q": "物流"})).text
    assert "我的&lt;b&gt;<mark>物流</mark>&lt;/b&gt;信息没有更新" in page
    hostile = (await agent.get("/search", params={"q": '"><script>x</script> is:<i>'})).text
    assert "<script>x" not in hostile
    assert "<i>" not in hostile


async def test_while_one_types_only_the_part_that_changes_comes(agent: httpx2.AsyncClient, mails: None) -> None:
    answer = await agent.get("/search", params={"q": "物"}, headers={"hx-request": "true"})
    assert answer.text.count("/conversations/2") == 1
    assert "<html" not in answer.text
    assert answer.headers["vary"] == "HX-Request"
    short = await agent.get("/search", params={"q": "w"}, headers={"hx-request": "true"})
    assert "What you can look for" in short.text


async def test_names_of_things_lead_there(agent: httpx2.AsyncClient, mails: None) -> None:
    page = (await agent.get("/search", params={"q": "1002"})).text
    assert 'href="/orders/2"' in page
    assert 'href="/customers/1"' in (await agent.get("/search", params={"q": "ana@shop.test"})).text


async def test_what_cannot_be_read_is_told(agent: httpx2.AsyncClient, mails: None) -> None:
    page = (await agent.get("/search", params={"q": "order before:soon is:late"})).text
    assert "soon is no date that we can read" in page
    assert "late is no state" in page
    assert "No mail and no note has all of this" in (await agent.get("/search", params={"q": "nowhere"})).text


async def test_a_question_without_words_shows_what_one_can_look_for(agent: httpx2.AsyncClient, mails: None) -> None:
    page = (await agent.get("/search", params={"q": "!!!"})).text
    assert "What you can look for" in page
    assert 'href="/search?q=in%3Anotes%20linen"' in page


@pytest.mark.journey
@ONE_ENGINE
async def test_a_note_that_was_found_is_shown_in_its_place(
    db: Database, clock: FrozenClock, address: str, chromium: Browser, mails: None
) -> None:
    page = await signed_in_page(chromium, address, db, clock)

    def fill(session: Session) -> None:
        noted(session, clock.now() - timedelta(days=3), "Ring the <weaver> first")
        for number in range(12):
            letter(session, clock.now(), f"letter {number}\n" * 30, conversation=1, ours=number % 2 == 0)

    await db.run(fill)
    index_all(db)
    await page.goto(f"{address}/search?q=weaver+in:notes")
    hit = page.locator(".hits li")
    await expect(hit).to_contain_text("note of maria")
    await expect(hit.locator("mark")).to_have_text("weaver")
    await expect(page.get_by_role("status")).to_have_text("0 mails · 1 note")
    assert await broken_rules(page) == []
    await ready(page)
    await hit.locator("a").click()
    await expect(page).to_have_url(f"{address}/conversations/1#note-of-1")
    await expect(page.locator("#note-of-1")).to_be_in_viewport()
    await expect(page.locator("#note-of-1")).to_contain_text("Ring the <weaver> first")
    assert page.faults == []  # type: ignore[attr-defined]


def test_chips_switch_filters() -> None:
    assert {chip.words: chip.asked for chip in chips("is:ours")}["Notes"] == "is:note"
    found = {chip.words: (chip.asked, chip.on) for chip in chips("linen is:open from:ana")}
    assert found["Open"] == ("linen from:ana", True)
    assert found["Closed"] == ("linen from:ana is:closed", False)
    assert found["From us"] == ("linen is:open from:ana is:ours", False)
    assert found["from:ana"] == ("linen is:open", True)


@pytest.mark.journey
@ONE_ENGINE
async def test_somebody_finds_a_mail_by_keyboard_alone(
    db: Database, clock: FrozenClock, address: str, chromium: Browser, mails: None
) -> None:
    page = await signed_in_page(chromium, address, db, clock)
    await expect(page.locator("html")).to_have_class("scripted")
    await press(page, "/")
    await expect(page).to_have_url(f"{address}/search")
    await expect(page.get_by_label("Search all mails and notes")).to_be_focused()
    assert await broken_rules(page) == []
    await page.keyboard.type("where is")
    await expect(page.get_by_role("status")).to_have_text("1 mail")
    await expect(page).to_have_url(f"{address}/search?q=where%20is")
    await press(page, "ArrowDown", "ArrowUp", "Control+a")
    await page.keyboard.type("物流")
    await expect(page.locator("mark").first).to_have_text("物流")
    assert await broken_rules(page) == []
    await page.set_viewport_size({"width": 390, "height": 844})
    assert await broken_rules(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    await press(page, "ArrowDown", "Escape", "ArrowDown", "j", "Enter")
    await expect(page).to_have_url(f"{address}/conversations/2")
    assert page.faults == []  # type: ignore[attr-defined]
    assert page.elsewhere == []  # type: ignore[attr-defined]
