"""What a mail wants, as the console shows it, what the agent must know of a draft, and a person's better word."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlmodel import Session, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import Classification, Conversation, ConversationState, Correction, Draft, DraftState, Level
from mailer.replies.queue import wanted
from mailer.web.console.wishes import choices, guesses, likeliest, named
from tests import build
from tests.web.build import case


def change(session: Session, kind: type, **values: Any) -> None:
    """Set fields of the only row of a table."""
    row = session.exec(select(kind)).one()
    for name, value in values.items():
        setattr(row, name, value)


async def page_of(agent: httpx2.AsyncClient, conversation: int, query: str = "") -> str:
    return (await agent.get(f"/conversations/{conversation}{query}")).text


async def test_every_wish_stands_there_with_how_sure_we_are_and_why(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    found = await db.run(case, clock.now())
    told = [build.wish("order_status", Level.MEDIUM, "where is <it>"), build.wish("invoice", Level.HIGH, "invoice")]
    await db.run(
        change, Classification, intents=told, level=Level.MEDIUM, urgency="high", sentiment="negative", language="de",
        tracking_number="JD0146", entities={"size": "M", "dates": ["2026-11-20"], "reason": "too_small"},
        top=[{"intent": "order_status", "confidence": 0.6}, {"intent": "stock", "confidence": 0.2}],
    )  # fmt: skip
    page = await page_of(agent, found.conversation)
    for words in (
        'order status <span class="quiet">Medium, 90 %</span> <q>where is &lt;it&gt;</q>',
        'invoice <span class="quiet">High, 90 %</span> <q>invoice</q>',
        "Or: stock (20 %)",
        '<span class="mark unsure">order status: Medium</span>',
        '<span class="mark urgent">urgent</span>',
        "<dd>de</dd>",
        "<dd>negative</dd>",
        "<dd>JD0146</dd>",
        "<dd>too small</dd>",
        "<dd>2026-11-20</dd>",
    ):
        assert words in page, words
    assert '<span class="mark urgent">urgent</span>' in (await agent.get("/queue")).text
    assert "order status: Medium +1" in (await agent.get("/queue")).text


async def test_what_to_do_first_stands_above_the_button_and_must_be_ticked(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    found = await db.run(case, clock.now())
    assert "That is done" not in await page_of(agent, found.conversation)
    await db.run(change, Draft, before="Cancel order #1001.\nRefund <59.00>.")
    for query in ("", "?edit=true"):
        page = await page_of(agent, found.conversation, query)
        assert "Before you approve:" in page
        assert "<p>Cancel order #1001.</p>" in page
        assert "<p>Refund &lt;59.00&gt;.</p>" in page
    page = await page_of(agent, found.conversation)
    assert page.index("Before you approve") < page.index("That is done") < page.index("Approve and send")
    await agent.post(f"/drafts/{found.draft}/text", data={"version": 1, "text": "Mine."})
    assert "Cancel order #1001." in await page_of(agent, found.conversation)


async def test_a_substitute_language_missing_facts_and_a_holding_reply_are_told(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    found = await db.run(case, clock.now())
    missing = ["shop.reviews_url: add `reviews_url` under [shop] in config.toml"]
    await db.run(change, Draft, wanted_locale="pt", missing=missing, holding=True, asks=True)
    page = await page_of(agent, found.conversation)
    for words in (
        "The customer writes in pt",
        "Facts that would make it better (1)",
        "add `reviews_url` under [shop] in config.toml",
        "a person still answers",
        "the clocks stand still",
    ):
        assert words in page, words


async def test_how_a_draft_sounds_is_told_with_the_line_also_after_an_edit(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    found = await db.run(case, clock.now())
    assert "How it sounds" not in await page_of(agent, found.conversation)
    text = "Hello Ana,\n\nyou must send it back yourself.\n"
    await agent.post(f"/drafts/{found.draft}/text", data={"version": 1, "text": text})
    page = await page_of(agent, found.conversation)
    assert "How it sounds" in page
    assert "Line 3, <q>you must" in page
    assert "Better: " in page


async def test_a_person_s_overtaken_words_are_kept_in_sight_and_can_be_taken_up(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    found = await db.run(case, clock.now())
    await agent.post(f"/drafts/{found.draft}/text", data={"version": 1, "text": "My <own> words."})

    def overtake(session: Session, state: ConversationState) -> None:
        old = session.exec(select(Draft)).one()
        old.state, old.reason = DraftState.STALE, "a newer mail came"
        session.get_one(Conversation, found.conversation).state = state
        if state is ConversationState.DRAFTED:
            now = clock.now()
            new = {"answers_id": found.message, "text": "The machine's.", "created_at": now, "updated_at": now}
            session.add(Draft(conversation_id=found.conversation, **new))

    await db.run(overtake, ConversationState.NEEDS_PERSON)
    page = await page_of(agent, found.conversation, "?kept=true")
    assert "A person&#39;s words, kept" in page or "A person's words, kept" in page
    assert "Not sent: a newer mail came" in page
    assert page.count("My &lt;own&gt; words.") >= 3  # kept, in the form, and among the earlier drafts
    await db.run(overtake, ConversationState.DRAFTED)
    page = await page_of(agent, found.conversation, "?kept=true&edit=true")
    assert "My &lt;own&gt; words." in page


async def test_why_a_mail_is_closed_is_shown(db: Database, clock: FrozenClock, agent: httpx2.AsyncClient) -> None:
    found = await db.run(case, clock.now())
    await db.run(change, Conversation, state=ConversationState.CLOSED, reason="an offer to the shop <b>")
    for address in (f"/conversations/{found.conversation}", "/queue?tab=closed"):
        assert "an offer to the shop &lt;b&gt;" in (await agent.get(address)).text


async def test_an_agent_corrects_the_intent_and_it_is_drafted_anew(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient, woken: list[str]
) -> None:
    found = await db.run(case, clock.now())
    page = await page_of(agent, found.conversation)
    assert '<option value="invoice">invoice</option>' in page
    assert '<option value="order_status">' not in page.partition('id="panes"')[2]
    answer = await agent.post(f"/messages/{found.message}/correction", data={"intent": "invoice"})
    assert answer.status_code == 303
    assert "notice=corrected" in answer.headers["location"]
    assert woken
    correction = await db.read(lambda session: session.exec(select(Correction)).one())
    assert (correction.judged, correction.intent) == ("order_status", "invoice")
    talk = await db.read(lambda session: session.get_one(Conversation, found.conversation))
    assert talk.state == ConversationState.NEEDS_ANSWER
    assert "drafted anew" in await page_of(agent, found.conversation, "?notice=corrected")


@pytest.mark.parametrize(
    ("message", "intent", "status"),
    [(0, "invoice", 404), (4711, "invoice", 404), (1, "bounce", 400), (1, "nonsense", 400), (1, "order_status", 409)],
)
async def test_what_cannot_be_corrected_is_said(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient, message: int, intent: str, status: int
) -> None:
    await db.run(case, clock.now())
    answer = await agent.post(f"/messages/{message}/correction", data={"intent": intent})
    assert (answer.status_code, await db.read(lambda session: session.exec(select(Correction)).all())) == (status, [])


async def test_a_marketer_corrects_nothing(db: Database, clock: FrozenClock, marketer: httpx2.AsyncClient) -> None:
    found = await db.run(case, clock.now())
    answer = await marketer.post(f"/messages/{found.message}/correction", data={"intent": "invoice"})
    assert answer.status_code == 403
    assert "/correction" not in await page_of(marketer, found.conversation)


def test_a_judgement_from_before_several_wishes_is_shown_too(clock: FrozenClock) -> None:
    judged = Classification(
        message_id=1, intent="order_status", confidence=0.5, level=Level.LOW, evidence=["where"], classifier="x",
        top=[{"intent": "stock", "confidence": 0.25}], created_at=clock.now() - timedelta(days=1),
    )  # fmt: skip
    (wish,) = wanted([judged])
    assert (wish.intent, wish.level, wish.evidence) == ("order_status", Level.LOW, ("where",))
    assert guesses(judged) == [("stock", 0.25)]
    assert likeliest(judged) == ["stock", "complaint_dispute", "unsubscribe_privacy"]
    assert list(named(judged)) == []
    assert "order_status" not in choices(judged)
