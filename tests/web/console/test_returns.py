"""Returns and incidents of parcels, decided in a browser."""

from datetime import date

import httpx2
from sqlmodel import Session, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import Event, Incident, IncidentKind, IncidentState, ReturnRequest, ReturnState
from tests.web.build import Case, case


def requested(session: Session, found: Case, clock: FrozenClock) -> None:
    item = {"line": 1, "title": "Linen <shirt>", "sku": "", "quantity": 1, "reason": "too_small"}
    at = clock.now()
    session.add(
        ReturnRequest(order_id=found.order, address="ana@shop.test", items=[item], requested_at=at, changed_at=at)
    )


async def test_a_return_goes_its_way(db: Database, clock: FrozenClock, agent: httpx2.AsyncClient) -> None:
    found = await db.run(case, clock.now())
    assert "No return is open" in (await agent.get("/returns")).text
    await db.run(requested, found, clock)
    for page in ("/returns", f"/conversations/{found.conversation}"):
        text = (await agent.get(page)).text
        assert "Linen &lt;shirt&gt;" in text
        assert 'action="/returns/1/agreement"' in text
    place = {"place": f"/conversations/{found.conversation}"}
    answer = await agent.post("/returns/1/agreement", data=place)
    assert answer.headers["location"] == f"/conversations/{found.conversation}?notice=return_changed"
    await agent.post("/returns/1/receipt")
    await agent.post("/returns/1/settlement", data={"place": "https://elsewhere.test"})
    row = await db.read(lambda session: session.exec(select(ReturnRequest)).one())
    assert (row.state, row.decided_by) == (ReturnState.SETTLED, "ana")
    assert (await agent.post("/returns/1/receipt")).status_code == 409
    assert "Linen &lt;" in (await agent.get("/returns?state=settled")).text
    assert "Linen &lt;" not in (await agent.get("/returns")).text


async def test_a_refusal_needs_its_reason(db: Database, clock: FrozenClock, agent: httpx2.AsyncClient) -> None:
    found = await db.run(case, clock.now())
    await db.run(requested, found, clock)
    assert (await agent.post("/returns/1/refusal", data={"reason": " "})).status_code == 400
    await agent.post("/returns/1/refusal", data={"reason": "worn for a summer"})
    assert "worn for a summer" in (await agent.get("/returns?state=refused")).text
    assert (await agent.post("/returns/9/refusal", data={"reason": "x"})).status_code == 404


async def test_kept_items_are_settled_at_once(db: Database, clock: FrozenClock, agent: httpx2.AsyncClient) -> None:
    found = await db.run(case, clock.now())
    await db.run(requested, found, clock)
    await agent.post("/returns/1/agreement", data={"keep": "true"})
    page = (await agent.get("/returns")).text
    assert "/returns/1/receipt" not in page
    assert "/returns/1/settlement" in page


def late(session: Session, found: Case, clock: FrozenClock) -> None:
    session.add(
        Incident(
            key=f"silent:{found.order}",
            kind=IncidentKind.SILENT,
            order_id=found.order,
            batch="dhl:DE-US:2026-11-22",
            promised_on=date(2026, 11, 20),
            needs_person=True,
            opened_at=clock.now(),
        )
    )


async def test_a_batch_of_delays_is_seen_told_and_settled(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    found = await db.run(case, clock.now())
    await db.run(late, found, clock)
    page = (await agent.get("/incidents?batch=dhl:DE-US:2026-11-22")).text
    assert "1 waits for your word" in page
    assert "20 Nov 2026" in page
    await agent.post("/incidents/tell", data={"batch": "dhl:DE-US:2026-11-22"})
    kinds = await db.read(lambda session: session.exec(select(Event.kind)).all())
    assert "delay.opened" in kinds
    assert "wait for your word" not in (await agent.get("/incidents")).text
    await agent.post("/incidents/settlements", data={"batch": "dhl:DE-US:2026-11-22", "reason": "found"})
    row = await db.read(lambda session: session.exec(select(Incident)).one())
    assert (row.state, row.settled_because) == (IncidentState.SETTLED, "ana: found")
    assert (await agent.post("/incidents/1/settlement")).status_code == 409
    assert (await agent.post("/incidents/tell", data={"batch": "none"})).status_code == 404
    assert "Nothing is late" in (await agent.get("/incidents")).text
