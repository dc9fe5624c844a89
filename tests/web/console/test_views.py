"""Filters in the address, kept views, and whose a conversation is."""

import httpx2

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import Conversation, Role
from mailer.replies.tabs import Tab
from mailer.web.console.looking import Looking
from tests.web.build import case
from tests.web.conftest import Entering, browser_on

FROM_LIST = {"referer": "http://console.test/conversations/1?tab=needs_person&language=de"}


def test_an_address_and_a_way_of_looking_are_the_same() -> None:
    seen = Looking.read({"tab": "sent", "product": "Linen & co", "assignee": "me", "page": "3"}, me=7)
    assert seen.query == "tab=sent&product=Linen+%26+co&assignee=me&page=3"
    assert seen.filters.assignee_id == 7
    assert seen.item(5, "undo=1").startswith("/conversations/5?tab=sent")
    assert seen.on(Tab.CLOSED).page == 1
    assert Looking().query == ""
    assert Looking.read({"tab": "x", "intent": "y", "page": "-1", "assignee": "z"}) == Looking()


async def test_a_decision_stays_in_the_list_that_it_was_made_from(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    found = await db.run(case, clock.now())
    answer = await agent.post(f"/drafts/{found.draft}/approval", data={"version": 1}, headers=FROM_LIST)
    assert answer.headers["location"] == "/queue?tab=needs_person&language=de&undo=1"


async def test_a_view_is_kept_shared_and_forgotten(agent: httpx2.AsyncClient, console: object, enter: Entering) -> None:
    kept = {"name": " German ", "query": "tab=to_approve&language=de", "shared": "true"}
    assert (await agent.post("/views", data=kept)).headers["location"] == "/queue?tab=to_approve&language=de"
    await agent.post("/views", data={"name": "mine", "query": "assignee=me"})
    assert ">mine" in (await agent.get("/queue")).text
    async with browser_on(console) as browser:  # type: ignore[arg-type]
        bo = await enter(browser, "bo", Role.AGENT)
        page = (await bo.get("/queue")).text
        assert 'href="/queue?tab=to_approve&amp;language=de">German' in page
        assert ">mine" not in page
        assert (await bo.post("/views/1/end")).status_code == 404
    await agent.post("/views/1/end")
    assert "German" not in (await agent.get("/queue")).text
    assert (await agent.post("/views", data={"name": "", "query": ""})).status_code == 400


async def test_it_is_made_somebodys(db: Database, clock: FrozenClock, agent: httpx2.AsyncClient) -> None:
    found = await db.run(case, clock.now())
    place = f"/conversations/{found.conversation}"
    answer = await agent.post(f"{place}/assignee", data={"whose": "1"})
    assert answer.headers["location"] == f"{place}?notice=assigned"
    talk = await db.read(lambda session: session.get_one(Conversation, found.conversation))
    assert talk.assignee_id == 1
    assert "Where is my order?" in (await agent.get("/queue?assignee=me")).text
    assert "Where is my order?" not in (await agent.get("/queue?assignee=nobody")).text
    assert (await agent.post(f"{place}/assignee", data={"whose": "99"})).status_code == 400
    assert (await agent.post(f"{place}/claim")).status_code == 204
    assert (await agent.post(f"{place}/claim/end")).status_code == 204
