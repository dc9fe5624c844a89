"""The quarantine and the joining of conversations in the console."""

import httpx2
import pytest
from playwright.async_api import Browser, expect
from sqlmodel import Session

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.errors import InputError
from mailer.inbound.parsed import ParsedMail
from mailer.inbound.receive import receive_stored
from mailer.model import Conversation, RawMail, RawMailState
from tests import build
from tests.web.browser import ONE_ENGINE, signed_in_page

HOSTILE = b"Subject: <script>alert(1)</script>\r\n\r\nwords"


def unreadable(session: Session, clock: FrozenClock) -> int:
    number = build.raw_mail(session, clock.now(), HOSTILE)
    row = session.get_one(RawMail, number)
    row.state, row.error = RawMailState.QUARANTINED, "too many parts"
    return number


async def test_a_mail_in_quarantine_is_shown_as_text_downloaded_and_tried_again(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient, woken: list[str]
) -> None:
    number = await db.run(unreadable, clock)
    tab = (await agent.get("/quarantine")).text
    assert f'action="/quarantine/{number}/retry"' in tab
    page = await agent.get(f"/quarantine/{number}/text")
    assert "&lt;script&gt;" in page.text
    assert "<script>" not in page.text
    raw = await agent.get(f"/quarantine/{number}/raw")
    assert raw.content == HOSTILE
    assert raw.headers["content-type"] == "application/octet-stream"
    assert raw.headers["content-disposition"] == f'attachment; filename="mail-{number}.eml"'
    answer = await agent.post(f"/quarantine/{number}/retry")
    assert answer.headers["location"] == "/quarantine?notice=retried"
    assert woken
    assert (await agent.post(f"/quarantine/{number}/retry")).status_code == 409
    assert (await agent.get("/quarantine/999/raw")).status_code == 404


async def test_two_conversations_are_joined_parted_and_put_back(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    def two(session: Session) -> tuple[int, int, int]:
        first = build.customer_mail(session, clock.now())
        second = build.customer_mail(session, clock.now(), sender="bo@customer.test")
        session.get_one(Conversation, second.conversation_id).possibly_of = first.conversation_id
        return first.conversation_id, second.conversation_id, second.id or 0

    first, second, mail = await db.run(two)
    assert f'Possibly belongs to <a href="/conversations/{first}"' in (await agent.get(f"/conversations/{second}")).text
    joined = await agent.post(f"/conversations/{second}/merges", data={"into": first})
    assert joined.headers["location"] == f"/conversations/{first}?notice=regrouped&back=regrouping-1"
    page = (await agent.get(f"/conversations/{first}")).text
    assert 'action="/regroupings/1/undo"' in page
    assert f'name="message" value="{mail}"' in page
    parted = await agent.post(f"/conversations/{first}/splits", data={"message": mail})
    assert parted.status_code == 303
    for made in (2, 1):
        assert (await agent.post(f"/regroupings/{made}/undo")).status_code == 303
    assert (await agent.post("/regroupings/1/undo")).status_code == 409
    assert (await agent.post(f"/conversations/{first}/merges", data={"into": first})).status_code == 409


def broken(raw: bytes, box: str) -> ParsedMail:
    """A reader as it was before somebody mended it."""
    raise InputError("mail", ["too many parts"])


@pytest.mark.journey
@ONE_ENGINE
async def test_an_operator_tries_a_mail_again_and_sees_on_health_that_it_was_read(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    await db.run(lambda session: build.raw_mail(session, clock.now(), build.mail_bytes("Where is my order?")))
    own = frozenset({"care@shop.test"})
    assert await receive_stored(db, clock, own, read=broken)
    page = await signed_in_page(chromium, address, db, clock, name="root")
    received = page.get_by_role("region", name="Mails", exact=True).locator("div", has_text="Received")
    await page.goto("/health")
    await expect(received).to_contain_text("1 quarantined")
    await expect(page.get_by_role("region", name="Waits for people")).to_contain_text("quarantine")
    # Still broken: it comes back, with its reason, and is not lost.
    for read in (broken, None):
        await page.goto("/quarantine")
        await expect(page.get_by_role("main")).to_contain_text("too many parts")
        await page.get_by_role("button", name="Retry").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("main")).to_contain_text("Every mail could be read.")
        assert await receive_stored(db, clock, own, read=read)
    await page.goto("/health")
    await expect(received).to_contain_text("1 received")
    await expect(received).not_to_contain_text("quarantined")
    await page.goto("/quarantine")
    await expect(page.get_by_role("main")).to_contain_text("Every mail could be read.")
    assert page.faults == []  # type: ignore[attr-defined]
