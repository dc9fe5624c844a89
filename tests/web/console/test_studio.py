"""A marketer's page for one template, in Chromium: what they break is underlined and told, what they mend is shown."""

import shutil
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect
from sqlmodel import Session, select

from mailer.clock import FrozenClock
from mailer.config import Rendering, Settings
from mailer.db import Database
from mailer.flows_config import FlowsConfig
from mailer.model import Delivery, Role, TemplateRevision
from mailer.rendering.known import SAMPLES
from mailer.rendering.lifecycle import render_lifecycle
from mailer.rendering.shelf import TemplateShelf
from mailer.web.people import set_address
from tests.build import TEMPLATES
from tests.web.browser import ONE_ENGINE, broken_rules, ready, signed_in_page
from tests.web.build import case

pytestmark = [pytest.mark.journey, ONE_ENGINE]

NOTICE = "/templates/edit/lifecycle/shipping_notice.en.html"


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """With the shipped templates, in a folder of this test's own."""
    shutil.copytree(TEMPLATES, tmp_path / "templates")
    places = {
        "rendering": Rendering(templates=tmp_path / "templates"),
        "flows": FlowsConfig(directory=TEMPLATES.parent / "schedules" / "flows"),
    }
    return settings.model_copy(update=places)


async def write(page: Page, words: str, *, line: int) -> None:
    """Type at the beginning of a line of the editor."""
    await ready(page)
    await page.evaluate(
        """([line, words]) => {
            const { view } = document.querySelector("[data-module=studio]").studio;
            view.dispatch({ changes: { from: view.state.doc.line(line).from, insert: words } });
        }""",
        [line, words],
    )


async def test_what_is_broken_is_underlined_and_told_and_what_is_mended_is_shown(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    await db.run(case, clock.now())
    page = await signed_in_page(chromium, address, db, clock, role=Role.MARKETER)
    await page.goto("/templates")
    await page.get_by_role("row", name="shipping notice").get_by_role("link", name="en", exact=True).click()
    await expect(page).to_have_url(f"{address}{NOTICE}")
    editor = page.locator(".cm-content")
    await expect(editor).to_contain_text("order.number")
    await expect(page.locator("[data-checks]")).to_contain_text("Nothing is wrong with it.")
    mail = page.frame_locator("[data-frame]")
    await expect(mail.get_by_role("heading", level=1)).to_contain_text("on its way")

    await write(page, "<p>{{ order.nubmer }}</p>\n", line=30)
    checks = page.get_by_role("region", name="Checks")
    await expect(checks).to_contain_text("did you mean order.number?")
    await expect(page.locator("[data-problem]")).to_contain_text("nubmer")
    await checks.get_by_role("button", name="line 30").click()
    await expect(page.locator(".cm-lintRange-error")).to_have_count(1)
    await page.keyboard.type("<p>Mended: {{ order.number }}</p>")
    await expect(mail.get_by_text("Mended: #1001")).to_be_visible()
    await expect(checks).to_contain_text("Nothing is wrong with it.")

    await page.get_by_label("Order", exact=True).fill("1001")
    await page.get_by_label("Order", exact=True).press("Enter")
    await page.get_by_label("Phone").check()
    await expect(page.locator("[data-frame]")).to_have_css("width", "375px")
    await page.get_by_label("Dark").check()
    card = mail.locator(".card")
    await expect(card).to_have_css("background-color", "rgb(31, 33, 34)")
    await page.get_by_role("radio", name="Plain text").check()
    await expect(page.locator("[data-text]")).to_contain_text("Mended")
    await page.get_by_label("In the inbox").check()
    await expect(page.locator(".inbox-line")).to_contain_text("Linen & Co")
    assert await broken_rules(page) == []
    assert page.faults == []  # type: ignore[attr-defined]
    assert page.elsewhere == []  # type: ignore[attr-defined]


async def test_a_save_that_failed_is_made_up_for(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    page = await signed_in_page(chromium, address, db, clock, role=Role.MARKETER)
    await page.goto(NOTICE)
    await expect(page.locator(".cm-content")).to_contain_text("order.number")
    await page.route(f"**{NOTICE}", lambda route: route.abort("connectionreset"), times=1)
    await write(page, "{# a remark #}\n", line=12)
    await expect(page.locator("[data-saved]")).to_have_text("could not be saved; your text stays here")
    await expect(page.locator("[data-saved]")).to_have_text("saved as your draft", timeout=15_000)
    await write(page, "{# one more #}\n", line=12)
    await expect(page.locator("[data-saved]")).to_have_text("saved as your draft", timeout=15_000)
    text = await db.read(lambda session: session.exec(select(TemplateRevision.text)).one())
    assert "{# a remark #}" in text


async def test_the_editor_completes_and_can_be_left_by_keyboard(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    page = await signed_in_page(
        chromium, address, db, clock, role=Role.MARKETER, viewport={"width": 390, "height": 844}
    )
    await page.goto(NOTICE)
    editor = page.locator(".cm-content")
    await editor.click()
    await page.keyboard.press("Control+End")
    await page.keyboard.type("\n{{ order.num")
    await page.locator(".cm-tooltip-autocomplete").get_by_text("order.number").click()
    await page.keyboard.type(" | da")
    await page.locator(".cm-tooltip-autocomplete").get_by_text("day").click()
    await expect(editor).to_contain_text("{{ order.number | day")
    await page.keyboard.press("Escape")
    await page.keyboard.press("Escape")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.shadowRoot === null")
    assert await page.evaluate("document.documentElement.scrollWidth <= 390")
    assert await broken_rules(page) == []
    assert page.faults == []  # type: ignore[attr-defined]


async def test_an_agent_reads_and_cannot_write(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    page = await signed_in_page(chromium, address, db, clock, role=Role.AGENT)
    await page.goto("/templates/edit/replies/order_status.en.md?state=delivered")
    await expect(page.frame_locator("[data-frame]").get_by_text("is marked as delivered")).to_be_visible()
    assert await broken_rules(page) == []
    assert page.faults == []  # type: ignore[attr-defined]


async def test_a_day_from_a_broken_sentence_to_the_next_mail_and_back(
    db: Database, clock: FrozenClock, settings: Settings, address: str, chromium: Browser
) -> None:
    await db.run(case, clock.now())
    page = await signed_in_page(chromium, address, db, clock, role=Role.MARKETER)
    await db.run(set_address, 1, "mira@shop.test")
    await page.goto(NOTICE)
    await page.locator(".cm-content").wait_for()
    await write(page, "<p>{{ order.nubmer }}</p>\n", line=24)
    await expect(page.get_by_role("region", name="Checks")).to_contain_text("did you mean order.number?")
    await expect(page.locator("[data-saved]")).to_have_text("saved as your draft")
    await page.get_by_role("link", name="Publish …").click()
    await expect(page.get_by_text("It has mistakes, so it cannot be published.")).to_be_visible()
    await page.get_by_role("link", name="Back to the editor").click()

    await page.locator(".cm-content").wait_for()
    await page.get_by_role("button", name="line 24").click()
    await page.keyboard.type("<p>We pack it with care.")
    await expect(page.get_by_role("region", name="Checks")).to_contain_text("Nothing is wrong with it.")
    await page.get_by_label("Phone").check()
    await page.get_by_label("Dark").check()
    await page.get_by_label("Order", exact=True).fill("1001")
    mail = page.frame_locator("[data-frame]")
    await expect(mail.get_by_text("We pack it with care.")).to_be_visible()

    await page.get_by_text("Send a test mail to me").click()
    await page.get_by_label("To", exact=True).fill("mira@shop.test")
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.locator("[data-tested]")).to_have_text("on its way to you")
    assert await db.read(of_tests) == [("test", "mira@shop.test")]

    await page.keyboard.press("Control+s")
    await page.get_by_role("link", name="Publish …").click()
    await expect(page.locator(".difference ins")).to_contain_text("We pack it with care.")
    await page.get_by_label("Note for the history").fill("how we pack")
    assert await broken_rules(page) == []
    await page.get_by_role("button", name="Publish now").click()
    await expect(page.get_by_role("row", name="number 1 in service")).to_contain_text("how we pack")
    assert await broken_rules(page) == []
    shelf = TemplateShelf(db, clock, settings.rendering.templates)
    assert "We pack it with care." in await next_mail(shelf)

    await page.get_by_role("button", name="Back to the file").click()
    await expect(page.get_by_text("Back in service.")).to_be_visible()
    assert "We pack it with care." not in await next_mail(shelf)
    assert page.faults == []  # type: ignore[attr-defined]
    assert page.elsewhere == []  # type: ignore[attr-defined]


async def test_pages_of_the_studio_are_usable_on_a_phone(
    db: Database, clock: FrozenClock, address: str, chromium: Browser
) -> None:
    page = await signed_in_page(
        chromium, address, db, clock, role=Role.MARKETER, viewport={"width": 390, "height": 844}
    )
    for path in ("/templates", "/templates/new", "/templates/history/replies/order_status.en.md"):
        await page.goto(path)
        assert await broken_rules(page) == [], path
        assert await page.evaluate("document.documentElement.scrollWidth <= 390"), path
    assert page.faults == []  # type: ignore[attr-defined]


def of_tests(session: Session) -> list[tuple[str, str]]:
    return [(one.kind, one.recipient) for one in session.exec(select(Delivery))]


async def next_mail(shelf: TemplateShelf) -> str:
    """What a flow's mail says that is written now."""
    await shelf.read()
    facts = {path: value for path, value in SAMPLES.items() if not path.startswith("links.")}
    return render_lifecycle(shelf.catalog, "shipping_notice", facts, {}, locales=["en"]).text
