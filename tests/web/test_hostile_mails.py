"""Every hostile mail, received by the real parser and opened in Chromium: nothing runs, fetches, escapes or leaks."""

import asyncio
from datetime import timedelta

import pytest
from playwright.async_api import Browser, Frame, Page, Request
from sqlmodel import Session, col, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.inbound.child import Reader
from mailer.inbound.receive import receive_stored
from mailer.inbound.showing import Shown
from mailer.model import Blob, Conversation, Mailbox, Message, RawMail, RawMailState
from mailer.signing import digest
from mailer.web.console import mail_bytes
from mailer.web.desk import Desk
from tests.web.browser import ONE_ENGINE, signed_in_page
from tests.web.hostile_mails import HTML, hostile_mails

pytestmark = [pytest.mark.journey, ONE_ENGINE]

BATCH = 30
# What no frame may hold, and that its only style is ours.
HARMFUL = (
    "script, iframe, object, embed, form, input, button, link, base, meta:not([charset]), svg, math, [src]:not(img), "
    "[onerror], [onload], [style], [class], [id], [href], [hx-get], [data-key]"
)
INSIDE = f"""() => ({{
  harmful: [...document.querySelectorAll(`{HARMFUL}`)].map((one) => one.outerHTML.slice(0, 120)),
  styles: document.querySelectorAll("style").length,
  pictures: [...document.images].map((one) => one.src).filter((src) => !src.startsWith("data:image/")),
}})"""
SHOW_ALL = """() => {
  for (const one of document.querySelectorAll("main details")) one.open = true;
  for (const one of document.querySelectorAll("iframe")) one.loading = "eager";
}"""
LOOKS = """() => ["body", "h1", ".bar", ".mail", "button"].map((where) => {
  const style = getComputedStyle(document.querySelector(where));
  return [where, style.color, style.backgroundColor, style.fontFamily, style.display, style.position].join(" ");
})"""
COVERED = """() => [...document.querySelectorAll(".bar a")].some((one) => {
  const box = one.getBoundingClientRect();
  const top = document.elementFromPoint(box.x + 4, box.y + 4);
  return top && !top.closest(".bar");
})"""
# Elements that only a mail could have brought into the page.
BROUGHT = "main :is(script, style, object, embed, svg, base, meta), main [onerror], main [onload]"


async def received(db: Database, clock: FrozenClock) -> list[int]:
    """All of them read by the child process, in conversations of a batch each; the conversations."""
    await db.run(store, clock)
    reader = Reader()
    try:
        while await receive_stored(db, clock, frozenset({"care@shop.test"}), read=reader.read):
            pass
    finally:
        await asyncio.to_thread(reader.close)
    return await db.run(gather)


def store(session: Session, clock: FrozenClock) -> None:
    box = Mailbox(name="support", connected_at=clock.now(), last_poll_at=clock.now())
    session.add(box)
    session.flush()
    for number, mail in enumerate(hostile_mails(), 1):
        raw = RawMail(mailbox_id=box.id or 0, uidvalidity=1, uid=number, sha256=digest(mail.raw), size=len(mail.raw))
        raw.internal_date, raw.stored_at = clock.now() - timedelta(seconds=3_600 - number), clock.now()
        session.add(Blob.of(digest(mail.raw), mail.raw))
        session.flush()
        session.add(raw)


def gather(session: Session) -> list[int]:
    messages = session.exec(select(Message).order_by(col(Message.id))).all()
    places = [one for one in session.exec(select(Conversation.id).order_by(col(Conversation.id))) if one is not None]
    for place, message in enumerate(messages):
        message.conversation_id = places[place // BATCH]
    return places[: (len(messages) - 1) // BATCH + 1]


async def opened(page: Page, conversation: int) -> list[Frame]:
    """The page of a conversation with the HTML of all its mails shown."""
    await page.goto(f"/conversations/{conversation}")
    await page.evaluate(SHOW_ALL)
    wanted = await page.locator("iframe").count()
    while len(page.frames) - 1 < wanted or not all(frame.url.endswith("/html") for frame in page.frames[1:]):
        await asyncio.sleep(0.02)
    for frame in page.frames[1:]:
        await frame.wait_for_load_state()
    return page.frames[1:]


async def test_no_hostile_mail_runs_fetches_escapes_or_leaks(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    mails = hostile_mails()
    assert len(mails) >= 60
    conversations = await received(db, clock)
    quarantined = await db.read(
        lambda session: session.exec(select(RawMail.error).where(RawMail.state == RawMailState.QUARANTINED)).all()
    )
    assert quarantined == []
    page = await signed_in_page(chromium, address, db, clock)
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    looks: list[str] = []
    shown = 0
    for conversation in conversations:
        frames = await opened(page, conversation)
        looks = looks or await page.evaluate(LOOKS)
        assert await page.evaluate(LOOKS) == looks
        assert not await page.evaluate(COVERED)
        for frame in frames:
            found = await frame.evaluate(INSIDE)
            assert found == {"harmful": [], "styles": 1, "pictures": []}, frame.url
        shown += len(frames)
        # Nothing of a mail became an element of the page.
        assert await page.locator(BROUGHT).count() == 0
        assert await page.evaluate("window.pwned") is None
        assert page.url == f"{address}/conversations/{conversation}"
        assert "49{%" not in await page.content()
    assert shown >= 60
    for place in (
        "/queue?tab=needs_person&still=true",
        "/queue?still=true",
        f"/conversations/{conversations[0]}/joining?q=<script>alert(1)</script>",
        "/messages/1/elsewhere",
    ):
        await page.goto(place)
        assert await page.evaluate("window.pwned") is None
    assert dialogs == []
    assert page.faults == []  # type: ignore[attr-defined]
    assert page.elsewhere == []  # type: ignore[attr-defined]


async def test_the_frame_holds_alone_what_cleaning_would_have_missed(
    db: Database, clock: FrozenClock, address: str, chromium: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two walls: were nothing cleaned at all, sandbox and policy would still let nothing run or fetch."""
    sources = list(HTML.values())

    async def uncleaned(here: Desk, message_id: int) -> Shown:
        return Shown(sources[message_id - 1]) if message_id <= len(sources) else Shown("")

    monkeypatch.setattr(mail_bytes, "shown_of", uncleaned)
    conversations = await received(db, clock)
    page = await signed_in_page(chromium, address, db, clock)
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))  # noqa: PLW0108  # playwright looks into it
    for conversation in conversations[: -(-len(sources) // BATCH)]:
        await page.goto(f"/conversations/{conversation}")
        await page.evaluate(SHOW_ALL)
        await page.wait_for_load_state("networkidle")
        assert await page.evaluate("window.pwned") is None
        assert page.url == f"{address}/conversations/{conversation}"
    assert dialogs == []
    # Chromium tells of a request before the policy stops it; one that reached the network has another word of failure.
    outside = [one for one in asked if not one.url.startswith((address, "data:"))]
    assert outside != []
    assert [(one.url, one.failure) for one in outside if (one.failure or "net::").startswith("net::")] == []
