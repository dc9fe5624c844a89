"""The deadline in words, here and there, and how it came about."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlmodel import Session, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import ClockPause, Customer, Order, ReplyClock
from mailer.replies.queue import item
from mailer.web.console.due import due_of
from tests.web.build import case


def put(session: Session, kind: type[Any], **values: Any) -> None:
    row = session.exec(select(kind)).one()
    for name, value in values.items():
        setattr(row, name, value)


@pytest.mark.parametrize(
    ("country", "province", "there"),
    [("DE", "", "Europe/Berlin"), ("US", "CA", "America/Los_Angeles"), ("XX", "", ""), (None, "", "")],
)
async def test_the_zone_of_the_customer_is_that_of_their_order(
    db: Database, clock: FrozenClock, country: str | None, province: str, there: str
) -> None:
    found = await db.run(case, clock.now())
    await db.run(put, Order, country=country, province=province)
    due = due_of(await db.read(item, found.conversation), clock.now())
    assert due is not None
    assert (due.there, due.within_a_day) == (there, True)
    await db.run(put, Customer, address="stranger@x.test")
    due = due_of(await db.read(item, found.conversation), clock.now())
    assert due is not None
    assert due.there == ""


async def test_the_page_says_when_here_and_there(db: Database, clock: FrozenClock, agent: httpx2.AsyncClient) -> None:
    found = await db.run(case, clock.now())
    await db.run(put, Order, country="JP")
    page = (await agent.get(f"/conversations/{found.conversation}")).text
    assert "due in 23 h 40 min" in page
    assert "10:40 here" in page
    assert "18:40 there" in page
    await db.run(put, ReplyClock, due_at=clock.now() + timedelta(days=3))
    assert "25 Nov 2026, 19:00 there" in (await agent.get(f"/conversations/{found.conversation}")).text
    await db.run(put, ReplyClock, stopped_at=clock.now())
    assert "no deadline runs" in (await agent.get(f"/conversations/{found.conversation}")).text


async def test_why_is_a_page_and_a_part_of_one(db: Database, clock: FrozenClock, agent: httpx2.AsyncClient) -> None:
    found = await db.run(case, clock.now())
    place = f"/conversations/{found.conversation}/clocks"
    whole, part = await agent.get(place), await agent.get(place, headers={"HX-Request": "true"})
    assert "<html" in whole.text
    assert "<html" not in part.text
    for page in (whole.text, part.text):
        assert "First answer" in page
        assert "It breaks at 23 Nov 2026, 10:40 here: due in 23 h 40 min." in page
    assert (await agent.get("/conversations/4711/clocks")).status_code == 404


async def test_clocks_that_stand_still_or_were_stopped_say_so(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    found = await db.run(case, clock.now())
    start = clock.now() - timedelta(minutes=20)
    pause = ClockPause(
        clock_id=1, paused_at=start + timedelta(hours=1), resumed_at=start + timedelta(hours=3), reason="we asked <b>"
    )
    await db.run(lambda session: session.add(pause))
    place = f"/conversations/{found.conversation}/clocks"
    page = (await agent.get(place)).text
    assert "paused: we asked &lt;b&gt;" in page
    assert "The calendar was changed" in page
    await db.run(put, ReplyClock, paused_at=clock.now(), paused_because="the customer is asked")
    assert "It stands still since 22 Nov 2026, 11:00: the customer is asked." in (await agent.get(place)).text
    await db.run(put, ReplyClock, stopped_at=clock.now(), paused_at=None)
    assert "Stopped in time, 22 Nov 2026, 11:00." in (await agent.get(place)).text
    await db.run(put, ReplyClock, stopped_at=clock.now() + timedelta(days=2))
    assert "Stopped too late" in (await agent.get(place)).text
