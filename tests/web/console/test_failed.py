"""The tray, one delivery, and what a person does about it, in a browser."""

import httpx2
import pytest
from sqlmodel import Session, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import Conversation, ConversationState, Delivery, DeliveryState, Draft, DraftState, SendAnyway
from tests.web.build import case, set_delivery


async def stranded(db: Database, clock: FrozenClock, agent: httpx2.AsyncClient, state: DeliveryState) -> None:
    found = await db.run(case, clock.now())
    await agent.post(f"/drafts/{found.draft}/approval", data={"version": 1})

    def end(session: Session) -> None:
        set_delivery(session, 1, state, "550 <no> such user")
        session.exec(select(Conversation)).one().state = ConversationState.NEEDS_PERSON

    await db.run(end)


async def the_delivery(db: Database) -> Delivery:
    return await db.read(lambda session: session.get_one(Delivery, 1))


async def test_the_tab_leads_to_the_tray(db: Database, clock: FrozenClock, agent: httpx2.AsyncClient) -> None:
    await stranded(db, clock, agent, DeliveryState.FAILED)
    answer = await agent.get("/queue?tab=failed&notice=again")
    assert answer.headers["location"] == "/failed?notice=again"
    page = (await agent.get("/failed")).text
    assert "550 &lt;no&gt; such user" in page
    for way in ("retry", "draft", "giving-up"):
        assert f'action="/deliveries/1/{way}"' in page
    assert "No mail is in this state" in (await agent.get("/failed?state=bounced")).text
    assert (await agent.get("/failed?state=lost")).status_code == 400


@pytest.mark.parametrize(
    ("before", "way", "form", "after"),
    [
        (DeliveryState.FAILED, "retry", {}, DeliveryState.QUEUED),
        (DeliveryState.WITHHELD, "anyway", {"reason": "she phoned"}, DeliveryState.QUEUED),
        (DeliveryState.BOUNCED, "giving-up", {}, DeliveryState.BOUNCED),
        (DeliveryState.QUEUED, "hold", {"reason": "wait"}, DeliveryState.HELD),
        (DeliveryState.HELD, "release", {}, DeliveryState.QUEUED),
        (DeliveryState.QUEUED, "withdrawal", {}, DeliveryState.CANCELED),
    ],
)
async def test_a_person_intervenes(
    db: Database,
    clock: FrozenClock,
    agent: httpx2.AsyncClient,
    before: DeliveryState,
    way: str,
    form: dict[str, str],
    after: DeliveryState,
) -> None:
    await stranded(db, clock, agent, before)
    answer = await agent.post(f"/deliveries/1/{way}", data=form)
    assert (await the_delivery(db)).state is after
    page = await agent.get(answer.headers["location"])
    assert 'class="notice"' in page.text
    assert (await agent.get("/deliveries/1")).status_code == 200


async def test_a_reason_is_kept_and_asked_for(db: Database, clock: FrozenClock, agent: httpx2.AsyncClient) -> None:
    await stranded(db, clock, agent, DeliveryState.WITHHELD)
    assert (await agent.post("/deliveries/1/anyway", data={"reason": " "})).status_code == 400
    await agent.post("/deliveries/1/anyway", data={"reason": "she phoned"})
    row = await db.read(lambda session: session.exec(select(SendAnyway)).one())
    assert (row.reason, row.agent_id) == ("she phoned", 1)


async def test_edit_and_send_again_opens_the_draft(db: Database, clock: FrozenClock, agent: httpx2.AsyncClient) -> None:
    await stranded(db, clock, agent, DeliveryState.FAILED)
    answer = await agent.post("/deliveries/1/draft")
    assert answer.headers["location"] == "/conversations/1?edit=true#text"
    pending = select(Draft).where(Draft.state == DraftState.PENDING)
    assert (await db.read(lambda session: session.exec(pending).one())).written_by == 1
    assert (await agent.post("/deliveries/99/draft")).status_code == 404


async def test_an_address_is_held_and_released(db: Database, clock: FrozenClock, agent: httpx2.AsyncClient) -> None:
    await stranded(db, clock, agent, DeliveryState.QUEUED)
    assert (await agent.post("/holds", data={"address": "nobody"})).status_code == 400
    await agent.post("/holds", data={"address": "Ana@shop.test", "reason": "moves house"})
    assert (await the_delivery(db)).state is DeliveryState.HELD
    page = (await agent.get("/failed")).text
    assert "Everything to ana@shop.test" in page
    assert "moves house" in page
    await agent.post("/holds/release", data={"address": "ana@shop.test"})
    assert (await the_delivery(db)).state is DeliveryState.QUEUED
    assert (await agent.post("/holds/release", data={"address": "ana@shop.test"})).status_code == 404


async def test_there_is_no_plan_when_nothing_waits(agent: httpx2.AsyncClient) -> None:
    assert "No step of a flow is due" in (await agent.get("/catch-up")).text
    assert (await agent.post("/catch-up/release")).status_code == 404
