"""What happens is told to everybody who listens, with one look for all."""

import json
from datetime import timedelta
from typing import Any

import httpx2
from fastapi import FastAPI

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import Role
from mailer.replies.claims import claim
from mailer.web import auth
from mailer.web.live import Listener, Live
from mailer.web.people import disable
from tests.web.build import case
from tests.web.conftest import Entering
from tests.web.console.test_panes_journey import writes_again


def heard(listener: Listener) -> dict[str, Any]:
    """The events since the last time, by name."""
    found = {}
    while not listener.events.empty():
        event = listener.events.get_nowait()
        if event:
            found[event["event"]] = json.loads(event["data"])
    return found


async def listening(db: Database, clock: FrozenClock, live: Live, *names: str) -> list[Listener]:
    """A page of each of these new people, who are signed in for an hour."""
    found = []
    for name in names:
        person = await db.run(auth.add_agent, name, Role.AGENT, clock.now())
        token = await db.run(auth.begin_session, person, now=clock.now(), lasts=timedelta(hours=1))
        entry = await db.read(auth.who, token, now=clock.now())
        assert entry
        found.append(Listener(person, entry.session_id))
    live._listeners |= set(found)
    return found


async def test_each_change_is_told_once(db: Database, clock: FrozenClock) -> None:
    live = Live(db, clock)
    await live.look()
    one, other = await listening(db, clock, live, "bo", "cy")
    await live.look()
    assert heard(one) == {}
    found = await db.run(case, clock.now(), received_at=clock.now())
    await live.look()
    news = heard(one)
    assert news["changed"] == {"changed": [found.conversation], "wrote": [found.conversation]}
    assert news["counts"]["to_approve"] == 1
    await live.look()
    assert heard(one) == {}
    clock.current += timedelta(minutes=1)
    await db.run(writes_again, found.conversation, clock)
    await live.look()
    assert heard(other)["changed"]["wrote"] == [found.conversation]


async def test_claims_say_whose_they_are(db: Database, clock: FrozenClock) -> None:
    live = Live(db, clock)
    one, other = await listening(db, clock, live, "bo", "cy")
    found = await db.run(case, clock.now())
    await db.run(claim, found.conversation, agent_id=one.agent_id, now=clock.now())
    await live.look()
    assert heard(one)["claims"] == [{"conversation": found.conversation, "name": "bo", "mine": True}]
    assert heard(other)["claims"] == [{"conversation": found.conversation, "name": "bo", "mine": False}]


async def test_streams_end_with_the_server_and_a_slow_page_loses_events(db: Database, clock: FrozenClock) -> None:
    live = Live(db, clock)
    stream = live.listen(1, 1)
    live.close()
    assert [event async for event in stream] == []
    slow = Listener(1, 1)
    for _ in range(500):
        slow.tell("counts", {})
    slow.end()
    assert slow.events.qsize() <= 100


async def test_whoever_is_no_stream_is_led_to_the_queue(agent: httpx2.AsyncClient) -> None:
    answer = await agent.get("/live")
    assert (answer.status_code, answer.headers["location"]) == (303, "/queue")


async def test_a_stranger_hears_nothing(stranger: httpx2.AsyncClient) -> None:
    answer = await stranger.get("/live", headers={"accept": "text/event-stream"})
    assert answer.status_code == 401


async def test_a_stream_ends_with_its_session(db: Database, clock: FrozenClock) -> None:
    live = Live(db, clock)
    left, shut_out, stays = await listening(db, clock, live, "bo", "cy", "di")
    await db.run(auth.end_session, left.session_id, now=clock.now())
    await db.run(disable, shut_out.agent_id, now=clock.now())
    await live.look()
    assert live._listeners == {stays}
    await db.run(case, clock.now(), received_at=clock.now())
    await live.look()
    for one in (left, shut_out):
        assert one.events.get_nowait() is None
        assert one.events.empty()
    assert heard(stays)["changed"]
    clock.current += timedelta(hours=1)
    await live.look()
    assert live._listeners == set()


async def test_who_signs_out_hears_no_more(
    db: Database, clock: FrozenClock, address: str, console: FastAPI, enter: Entering
) -> None:
    async with httpx2.AsyncClient(base_url=address, timeout=15) as browser:
        await enter(browser, "bo", Role.AGENT)
        async with browser.stream("GET", "/live", headers={"accept": "text/event-stream"}) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            await browser.post("/session/end")
            heard_last = [line async for line in answer.aiter_lines()]
        assert not [line for line in heard_last if line.startswith("data: {")]
