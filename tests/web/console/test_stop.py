"""The big red stop: asked once more, put by a POST only, by those who decide, and seen by all."""

import httpx2

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import Hold, HoldScope
from mailer.outbound.canary import canary_until
from mailer.outbound.catch_up import CatchUpTerms, held_flows
from mailer.outbound.hold import put_hold, stop, stop_flow, stopped
from tests.outbound.test_canary import TERMS


async def held(db: Database) -> Hold | None:
    return await db.read(stopped)


async def test_the_button_is_on_the_queue_and_asks_before_it_stops(db: Database, agent: httpx2.AsyncClient) -> None:
    assert 'href="/stop"' in (await agent.get("/queue")).text
    page = await agent.get("/stop")
    assert "Stop all sending?" in page.text
    assert 'method="post" action="/stop"' in page.text
    assert await held(db) is None, "looking stops nothing"


async def test_stopping_says_who_and_why_and_the_way_back(
    db: Database, agent: httpx2.AsyncClient, woken: list[str]
) -> None:
    answer = await agent.post("/stop", data={"reason": " wrong <prices> "})
    assert (answer.status_code, answer.headers["location"]) == (303, "/queue?notice=stopped")
    hold = await held(db)
    assert hold is not None
    assert (hold.put_by, hold.reason) == ("ana", "wrong <prices>")
    page = (await agent.get("/queue?notice=stopped")).text
    assert "ana stopped it, " in page
    assert "wrong &lt;prices&gt;" in page
    assert 'href="/stop"' not in page
    assert "All sending is stopped" in (await agent.get("/stop")).text
    assert (await agent.post("/resume")).headers["location"] == "/queue?notice=resumed"
    assert await held(db) is None
    assert woken


async def test_the_first_word_stands(db: Database, clock: FrozenClock, agent: httpx2.AsyncClient) -> None:
    await db.run(stop, by="ben", reason="a bad template", now=clock.now())
    await agent.post("/stop", data={"reason": "mine"})
    hold = await held(db)
    assert hold is not None
    assert (hold.put_by, hold.reason) == ("ben", "a bad template")


async def test_a_marketer_sees_it_and_may_not_touch_it(
    db: Database, clock: FrozenClock, marketer: httpx2.AsyncClient
) -> None:
    assert 'href="/stop"' not in (await marketer.get("/queue")).text
    assert [(await marketer.get("/stop")).status_code, (await marketer.post("/stop")).status_code] == [403, 403]
    assert await held(db) is None
    await db.run(stop, by="ben", reason="", now=clock.now())
    page = (await marketer.get("/queue")).text
    assert "All sending is stopped" in page
    assert "Let mails go again" not in page
    assert (await marketer.post("/resume")).status_code == 403
    assert await held(db) is not None


async def test_a_stranger_and_another_site_stop_nothing(
    db: Database, stranger: httpx2.AsyncClient, agent: httpx2.AsyncClient
) -> None:
    assert (await stranger.post("/stop")).status_code in (303, 401)
    crossed = await agent.post("/stop", headers={"origin": "https://evil.test", "sec-fetch-site": "cross-site"})
    assert crossed.status_code == 403
    assert await held(db) is None


async def test_a_flow_that_stopped_itself_is_on_the_page_until_a_person_lets_it_go(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    now = clock.now()
    await db.run(canary_until, "review", "ask", "e", 1, terms=TERMS, now=now)
    await db.run(stop_flow, "review", by="Mailer", reason="2 of the first 3 came back", now=now)
    page = (await agent.get("/queue")).text
    assert "The flow review is stopped</strong> · Mailer stopped it, " in page
    await agent.post("/resume", data={"flow": "review"})
    assert await db.read(held_flows) == {}
    await agent.post("/resume", data={"flow": "review"})
    assert "The flow review" not in (await agent.get("/queue")).text
    assert (await agent.post("/resume", data={"flow": "nothing"})).status_code == 404


async def test_a_plan_after_an_outage_is_announced(db: Database, clock: FrozenClock, agent: httpx2.AsyncClient) -> None:
    assert CatchUpTerms().after
    await db.run(put_hold, HoldScope.CATCH_UP, "", "Mailer", "nothing moved for 9 h", clock.now())
    page = (await agent.get("/queue")).text
    assert "nothing moved for 9 h" in page
    assert 'href="/catch-up"' in page
