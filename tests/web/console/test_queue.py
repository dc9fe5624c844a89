"""The queue page."""

from datetime import timedelta

import httpx2

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.outbound.hold import resume, stop
from tests.web.build import case, quarantined


async def test_what_waits_is_sorted_by_time_left_and_says_it(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    now = clock.now()
    await db.run(case, now, received_at=now - timedelta(hours=2), subject="The later one")
    old = now - timedelta(hours=25)
    await db.run(case, now, received_at=old, name="Ben", address="ben@shop.test", number="#2", subject="The late one")
    page = (await agent.get("/queue")).text
    assert page.index("The late one") < page.index("The later one")
    assert "due in 22 h" in page
    assert "overdue by 1 h" in page
    assert "order status: High" in page
    assert "#1001" in page


async def test_tabs_have_counts_and_say_where_one_is(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    await db.run(case, clock.now())
    page = (await agent.get("/queue")).text
    assert 'href="/queue?tab=to_approve" aria-current="page"' in page
    assert "<title>To approve (1)" in page
    other = (await agent.get("/queue?tab=closed")).text
    assert "Nothing is closed yet." in other


async def test_without_a_script_a_link_brings_the_page_up_to_date(agent: httpx2.AsyncClient) -> None:
    page = (await agent.get("/queue?tab=sent&language=de")).text
    assert "http-equiv" not in page
    assert '<a href="/queue?tab=sent&amp;language=de">Refresh</a>' in page


async def test_mails_in_quarantine_are_listed_with_their_reason(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    await db.run(quarantined, clock.now(), "ValueError: <b>no</b> header ends")
    page = (await agent.get("/quarantine")).text
    assert "ValueError: &lt;b&gt;no&lt;/b&gt; header ends" in page
    assert "could not be read" in page


async def test_a_long_queue_has_pages(db: Database, clock: FrozenClock, agent: httpx2.AsyncClient) -> None:
    for number in range(51):
        await db.run(case, clock.now(), number=f"#{number}", address=f"c{number}@shop.test", subject=f"Mail {number}")
    first, second = [(await agent.get(f"/queue?page={page}")).text for page in (1, 2)]
    assert first.count('class="row-subject"') == 50
    assert second.count('class="row-subject"') == 1
    assert "page=2" in first
    assert '<a href="/queue">Earlier</a>' in second


async def test_hostile_names_and_subjects_are_only_text(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    evil = "<script>alert(1)</script>"
    await db.run(case, clock.now(), name=evil, subject=evil)
    page = (await agent.get("/queue")).text
    assert "<script>" not in page
    # Name and subject, and the name again for the box that selects the row.
    assert page.count("&lt;script&gt;") == 3


async def test_an_address_that_makes_no_sense_shows_what_everybody_sees_first(agent: httpx2.AsyncClient) -> None:
    answer = await agent.get("/queue?tab=nonsense&intent=x&assignee=%00&page=-3")
    assert answer.status_code == 200
    assert "<title>To approve (0)" in answer.text


async def test_a_stop_of_all_sending_is_on_the_page_until_it_ends(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    assert "All sending is stopped" not in (await agent.get("/queue")).text
    await db.run(stop, by="maria", reason="wrong <prices>", now=clock.now())
    page = (await agent.get("/queue")).text
    assert "All sending is stopped" in page
    assert "wrong &lt;prices&gt;" in page
    await db.run(resume, by="maria", now=clock.now())
    assert "All sending is stopped" not in (await agent.get("/queue")).text
