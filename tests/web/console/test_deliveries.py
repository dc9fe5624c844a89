"""Undo, and the decision on an unknown delivery."""

from datetime import timedelta

import httpx2
import pytest
from sqlmodel import Session

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import Delivery, DeliveryState, Draft, DraftState
from tests.web.build import Case, case, set_delivery


def state_of(session: Session, delivery_id: int) -> DeliveryState:
    return session.get_one(Delivery, delivery_id).state


async def approved(db: Database, clock: FrozenClock, agent: httpx2.AsyncClient) -> Case:
    found = await db.run(case, clock.now())
    assert (await agent.post(f"/drafts/{found.draft}/approval", data={"version": 1})).status_code == 303
    return found


async def test_an_approval_is_taken_back_in_time_and_given_again(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient, woken: list[str]
) -> None:
    found = await approved(db, clock, agent)
    answer = await agent.post("/deliveries/1/cancellation")
    assert answer.headers["location"] == f"/conversations/{found.conversation}?notice=undone"
    assert await db.read(state_of, 1) is DeliveryState.CANCELED
    draft = await db.read(lambda session: session.get_one(Draft, found.draft))
    assert (draft.state, draft.version) == (DraftState.PENDING, 1)
    page = (await agent.get(answer.headers["location"])).text
    assert "Taken back in time, nothing was sent." in page
    assert "Approve and send" in page
    assert (await agent.post(f"/drafts/{found.draft}/approval", data={"version": 1})).status_code == 303
    assert await db.read(state_of, 2) is DeliveryState.UNDOABLE
    assert len(woken) == 3


async def test_after_its_time_nothing_is_taken_back(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    found = await approved(db, clock, agent)
    clock.current += timedelta(seconds=12)
    answer = await agent.post("/deliveries/1/cancellation")
    assert answer.status_code == 409
    assert "can no longer be taken back" in answer.text
    assert f'href="/conversations/{found.conversation}"' in answer.text
    assert await db.read(state_of, 1) is DeliveryState.UNDOABLE


@pytest.mark.parametrize(
    ("decision", "state", "words"),
    [
        ("arrived", DeliveryState.SENT, "Noted: the reply arrived."),
        ("again", DeliveryState.QUEUED, "The reply is queued again."),
    ],
)
async def test_a_person_settles_what_is_unknown(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient, decision: str, state: DeliveryState, words: str
) -> None:
    await approved(db, clock, agent)
    await db.run(set_delivery, 1, DeliveryState.UNKNOWN, "the connection broke")
    assert "Failed or unknown" in (await agent.get("/failed")).text
    answer = await agent.post("/deliveries/1/decision", data={"decision": decision})
    assert answer.status_code == 303
    assert await db.read(state_of, 1) is state
    assert words in (await agent.get(answer.headers["location"])).text


async def test_what_is_not_unknown_is_not_for_people_to_settle(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    await approved(db, clock, agent)
    answer = await agent.post("/deliveries/1/decision", data={"decision": "again"})
    assert answer.status_code == 409
    assert (await agent.post("/deliveries/1/decision", data={"decision": "maybe"})).status_code == 400
    assert (await agent.post("/deliveries/99/decision", data={"decision": "again"})).status_code == 404
    assert await db.read(state_of, 1) is DeliveryState.UNDOABLE
