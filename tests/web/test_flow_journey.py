"""A marketer's day with flows in Chromium: simulate, change a wait, break and mend it, publish, hold, roll back.

The mails that follow are the real loops'.
"""

import pytest
from playwright.async_api import Browser, Page

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.flows.revisions import published
from mailer.model import Role
from tests.flows.line import flow_text
from tests.web.browser import ONE_ENGINE, broken_rules, press, ready, signed_in_page
from tests.web.flow_shop import FlowShop, flow_shop, settings

__all__ = ["flow_shop", "settings"]
pytestmark = [pytest.mark.journey, ONE_ENGINE]
LATER = '[[step]]\nid = "ask"\nwait = "5d"\nsend = "order_confirmation"\n'
TESTED = (
    LATER + '[[test]]\nname = "five days"\nevents = ["0d order.placed"]\nexpect = ["0d send first", "5d send ask"]\n'
)


async def is_fit(page: Page) -> None:
    """No serious fault in a wide window and in a narrow one."""
    for width, height in ((1280, 800), (390, 844)):
        await page.set_viewport_size({"width": width, "height": height})
        assert await broken_rules(page) == [], page.url
        wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{page.url} is {wide} px too wide at {width}"
    await page.set_viewport_size({"width": 1280, "height": 800})


async def test_a_marketers_day(
    db: Database, clock: FrozenClock, flow_shop: FlowShop, chromium: Browser, address: str
) -> None:
    await flow_shop.write("plain", flow_text(more=TESTED))
    await flow_shop.write("batch", flow_text(status="manual").replace('"Plain"', '"By hand"'))
    await flow_shop.orders("#1", "#2")
    page = await signed_in_page(chromium, address, db, clock, "mira", Role.MARKETER)
    await page.goto(f"{address}/flows")
    await is_fit(page)

    # The simulator: a real order, to the next thing, and its mail in a frame.
    await page.get_by_role("link", name="Simulator").click()
    await page.get_by_label("Number of a real order").fill("1")
    await page.get_by_role("button", name="Show", exact=True).click()
    await page.get_by_role("link", name="Next thing").click()
    await page.get_by_text("Nothing more happens.").wait_for()
    await page.get_by_text("Show the mail order confirmation").first.click()
    frame = page.frame_locator("iframe").first
    await frame.get_by_text("Thank you for your order").wait_for()
    assert await frame.locator("h1").evaluate("(e) => getComputedStyle(e).fontSize") != "32px", "its styles apply"
    await is_fit(page)

    # A wait is changed; the check tells a mistake first, then that the flow's own test differs.
    await page.goto(f"{address}/flows/plain/edit")
    for said in ("soon", "2d"):
        await page.get_by_label("Wait, as in 6h, 3d or 3bd").nth(1).fill(said)
        await page.get_by_role("button", name="Save the values").click()
        await page.get_by_text("It cannot be published yet.").wait_for()
    await is_fit(page)
    await page.get_by_role("button", name="Let the tests expect this").click()
    await page.get_by_text("It is fit.").wait_for()
    await page.get_by_role("link", name="Publish").click()
    await page.get_by_text("2 are brought forward").wait_for()
    await is_fit(page)
    await page.get_by_label("What is it for?").fill("ask sooner")
    await page.get_by_role("button", name="Publish").click()
    await page.get_by_text("It is published").wait_for()
    await is_fit(page)

    # Held, nothing leaves; let go, the next mails follow the new wait.
    await page.get_by_text("Hold this flow").click()
    await page.get_by_label("Why?").fill("a wrong price")
    await page.get_by_role("button", name="Hold it").click()
    await page.get_by_text("This flow is held.").first.wait_for()
    before = flow_shop.mails
    await flow_shop.turn(days=2)
    assert flow_shop.mails == before
    await page.get_by_role("button", name="Let it go on").click()
    await page.get_by_text("The flow goes on.").wait_for()
    await flow_shop.turn()
    assert flow_shop.mails == before + 2, "after two days, not five"

    # A batch: looked at, one left out, the other goes.
    await page.goto(f"{address}/flows/batch/batch")
    await page.frame_locator("iframe").first.get_by_text("Thank you for your order").wait_for()
    await is_fit(page)
    await press(page, "x")
    await page.get_by_role("button", name="Let these go").click()
    await page.get_by_text("1 mail goes").wait_for()
    await flow_shop.turn()
    assert flow_shop.mails == before + 3

    # And back: the file serves, five days again.
    await page.goto(f"{address}/flows/plain/history")
    await is_fit(page)
    await page.get_by_role("button", name="Let the file serve again").click()
    await page.get_by_text("Its file serves again").wait_for()
    await flow_shop.serve()
    assert await db.read(published) == {}
    assert str(flow_shop.line.flows["plain"].steps[1].wait.home) == "5 d"
    assert page.faults == []  # type: ignore[attr-defined]
    assert page.elsewhere == []  # type: ignore[attr-defined]


async def test_a_later_step_of_the_simulator_calls_off_an_earlier_answer(
    db: Database, clock: FrozenClock, flow_shop: FlowShop, chromium: Browser, address: str
) -> None:
    await flow_shop.write("plain", flow_text(more=TESTED))
    await flow_shop.orders("#1")
    page = await signed_in_page(chromium, address, db, clock, "mira", Role.MARKETER)
    await page.goto(f"{address}/simulator")
    await ready(page)
    await page.get_by_label("Number of a real order").fill("1")
    await press(page, "Tab")
    await page.get_by_role("link", name="Next thing").wait_for()
    # From here on the form is never answered, as by a slow server; the link is.
    await page.route("**/simulator?*", lambda route: None if "jump=" not in route.request.url else route.continue_())
    async with page.expect_request("**/simulator?*"):
        await page.get_by_role("button", name="Show", exact=True).click()
    async with page.expect_event("requestfailed"):
        await page.get_by_role("link", name="Next thing").click()
    await page.get_by_text("Nothing more happens.").wait_for()
