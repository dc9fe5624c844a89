"""Putting aside and rejecting, as a browser does it, and the way back."""

from datetime import timedelta

import httpx2
import pytest
from sqlmodel import Session, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import Conversation, ConversationState, Dismissal, Draft, DraftState, Fault, Snooze
from tests.web.build import case


def talk(session: Session) -> Conversation:
    return session.exec(select(Conversation)).one()


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ({"when": "hour"}, Snooze.UNTIL),
        ({"when": "day", "day": "2026-12-01"}, Snooze.UNTIL),
        ({"when": "reply"}, Snooze.REPLY),
        ({"when": "parcel"}, Snooze.PARCEL),
    ],
)
async def test_aside_and_back(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient, form: dict[str, str], kind: Snooze
) -> None:
    found = await db.run(case, clock.now())
    answer = await agent.post(f"/conversations/{found.conversation}/snooze", data=form)
    assert answer.headers["location"] == f"/queue?notice=snoozed&back=snooze-{found.conversation}"
    assert (await db.read(talk)).snoozed_for is kind
    page = (await agent.get(answer.headers["location"])).text
    undo = f"/conversations/{found.conversation}/snooze/end"
    assert f'action="{undo}"' in page
    assert "Ana Cruz" not in page
    assert "Ana Cruz" in (await agent.get("/queue?tab=snoozed")).text
    assert "Snoozed until" in (await agent.get(f"/conversations/{found.conversation}")).text
    assert (await agent.post(undo)).status_code == 303
    assert (await db.read(talk)).snoozed_for is None
    assert "Ana Cruz" in (await agent.get("/queue")).text


async def test_a_moment_that_is_over_is_refused(db: Database, clock: FrozenClock, agent: httpx2.AsyncClient) -> None:
    found = await db.run(case, clock.now())
    for form in ({"when": "day", "day": "2020-01-01"}, {"when": "day"}, {"when": "day", "day": "soon"}, {"when": "?"}):
        assert (await agent.post(f"/conversations/{found.conversation}/snooze", data=form)).status_code == 400
    assert (await agent.post("/conversations/999/snooze", data={"when": "hour"})).status_code == 404


@pytest.mark.parametrize("back", ["snooze-x", "session-1", "snooze-1/../..", "https://elsewhere.test"])
async def test_a_way_back_is_one_of_ours(agent: httpx2.AsyncClient, back: str) -> None:
    assert (await agent.get("/queue", params={"back": back})).status_code == 400


@pytest.mark.parametrize("fault", list(Fault))
async def test_a_fault_and_its_undo(db: Database, clock: FrozenClock, agent: httpx2.AsyncClient, fault: Fault) -> None:
    found = await db.run(case, clock.now())
    form = {"version": 1, "fault": fault.value}
    answer = await agent.post(f"/drafts/{found.draft}/dismissal", data=form)
    assert answer.status_code == 303
    row = await db.read(lambda session: session.exec(select(Dismissal)).one())
    assert row.fault is fault
    closed = (await db.read(talk)).state is ConversationState.CLOSED
    assert closed is (fault is Fault.NO_ANSWER)
    assert answer.headers["location"].startswith("/conversations/1" if fault is Fault.OWN_WORDS else "/queue")
    page = await agent.get(answer.headers["location"])
    assert f'action="/dismissals/{row.id}/undo"' in page.text
    clock.current += timedelta(seconds=5)
    again = await agent.post(f"/dismissals/{row.id}/undo")
    assert again.headers["location"] == f"/conversations/{found.conversation}?notice=pending_again"
    draft = await db.read(lambda session: session.get_one(Draft, found.draft))
    assert draft.state is DraftState.PENDING
    assert (await agent.post(f"/dismissals/{row.id}/undo")).status_code == 404
