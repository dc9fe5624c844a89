"""A person's own words."""

import httpx2
from sqlmodel import col, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import Draft, DraftState
from tests.web.build import case


async def test_own_words_become_a_draft_that_takes_the_place_of_the_old_one(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    found = await db.run(case, clock.now())
    place = f"/conversations/{found.conversation}"
    answer = await agent.post(f"{place}/replies", data={"text": "Dear Ana,\r\n\r\nI looked myself."})
    assert answer.headers["location"] == f"{place}?notice=written"
    page = (await agent.get(answer.headers["location"])).text
    assert "I looked myself." in page
    assert "written by ana" in page
    drafts = await db.read(lambda session: session.exec(select(Draft).order_by(col(Draft.id))).all())
    assert [draft.state for draft in drafts] == [DraftState.STALE, DraftState.PENDING]
    approval = await agent.post(f"/drafts/{drafts[1].id}/approval", data={"version": 1})
    assert approval.status_code == 303


async def test_no_words_are_no_reply(db: Database, clock: FrozenClock, agent: httpx2.AsyncClient) -> None:
    found = await db.run(case, clock.now())
    place = f"/conversations/{found.conversation}"
    for data in ({}, {"text": "  "}):
        assert (await agent.post(f"{place}/replies", data=data)).status_code == 400
    assert (await agent.post("/conversations/99/replies", data={"text": "words"})).status_code == 404
