"""The carousel and one go, as a browser without scripts does it; incidents, declared ones and returns too."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlmodel import Session, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import Delivery, DeliveryState, Draft, DraftState
from mailer.rendering.catalog import Catalog
from mailer.rendering.revision import text_hash
from mailer.replies.together import approve_green
from tests.build import TEMPLATES
from tests.rendering.revisions import MAIL, NAME, published
from tests.web.build import Case, case


async def some(db: Database, clock: FrozenClock, count: int) -> list[Case]:
    return [
        await db.run(case, clock.now(), number=f"#{place}", address=f"c{place}@shop.test", name=f"Customer {place}")
        for place in range(1, count + 1)
    ]


def states(session: Session) -> list[DeliveryState]:
    return list(session.exec(select(Delivery.state)))


def form(found: list[Case], **more: object) -> dict[str, object]:
    return {
        "template": "order_status",
        "item": [f"{one.draft}:1" for one in found],
        "seen": [one.draft for one in found],
        **more,
    }


async def test_a_group_is_offered_shown_approved_and_undone(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient, woken: list[str]
) -> None:
    found = await some(db, clock, 3)
    assert "order_status" in (await agent.get("/together")).text
    page = (await agent.get("/together?template=order_status")).text
    assert page.count("data-slide") == 3
    assert f'value="{found[0].draft}:1" checked' in page
    answer = await agent.post("/together", data=form(found[:2]))
    assert answer.headers["location"] == "/together/1"
    assert woken
    done = (await agent.get("/together/1")).text
    assert "2 mails are approved" in done
    assert await db.read(states) == [DeliveryState.UNDOABLE] * 2
    clock.current += timedelta(seconds=5)
    assert (await agent.post("/together/1/undo")).status_code == 303
    assert await db.read(states) == [DeliveryState.CANCELED] * 2
    assert "Taken back" in (await agent.get("/together/1")).text
    assert (await agent.post("/together/1/undo")).status_code == 409
    assert (await agent.get("/together/9")).status_code == 404


@pytest.mark.parametrize(("text", "state"), [(MAIL, [DeliveryState.UNDOABLE]), ("another", [])])
async def test_only_what_was_made_from_the_published_text_goes(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient, text: str, state: list[DeliveryState]
) -> None:
    found = await some(db, clock, 1)
    await db.run(publish_for, found[0].draft, text, clock)
    await agent.post("/together", data=form(found))
    assert await db.read(states) == state


@pytest.mark.parametrize(("text", "status"), [(MAIL, 303), ("another", 409)])
async def test_an_approval_knows_what_is_published_though_nobody_looked_at_the_templates(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient, text: str, status: int
) -> None:
    found = await some(db, clock, 1)
    await db.run(publish_for, found[0].draft, text, clock)
    answer = await agent.post(f"/drafts/{found[0].draft}/approval", data={"version": 1})
    assert answer.status_code == status


def publish_for(session: Session, draft: int, made_from: str, clock: FrozenClock) -> None:
    """One text is in service, and the draft was made from this one."""
    published(session, MAIL, clock.now(), Catalog(TEMPLATES))
    session.get_one(Draft, draft).made_from = {NAME: text_hash(made_from)}


async def test_what_does_not_go_is_told_one_by_one(db: Database, clock: FrozenClock, agent: httpx2.AsyncClient) -> None:
    found = await some(db, clock, 4)
    await agent.post(f"/drafts/{found[1].draft}/text", data={"version": 1, "text": "Another text"})
    wanted = form(found, seen=[one.draft for one in found[:3]])
    wanted["item"] = [*(f"{one.draft}:1" for one in found), "99:1"]
    page = (await agent.get((await agent.post("/together", data=wanted)).headers["location"])).text
    assert "2 mails are approved" in page
    assert "a person wrote in it" in page
    assert "it was not shown to you" in page
    assert await db.read(states) == [DeliveryState.UNDOABLE] * 2


@pytest.mark.parametrize("dies_at", [1, 2, 3])
async def test_a_go_that_is_broken_off_can_be_taken_back_as_far_as_it_went(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, dies_at: int
) -> None:
    found = await some(db, clock, 3)

    def until(session: Session, draft_id: int, **more: Any) -> int:
        delivery = approve_green(session, draft_id, **more)
        if draft_id == found[dies_at - 1].draft:
            raise MemoryError
        return delivery

    monkeypatch.setattr("mailer.web.console.together.approve_green", until)
    assert (await agent.post("/together", data=form(found))).status_code == 500
    went = dies_at - 1
    assert await db.read(states) == [DeliveryState.UNDOABLE] * went
    assert ('href="/together/1"' in (await agent.get("/together")).text) == bool(went)
    page = (await agent.get("/together/1")).text
    assert page.count("it was broken off before this one") == 3 - went
    answer = await agent.post("/together/1/undo")
    assert answer.status_code == (303 if went else 409)
    assert await db.read(states) == [DeliveryState.CANCELED] * went


async def test_what_is_chosen_is_shown_and_the_odd_one_left_out(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    found = await some(db, clock, 3)
    await db.run(lambda session: setattr(session.get_one(Draft, found[2].draft), "template", "other"))
    page = (await agent.get("/together", params={"draft": [one.draft for one in found]})).text
    assert page.count("data-slide") == 2
    assert "it is from another template" in page
    assert "None of these" in (await agent.get("/together?draft=99")).text


async def test_there_is_a_cap(db: Database, clock: FrozenClock, agent: httpx2.AsyncClient) -> None:
    many = [f"{number}:1" for number in range(1, 27)]
    assert (await agent.post("/together", data={"template": "t", "item": many})).status_code == 400
    assert (await agent.post("/together", data={"template": "t"})).status_code == 400
    assert (await agent.post("/together", data={"template": "t", "item": ["1:x"]})).status_code == 400
    found = await some(db, clock, 26)
    page = (await agent.get("/together", params={"draft": [one.draft for one in found]})).text
    assert page.count("data-slide") == 25
    assert "1 more" in page


async def test_an_incident_is_declared_told_and_settled(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    found = await some(db, clock, 2)
    answer = await agent.post("/troubles", data={"kind": "carrier", "subject": "DHL", "words": "depot <burnt>"})
    assert answer.headers["location"] == "/troubles/1?notice=declared"
    assert "depot &lt;burnt&gt;" in (await agent.get("/incidents")).text
    bad = await agent.post("/troubles/1/texts", data={"language": "en", "text": "{{ nonsense }}"})
    assert bad.status_code == 400
    assert "{{ nonsense }}" in bad.text
    text = "Hello {{ customer.first_name }}, DHL is late with {{ order.number }}."
    await agent.post("/troubles/1/texts", data={"language": "en", "text": text})
    assert "2 drafts were written" in (await agent.post("/troubles/1/drafts")).text
    page = (await agent.get("/troubles/1/mails")).text
    assert page.count("data-slide") == 2
    assert "Hello Customer, DHL is late with #1." in page
    pending = select(Draft).where(Draft.state == DraftState.PENDING)
    drafts = await db.read(lambda session: session.exec(pending).all())
    wanted = {"trouble": 1, "item": [f"{one.id}:1" for one in drafts], "seen": [one.id for one in drafts]}
    done = await agent.post("/together", data=wanted)
    assert "2 mails are approved" in (await agent.get(done.headers["location"])).text
    await agent.post("/troubles/1/settlement")
    assert "DHL" not in (await agent.get("/incidents")).text.split("Declare an incident")[0]
    assert (await agent.get("/troubles/9")).status_code == 404
    assert found
