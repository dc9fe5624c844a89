"""The operator's page: nothing lost, what is wrong, what to do."""

from datetime import timedelta

import httpx2
import pytest
from playwright.async_api import Browser, expect

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import JobPlan, Mailbox, Probe, open_alarms, raise_alarm
from tests.web.browser import ONE_ENGINE, broken_rules, signed_in_page, wider_than_the_window
from tests.web.build import case


async def test_an_operator_sees_that_nothing_was_lost(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    now = clock.now()
    box = Mailbox(name="support", last_poll_at=now, reconciled_at=now)
    box.reconciled_server = box.reconciled_ours = 12_431
    await db.run(lambda session: session.add(box))
    page = (await agent.get("/health")).text
    assert "Nothing is lost" in page
    assert "server 12,431 = ours 12,431, 0 missing" in page
    assert "No alarm is open." in page


@pytest.mark.journey
@ONE_ENGINE
async def test_an_alarm_says_what_to_do_and_an_admin_settles_it(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient, address: str, chromium: Browser
) -> None:
    await db.run(raise_alarm, "mailbox_login", "support", "the server refuses the password", clock.now())
    page = (await agent.get("/health")).text
    assert "Put a valid password" in page
    assert "This is over" not in page
    settle = {"kind": "mailbox_login", "subject": "support"}
    assert (await agent.post("/health/alarms/settlement", data=settle)).status_code == 403
    admin = await signed_in_page(chromium, address, db, clock, name="root")
    await admin.goto("/health")
    await admin.get_by_role("button", name="This is over").click()
    await expect(admin.get_by_text("No alarm is open.")).to_be_visible()
    assert await db.read(open_alarms) == []


@pytest.mark.journey
@ONE_ENGINE
async def test_the_page_in_a_browser(db: Database, clock: FrozenClock, address: str, chromium: Browser) -> None:
    now = clock.now()
    await db.run(case, now)
    await db.run(raise_alarm, "disk", "disk", "10 MB are free", now)
    found = [{"name": "SPF", "ok": True, "words": "pass"}, {"name": "DKIM", "ok": None, "words": "not known"}]
    late = JobPlan(job="purge", rule="at 03:10 UTC", next_at=now - timedelta(hours=1))
    await db.run(lambda session: session.add_all([late, Probe(mailbox="support", sent_at=now, findings=found)]))
    page = await signed_in_page(chromium, address, db, clock)
    await page.goto("/health")
    await expect(page.get_by_role("main")).to_contain_text("does mailer run work?")
    for size in ({"width": 1280, "height": 800}, {"width": 390, "height": 844}):
        await page.set_viewport_size(size)  # type: ignore[arg-type]
        assert await broken_rules(page) == []
        assert await wider_than_the_window(page) == []
    assert page.faults == []  # type: ignore[attr-defined]
    assert page.elsewhere == []  # type: ignore[attr-defined]
