"""The page of one conversation."""

import httpx2
import pytest
from sqlmodel import Session, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import DeliveryState, Direction, Message
from tests.web.build import ANSWER, case, set_delivery

EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>"


async def test_mail_draft_order_parcel_and_facts_stand_on_one_page(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    found = await db.run(case, clock.now())
    page = (await agent.get(f"/conversations/{found.conversation}")).text
    for words in (
        "where is my order #1001?",
        "&gt; your order is confirmed",
        "your parcel is on its way.",
        "Order #1001",
        "Linen shirt, M",
        "Parcel DHL JD014",
        "in transit",
        "24 Nov 2026",
        "parcel 1 expected on",
        ">21 Nov 2026, 11:00</time></h3>",
        "due in 23 h 40 min",
        "from template order_status (en)",
        "<q>where is my order</q>",
        "Times in Europe/Berlin.",
    ):
        assert words in page, words


async def test_what_customers_write_is_only_text(db: Database, clock: FrozenClock, agent: httpx2.AsyncClient) -> None:
    found = await db.run(case, clock.now(), name=EVIL, subject=EVIL, letter=EVIL, answer=EVIL)
    for query in ("", "?edit=true"):
        page = (await agent.get(f"/conversations/{found.conversation}{query}")).text
        assert "<script>" not in page
        assert "<img" not in page
        assert "&lt;script&gt;" in page


async def test_a_textarea_keeps_the_text_as_it_is(db: Database, clock: FrozenClock, agent: httpx2.AsyncClient) -> None:
    found = await db.run(case, clock.now(), answer="\n</textarea><b>first line empty")
    page = (await agent.get(f"/conversations/{found.conversation}?edit=true")).text
    assert ">\n\n&lt;/textarea&gt;&lt;b&gt;first line empty</textarea>" in page


async def test_while_editing_there_is_nothing_to_approve(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    found = await db.run(case, clock.now())
    page = (await agent.get(f"/conversations/{found.conversation}?edit=true")).text
    assert "/text" in page
    assert "Approve and send" not in page


async def test_a_marketer_reads_and_has_no_buttons(
    db: Database, clock: FrozenClock, marketer: httpx2.AsyncClient
) -> None:
    found = await db.run(case, clock.now())
    page = (await marketer.get(f"/conversations/{found.conversation}?edit=true")).text
    assert "your parcel is on its way." in page
    assert page.count('method="post"') == 1  # signing out
    assert "Agents and admins approve" in page


@pytest.mark.parametrize(
    ("state", "reason", "words"),
    [
        (DeliveryState.SENT, "250 2.0.0 Ok: queued", "accepted by the relay"),
        (DeliveryState.FAILED, "550 no such user", "550 no such user"),
        (DeliveryState.UNKNOWN, "the connection broke after the body", "unknown: the relay may have it"),
        (DeliveryState.WITHHELD, "the facts changed", "withheld, not sent"),
    ],
)
async def test_deliveries_say_what_is_known_of_them(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient, state: DeliveryState, reason: str, words: str
) -> None:
    found = await db.run(case, clock.now())
    await agent.post(f"/drafts/{found.draft}/approval", data={"version": 1})
    page = (await agent.get(f"/conversations/{found.conversation}")).text
    assert "held, undo until" in page
    assert "11:00:12" in page
    await db.run(set_delivery, 1, state, reason)
    page = (await agent.get(f"/conversations/{found.conversation}")).text
    assert words in page
    assert reason in page
    assert ("may be sent twice" in page) is (state is DeliveryState.UNKNOWN)


async def test_what_was_taken_back_is_no_mail_of_ours(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    found = await db.run(case, clock.now())
    await agent.post(f"/drafts/{found.draft}/approval", data={"version": 1})
    assert "Our reply" in (await agent.get(f"/conversations/{found.conversation}")).text
    await agent.post("/deliveries/1/cancellation")
    page = (await agent.get(f"/conversations/{found.conversation}")).text
    assert "Our reply" not in page
    assert "taken back, not sent" in page


async def test_there_is_no_page_for_a_conversation_that_is_not(agent: httpx2.AsyncClient) -> None:
    answer = await agent.get("/conversations/7")
    assert answer.status_code == 404
    assert "there is no conversation 7" in answer.text
    assert ANSWER not in answer.text


async def test_what_speaks_against_a_sender_and_what_came_with_a_mail_are_shown_as_text(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    found = await db.run(case, clock.now())

    def mark(session: Session) -> None:
        for message in session.exec(select(Message).where(Message.direction == Direction.IN)):
            message.warnings = [f"Answers are asked to another address {EVIL}"]
            message.defects = ["encrypted (PGP): it cannot be read here"]
            message.files = [
                {"name": f"photo{EVIL}.jpg", "content_type": "image/jpeg", "size": 2_500_000, "sha256": ""}
            ]
            message.dmarc = "pass"

    await db.run(mark)
    page = (await agent.get(f"/conversations/{found.conversation}")).text
    assert "Answers are asked to another address &lt;script&gt;" in page
    assert "encrypted (PGP)" in page
    assert "2.5 MB" in page
    assert "confirms this mail (DMARC)" in page
    assert "<img" not in page
