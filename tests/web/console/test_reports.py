"""Reports as people look at them: filters, charts, CSV, samples to score."""

import httpx2
import pytest
from playwright.async_api import Browser, expect
from sqlmodel import select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.insight import quality
from mailer.insight.reports import PARTS, REPORTS
from mailer.model import Approval, Role
from mailer.web import auth
from tests.insight.test_reports import answered
from tests.web.browser import ONE_ENGINE, broken_rules, signed_in_page, wider_than_the_window
from tests.web.build import case


async def test_every_part_and_every_csv(db: Database, clock: FrozenClock, agent: httpx2.AsyncClient) -> None:
    await db.run(case, clock.now())
    for part in PARTS:
        assert (part, (await agent.get(f"/reports?part={part}")).status_code) == (part, 200)
    for key in REPORTS:
        answer = await agent.get(f"/reports/{key}.csv?first=2026-11-01&last=2026-11-30")
        assert (key, answer.status_code) == (key, 200)
        assert f'filename="{key}-2026-11-01-2026-11-30.csv"' in answer.headers["content-disposition"]
    assert (await agent.get("/reports/nothing.csv")).status_code == 404
    assert (await agent.get("/reports?part=nothing")).status_code == 404


@pytest.mark.parametrize("days", ["first=x", "first=2026-11-02&last=2026-11-01", "first=2020-01-01&last=2026-11-01"])
async def test_wrong_days_are_told(agent: httpx2.AsyncClient, days: str) -> None:
    assert (await agent.get(f"/reports?{days}")).status_code == 400


async def test_a_colleague_scores_an_answer(db: Database, clock: FrozenClock, agent: httpx2.AsyncClient) -> None:
    now = clock.now()
    bo = await db.run(auth.add_agent, "bo", Role.AGENT, now)
    found = await db.run(case, now)
    await db.run(answered, found, now, bo)
    await db.run(lambda session: setattr(session.exec(select(Approval)).one(), "sha256", "0" * 64))
    await db.run(quality.draw, share=0.5, now=now)
    assert "Where is my order?" in (await agent.get("/reports/quality")).text
    assert "It answers what was asked" in (await agent.get("/reports/quality/1")).text
    half = await agent.post("/reports/quality/1", data={"right": "2"})
    assert half.status_code == 400
    scores = {"right": "2", "true": "2", "next": "1", "kind": "2", "clear": "0", "remark": "good"}
    assert (await agent.post("/reports/quality/1", data=scores)).status_code == 303
    assert "No answer waits" in (await agent.get("/reports/quality")).text
    assert "order_status" in (await agent.get("/reports?part=drafts")).text


@pytest.mark.journey
@ONE_ENGINE
async def test_charts_in_a_browser(db: Database, clock: FrozenClock, address: str, chromium: Browser) -> None:
    await db.run(case, clock.now())
    page = await signed_in_page(chromium, address, db, clock)
    for part in PARTS:
        await page.goto(f"/reports?part={part}")
        for size in ({"width": 1280, "height": 800}, {"width": 390, "height": 844}):
            await page.set_viewport_size(size)  # type: ignore[arg-type]
            assert (part, await wider_than_the_window(page)) == (part, [])
        assert (part, await broken_rules(page)) == (part, [])
    await page.goto("/reports?part=volume")
    await expect(page.locator(".chart canvas").first).to_be_visible()
    await page.get_by_label("Language", exact=True).select_option("en")
    await page.get_by_role("button", name="Show").click()
    await expect(page.get_by_role("main")).to_contain_text("order status")
    assert page.faults == []  # type: ignore[attr-defined]
    assert page.elsewhere == []  # type: ignore[attr-defined]
