"""What happens is told to everybody who listens, with one look for all."""

import json
from datetime import timedelta
from typing import Any

import httpx2

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import Agent, Role
from mailer.replies.claims import claim
from mailer.web.live import Listener, Live
from tests.web.build import case
from tests.web.console.test_panes_journey import writes_again


def heard(listener: Listener) -> dict[str, Any]:
    """The events since the last time, by name."""
    found = {}
    while not listener.events.empty():
        event = listener.events.get_nowait()
        if event:
            found[event["event"]] = json.loads(event["data"])
    return found


async def test_each_change_is_told_once(db: Database, clock: FrozenClock) -> None:
    live, one, other = Live(db, clock), Listener(1), Listener(2)
    await live.look()
    live._listeners |= {one, other}
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
    live, one, other = Live(db, clock), Listener(1), Listener(2)
    live._listeners |= {one, other}
    found = await db.run(case, clock.now())
    await db.run(lambda session: session.add(Agent(id=1, name="bo", role=Role.AGENT, created_at=clock.now())))
    await db.run(claim, found.conversation, agent_id=1, now=clock.now())
    await live.look()
    assert heard(one)["claims"] == [{"conversation": found.conversation, "name": "bo", "mine": True}]
    assert heard(other)["claims"] == [{"conversation": found.conversation, "name": "bo", "mine": False}]


async def test_streams_end_with_the_server_and_a_slow_page_loses_events(db: Database, clock: FrozenClock) -> None:
    live = Live(db, clock)
    stream = live.listen(1)
    live.close()
    assert [event async for event in stream] == []
    slow = Listener(1)
    for _ in range(500):
        slow.tell("counts", {})
    slow.end()
    assert slow.events.qsize() <= 100


async def test_whoever_is_no_stream_is_led_to_the_queue(agent: httpx2.AsyncClient) -> None:
    answer = await agent.get("/live")
    assert (answer.status_code, answer.headers["location"]) == (303, "/queue")
