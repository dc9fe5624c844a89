"""Decisions on drafts, as a browser makes them."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta

import httpx2
from fastapi import FastAPI
from sqlmodel import Session, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import (
    Approval,
    Conversation,
    ConversationState,
    Delivery,
    DeliveryState,
    Dismissal,
    Draft,
    DraftState,
    ParcelState,
    Role,
    Shipment,
)
from tests.web.build import Case, case
from tests.web.conftest import Entering, browser_on


def draft_of(session: Session, draft_id: int) -> Draft:
    return session.get_one(Draft, draft_id)


def deliver_parcel(session: Session) -> None:
    session.exec(select(Shipment)).one().state = ParcelState.DELIVERED


async def two_cases(db: Database, clock: FrozenClock) -> tuple[Case, Case]:
    first = await db.run(case, clock.now())
    later = clock.now() - timedelta(minutes=1)
    return first, await db.run(
        case, clock.now(), name="Ben", address="ben@shop.test", number="#1002", received_at=later
    )


async def test_an_approval_makes_a_delivery_and_leads_to_the_next_item_with_undo(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient, woken: list[str]
) -> None:
    first, second = await two_cases(db, clock)
    answer = await agent.post(f"/drafts/{first.draft}/approval", data={"version": 1})
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/conversations/{second.conversation}?undo=1"
    assert woken == ["woken"]
    page = (await agent.get(answer.headers["location"])).text
    assert "Reply to ana@shop.test" in page
    assert 'action="/deliveries/1/cancellation"' in page
    delivery = await db.read(lambda session: session.exec(select(Delivery)).one())
    approval = await db.read(lambda session: session.exec(select(Approval)).one())
    assert (delivery.state, delivery.draft_id) == (DeliveryState.UNDOABLE, first.draft)
    assert (approval.version, approval.agent_id) == (1, 1)


async def test_the_last_approval_leads_to_the_queue(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    found = await db.run(case, clock.now())
    answer = await agent.post(f"/drafts/{found.draft}/approval", data={"version": 1})
    assert answer.headers["location"] == "/queue?undo=1"
    assert "held, undo until" in (await agent.get("/queue?undo=1")).text
    clock.current += timedelta(seconds=12)
    late = (await agent.get("/queue?undo=1")).text
    assert "about to be queued" in late
    assert "/cancellation" not in late


async def test_an_old_version_is_not_approved(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient, woken: list[str]
) -> None:
    found = await db.run(case, clock.now())
    await agent.post(f"/drafts/{found.draft}/text", data={"version": 1, "text": "Another text"})
    answer = await agent.post(f"/drafts/{found.draft}/approval", data={"version": 1})
    assert answer.status_code == 409
    assert "you saw version 1, it is version 2 now" in answer.text
    assert f'href="/conversations/{found.conversation}"' in answer.text
    assert woken == []
    assert (await db.read(draft_of, found.draft)).state is DraftState.PENDING


async def test_a_decision_that_is_sent_twice_is_one_and_gets_one_answer(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    found = await db.run(case, clock.now())
    answers = [await agent.post(f"/drafts/{found.draft}/approval", data={"version": 1}) for _ in range(2)]
    assert [answer.headers["location"] for answer in answers] == ["/queue?undo=1"] * 2
    assert len(await db.read(lambda session: session.exec(select(Delivery)).all())) == 1
    await agent.post("/deliveries/1/cancellation")
    again = await agent.post(f"/drafts/{found.draft}/approval", data={"version": 1})
    assert again.headers["location"] == "/queue?undo=2"


async def test_of_many_who_approve_at_once_one_is_first(
    db: Database, clock: FrozenClock, console: FastAPI, enter: Entering
) -> None:
    found = await db.run(case, clock.now())
    async with AsyncExitStack() as stack:
        several = [
            await enter(await stack.enter_async_context(browser_on(console)), name, Role.AGENT) for name in "abcd"
        ]
        asked = [one.post(f"/drafts/{found.draft}/approval", data={"version": 1}) for one in several]
        statuses = sorted(answer.status_code for answer in await asyncio.gather(*asked))
    assert statuses == [303, 409, 409, 409]
    assert len(await db.read(lambda session: session.exec(select(Delivery)).all())) == 1


async def test_changed_facts_are_told_instead_of_sent(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    found = await db.run(case, clock.now())
    await db.run(deliver_parcel)
    answer = await agent.post(f"/drafts/{found.draft}/approval", data={"version": 1})
    assert answer.status_code == 409
    assert "parcels.0.state was in_transit, is delivered" in answer.text


async def test_an_edit_is_a_new_version(db: Database, clock: FrozenClock, agent: httpx2.AsyncClient) -> None:
    found = await db.run(case, clock.now())
    text = "Hello Ana,\r\nit is there tomorrow.\0"
    answer = await agent.post(f"/drafts/{found.draft}/text", data={"version": 1, "text": text})
    assert answer.headers["location"] == f"/conversations/{found.conversation}?notice=edited"
    draft = await db.read(draft_of, found.draft)
    assert (draft.text, draft.version, draft.written_by) == ("Hello Ana,\nit is there tomorrow.\n", 2, 1)
    page = (await agent.get(answer.headers["location"])).text
    assert "Saved." in page
    assert "written by ana" in page


async def test_words_that_come_too_late_are_handed_back(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    found = await db.run(case, clock.now())
    await agent.post(f"/drafts/{found.draft}/text", data={"version": 1, "text": "first"})
    answer = await agent.post(f"/drafts/{found.draft}/text", data={"version": 1, "text": "my <b>long</b> words"})
    assert answer.status_code == 409
    assert "my &lt;b&gt;long&lt;/b&gt; words" in answer.text
    assert (await db.read(draft_of, found.draft)).text == "first\n"


async def test_words_are_handed_back_when_the_session_is_over(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    found = await db.run(case, clock.now())
    clock.current += timedelta(hours=13)
    answer = await agent.post(f"/drafts/{found.draft}/text", data={"version": 1, "text": "my long words"})
    assert answer.status_code == 401
    assert "my long words" in answer.text


async def test_an_empty_text_is_refused(db: Database, clock: FrozenClock, agent: httpx2.AsyncClient) -> None:
    found = await db.run(case, clock.now())
    for text in ("", " \r\n"):
        answer = await agent.post(f"/drafts/{found.draft}/text", data={"version": 1, "text": text})
        assert answer.status_code == 400
    assert (await db.read(draft_of, found.draft)).version == 1


async def test_a_form_without_its_version_changes_nothing(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    found = await db.run(case, clock.now())
    for data in ({}, {"version": "x"}, {"version": "0"}):
        answer = await agent.post(f"/drafts/{found.draft}/approval", data=data)
        assert answer.status_code == 400
        assert "Nothing was changed. version:" in answer.text


async def test_a_dismissal_keeps_its_reason_and_asks_for_a_person(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    first, second = await two_cases(db, clock)
    answer = await agent.post(f"/drafts/{first.draft}/dismissal", data={"version": 1, "reason": " wrong facts "})
    assert answer.headers["location"] == f"/conversations/{second.conversation}?notice=dismissed&back=dismissal-1"
    assert "Draft rejected" in (await agent.get(answer.headers["location"])).text
    dismissal = await db.read(lambda session: session.exec(select(Dismissal)).one())
    assert (dismissal.reason, dismissal.agent_id) == ("wrong facts", 1)
    talk = await db.read(lambda session: session.get_one(Conversation, first.conversation))
    assert talk.state is ConversationState.NEEDS_PERSON
    assert "wrong facts" in (await agent.get("/queue?tab=needs_person")).text
