"""An agent at work on one conversation in Chromium: deadlines, wishes, notes, HTML, files, joining and its undo."""

import pytest
from playwright.async_api import Browser, Page, expect
from sqlmodel import Session, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import Conversation, ConversationState, Correction, Note, Role
from tests.web.browser import ONE_ENGINE, broken_rules, press, signed_in_page
from tests.web.matters import FILE, Matter, matter, raw_mail

pytestmark = [pytest.mark.journey, ONE_ENGINE]


async def test_an_agent_reads_why_notes_corrects_and_joins(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    found = await db.run(matter, clock.now())
    page = await signed_in_page(chromium, address, db, clock, role=Role.AGENT)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(f"/conversations/{found.conversation}")
    await _reads(page)
    assert not [one for one in asked if one.endswith("/html")]
    await _opens_the_html(page)
    await _takes_files(page)
    await _notes(page, db)
    await _joins(page, db, found)
    await page.goto(f"/conversations/{found.conversation}")
    await _corrects(page, db, found)
    assert page.faults == []  # type: ignore[attr-defined]
    assert page.elsewhere == []  # type: ignore[attr-defined]


async def test_the_page_of_a_conversation_is_for_everybody_on_any_screen(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    found = await db.run(matter, clock.now())
    page = await signed_in_page(chromium, address, db, clock)
    places = (f"/conversations/{found.conversation}", f"/conversations/{found.conversation}/joining?into={found.other}")
    for place in (*places, f"/conversations/{found.conversation}/clocks", f"/messages/{found.message}/elsewhere"):
        for width, height in ((1280, 800), (390, 844)):
            await page.set_viewport_size({"width": width, "height": height})
            await page.goto(place)
            assert await broken_rules(page) == [], (place, width)
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, (place, width)
    assert page.faults == []  # type: ignore[attr-defined]


async def _reads(page: Page) -> None:
    main = page.get_by_role("main")
    await expect(main).to_contain_text("due in 23 h 40 min (10:40 here, 10:40 there)")
    await expect(main.locator("mark")).to_have_text("where is my order")
    await press(page, "w")
    await expect(page.locator("#why")).to_contain_text("1 d of open time")
    recipients = page.get_by_role("region", name="Who gets the answer")
    await expect(recipients).to_contain_text("Cc of the last mail, does not get it")
    await expect(recipients).to_contain_text("This address is new in copy: colleague@customer.test.")
    known = page.get_by_role("complementary", name="What we know")
    for words in ("delayed, Paris", "parcel 1 expected on", "Refund 5.00 EUR", "Which size fits?", "Not written to"):
        await expect(known).to_contain_text(words)
    quotes = page.locator("details.quotes")
    await press(page, "q")
    assert await quotes.evaluate_all("(all) => all.every((one) => one.open)")
    await press(page, "q")
    assert not await quotes.evaluate_all("(all) => all.some((one) => one.open)")


async def _opens_the_html(page: Page) -> None:
    await page.get_by_text("Show as HTML").click()
    frame = page.frame_locator("iframe")
    await expect(frame.locator("body")).to_contain_text("the tracking page [track.example]")
    await expect(frame.locator("body")).to_contain_text("The shirt · pictures.example")
    assert await frame.locator("img").evaluate("(one) => one.naturalWidth") == 10
    # Our own style is let in by its hash.
    assert await frame.locator("small").evaluate("(one) => getComputedStyle(one).opacity") == "0.75"
    await page.get_by_role("link", name="Pictures and links elsewhere").click()
    await expect(page.get_by_role("main")).to_contain_text("its server learns that")
    await expect(page.get_by_role("main")).to_contain_text("https://pixel.example/o.gif")
    await page.get_by_role("link", name="Back to the conversation").click()


async def _takes_files(page: Page) -> None:
    for name, suggested, data in (("receipt.pdf", "receipt.pdf", FILE), ("Download the mail (.eml)", None, raw_mail())):
        async with page.expect_download() as waiting:
            await page.get_by_role("link", name=name).click()
        download = await waiting.value
        assert suggested in (None, download.suggested_filename)
        path = await download.path()
        assert path.read_bytes() == data


async def _notes(page: Page, db: Database) -> None:
    await press(page, "n")
    await page.keyboard.type("Asked the carrier. @Bo Lee, please look.")
    await page.get_by_role("button", name="Keep the note").first.click()
    note = page.get_by_role("article", name="Internal note of ana")
    await expect(note).to_contain_text("Asked the carrier.")
    await note.get_by_text("Change or remove").click()
    await note.get_by_label("Text of the note").fill("The carrier has it.")
    await note.get_by_role("button", name="Keep the note").click()
    await expect(note).to_contain_text("The carrier has it.")
    assert await db.read(lambda session: session.exec(select(Note.text)).all()) == ["The carrier has it."]


async def _joins(page: Page, db: Database, found: Matter) -> None:
    await press(page, "m")
    await page.get_by_role("link", name="Which size fits?").click()
    await expect(page.get_by_role("region", name="What moves")).to_contain_text("3 mails move")
    await page.get_by_role("button", name="Join them").click()
    await page.wait_for_url(f"**/conversations/{found.other}?notice=regrouped&back=regrouping-1")
    await expect(page.get_by_role("main")).to_contain_text("The carrier has it.")
    await page.get_by_role("status").get_by_role("button", name="Undo").click()
    await page.wait_for_url(f"**/conversations/{found.conversation}*")
    assert await db.read(_state, found.conversation) is ConversationState.NEEDS_ANSWER


async def _corrects(page: Page, db: Database, found: Matter) -> None:
    await press(page, "i")
    await expect(page.locator('.choose [data-key="1"]')).to_be_visible()
    await press(page, "1")
    await expect(page.get_by_role("status")).to_contain_text("drafted anew")
    assert await db.read(lambda session: session.exec(select(Correction.intent)).all()) == ["delivery_delay"]
    assert await db.read(_state, found.conversation) is ConversationState.NEEDS_ANSWER


def _state(session: Session, conversation: int) -> ConversationState:
    return session.get_one(Conversation, conversation).state
