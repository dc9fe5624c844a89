"""What customers told us by our pages, on the agent's page: words as text, photos as pictures, and an answer."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlmodel import Session, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.feedback.matter import Matter, open_matter
from mailer.feedback.photo import read_photo
from mailer.model import Blob, Delivery, Message, Order
from mailer.signing import digest
from tests.feedback.build import ANA, bought
from tests.web.build import case
from tests.web.public.pages import all_of, picture

EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)> {{7*7}}"


def told(session: Session, clock: FrozenClock, words: str = EVIL) -> int:
    """A return with a photo that a person has to decide."""
    order = session.get_one(Order, bought(session, clock.now()).order)
    photo = read_photo(picture(size=(40, 30)), 100_000)
    session.add(Blob.of(digest(photo.data), photo.data))
    session.flush()
    matter = Matter("return:1", "return", ANA, order, f"return 1 needs a decision: {words}", words, [photo.told()])
    return open_matter(session, matter, now=clock.now())


async def test_the_matter_stands_in_the_queue_and_on_its_page(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    number = await db.run(told, clock)
    listed = (await agent.get("/queue?tab=needs_person")).text
    assert "Return (#1001)" in listed
    page = (await agent.get(f"/conversations/{number}")).text
    for words in (
        "return 1 needs a decision",
        "Order #1001",
        "Linen shirt",
        "Write own reply",
        "It came by one of our",
    ):
        assert words in page, words
    for shown in (listed, page):
        assert "<script>" not in shown
        assert "onerror=alert(1)>" not in shown.replace("onerror=alert(1)&gt;", "")
    assert "&lt;script&gt;" in page


async def test_an_agent_answers_it_like_a_mail(db: Database, clock: FrozenClock, agent: httpx2.AsyncClient) -> None:
    number = await db.run(told, clock, "too small")
    await agent.post(f"/conversations/{number}/replies", data={"text": "Please send it back."})
    page = (await agent.get(f"/conversations/{number}")).text
    assert "Please send it back." in page
    await agent.post("/drafts/1/approval", data={"version": "1"})
    [delivery] = await db.read(all_of(Delivery))
    assert delivery.recipient == ANA
    ours = await db.read(lambda session: session.exec(select(Message).where(Message.direction == "out")).one())
    assert ours.subject == "Re: Return (#1001)"
    assert ours.in_reply_to == ""


async def test_a_photo_is_shown_as_a_picture_and_nothing_else(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    number = await db.run(told, clock)
    page = (await agent.get(f"/conversations/{number}")).text
    assert '<img src="/messages/1/photos/1"' in page
    photo = await agent.get("/messages/1/photos/1")
    assert (photo.status_code, photo.headers["content-type"]) == (200, "image/jpeg")
    assert photo.headers["x-content-type-options"] == "nosniff"
    assert photo.content[:3] == b"\xff\xd8\xff"
    for path in ("/messages/1/photos/2", "/messages/9/photos/1"):
        assert (await agent.get(path)).status_code == 404


def with_a_file(session: Session, clock: FrozenClock) -> int:
    """A mail that brought a file whose bytes are kept under its hash."""
    found = case(session, clock.now())
    message = session.get_one(Message, found.message)
    session.add(Blob.of(digest(b"<svg/>"), b"<svg/>"))
    file: dict[str, Any] = {"name": "photo.jpg", "content_type": "image/jpeg", "size": 6, "sha256": digest(b"<svg/>")}
    message.files = [file]
    return found.message


async def test_a_file_of_a_mail_is_never_served(db: Database, clock: FrozenClock, agent: httpx2.AsyncClient) -> None:
    number = await db.run(with_a_file, clock)
    assert (await agent.get(f"/messages/{number}/photos/1")).status_code == 404


@pytest.mark.parametrize("db", ["sqlite"], indirect=True)
async def test_a_stranger_sees_no_photo(db: Database, clock: FrozenClock, stranger: httpx2.AsyncClient) -> None:
    await db.run(told, clock)
    clock.current += timedelta(minutes=1)
    assert (await stranger.get("/messages/1/photos/1")).status_code == 303
