"""Working days of people in Chromium, by keyboard alone, on real mail servers: what was approved is what arrives."""

import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from itertools import cycle, islice

import pytest
from playwright.async_api import Browser, Page, expect

from mailer.clock import SystemClock
from mailer.web import auth
from tests.rigs.dovecot import Dovecot
from tests.rigs.fixtures import HASTY_INBOUND, HASTY_OUTBOUND
from tests.rigs.letters import Letter
from tests.rigs.postfix import Accepted, Postfix
from tests.rigs.shop import Plan, Shop
from tests.web.browser import chromium_here, ready, watch

pytestmark = pytest.mark.journey

DRAFTS = 40
BATCH = 4
# What servers put on top of a mail on its way.
TRACE = re.compile(rb"(?i)(?:return-path|x-original-to|delivered-to|received):.*\n(?:[ \t].*\n)*")
TOLD = "Your parcel is on its way, and I looked twice."
# Where a conversation is afterwards; all others are with the customer.
STANDS = {
    "reject 5": {"closed"},
    "reject 1": {"needs_person"},
    "snooze": {"drafted"},
    # Drafted anew by now, or not yet.
    "relabel": {"needs_answer", "needs_person", "drafted"},
}
DAY = ("approve", "approve", "edit", "reject 5", "snooze", "relabel", "undo", "reject 1")


@pytest.fixture(scope="module")
def shop(dovecot: Dovecot, postfix: Postfix) -> Iterator[Shop]:
    plan = Plan(
        dovecot.ports.imaps,
        postfix.open_port,
        dovecot.ca_file,
        inbound=HASTY_INBOUND,
        outbound=HASTY_OUTBOUND,
        sections={"replies": {"undo": "8s"}},
    )
    made = Shop(dovecot, postfix, plan).make()
    made.run("--web")
    yield made
    made.close()


@pytest.fixture
async def page(shop: Shop) -> AsyncIterator[Page]:
    """A browser in which the shop's agent signs in, by keyboard as all that follows."""
    address = f"http://127.0.0.1:{shop.console_port}"
    async with chromium_here() as browser:
        yield await enter(browser, shop, address)


async def enter(browser: Browser, shop: Shop, address: str) -> Page:
    now = SystemClock().now()
    token = shop.database.run_here(
        auth.make_link, shop.agent_id(), now=now, lasts=timedelta(hours=1), passwordless=True
    )
    page = await (await browser.new_context(base_url=address, viewport={"width": 1280, "height": 800})).new_page()
    watch(page, address)
    await page.goto(f"/welcome/{token}")
    await press_on(page, "main button")
    await page.wait_for_url("**/queue")
    return page


async def press_on(page: Page, selector: str) -> None:
    """Go there by Tab, and press Enter."""
    for _ in range(300):
        if await page.evaluate("(wanted) => document.activeElement?.matches(wanted)", selector):
            await page.keyboard.press("Enter")
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"no Tab leads to {selector}")


async def current(page: Page) -> str:
    return await page.locator("#item").get_attribute("data-conversation") or ""


async def keys(page: Page, *pressed: str) -> None:
    for key in pressed:
        await ready(page)
        await page.keyboard.press(key)


async def moves_on(page: Page, before: str) -> None:
    """Another item stands there now."""
    await page.wait_for_function(_IS_ANOTHER, arg=before, timeout=20_000)


_IS_ANOTHER = "(before) => ![undefined, before].includes(document.querySelector('#item')?.dataset.conversation)"


async def asked(shop: Shop) -> list[Letter]:
    """Forty customers ask after their orders; wait until each has a draft."""
    orders = [shop.order(f"#{number}", f"c{number}", item_title="Linen shirt") for number in range(DRAFTS)]
    shop.import_orders(*orders)
    letters = [shop.ask(f"c{number}", f"#{number}") for number in range(DRAFTS)]
    shop.wait(lambda: len(shop.pending()) == DRAFTS, within=60, what="forty drafts wait", every=0.2)
    return letters


async def test_an_agent_clears_forty_drafts_by_keyboard_and_what_was_approved_arrives(shop: Shop, page: Page) -> None:
    await asked(shop)
    await page.goto("/queue")
    await expect(page.locator("#list a[data-conversation]")).to_have_count(DRAFTS)
    # The bundle's modules come after the page.
    await expect(page.locator("[data-go]")).to_be_disabled(timeout=20_000)
    await keys(page, "j", "Enter")
    await page.locator("#item").wait_for()
    done: dict[str, str] = {}
    for act in islice(cycle(DAY), DRAFTS - BATCH):
        here = await fresh(page, done)
        done[here] = act
        await DO[act.split()[0]](page, here, act)
        await moves_on(page, here)
    done |= dict.fromkeys(await together(page, done), "together")
    assert page.faults == []  # type: ignore[attr-defined]
    assert page.elsewhere == []  # type: ignore[attr-defined]
    assert len(done) == DRAFTS
    arrived = shop.wait(lambda: _arrived(shop, done), within=60, what="all approved mails arrive", every=0.5)
    shop.wait(lambda: shop.states().get("sent") == len(arrived), within=20, what="their outcome is noted")
    _stand_where_they_should(shop, done)
    for mail in arrived:
        _is_what_was_approved(shop, mail)
    assert sum(TOLD.encode() in mail.data for mail in arrived) == list(done.values()).count("edit")


async def fresh(page: Page, done: dict[str, str]) -> str:
    """Go on by j over what was drafted anew meanwhile."""
    while (here := await current(page)) in done:
        await keys(page, "j")
        await moves_on(page, here)
    return here


async def approve(page: Page, here: str, act: str) -> None:
    await expect(page.locator("[data-key=a]")).to_be_enabled()
    await keys(page, "a")


async def edit(page: Page, here: str, act: str) -> None:
    await keys(page, "e")
    await expect(page.get_by_label("Text of the reply")).to_be_focused()
    await keys(page, "Control+End", "Enter")
    await page.keyboard.type(TOLD)
    await keys(page, "Control+Enter")
    await expect(page.locator("#draft-part .letter", has_text=TOLD).first).to_be_visible()
    await approve(page, here, act)


async def reject(page: Page, here: str, act: str) -> None:
    await keys(page, "r")
    await expect(page.locator(".faults [data-key]").first).to_be_visible()
    await keys(page, act.split()[1])


async def snooze(page: Page, here: str, act: str) -> None:
    await keys(page, "s")
    await expect(page.locator(".snooze-choices button").first).to_be_focused()
    await keys(page, "Enter")


async def relabel(page: Page, here: str, act: str) -> None:
    await keys(page, "i")
    await expect(page.locator(".choose [data-key='1']")).to_be_visible()
    await keys(page, "1")
    await expect(page.get_by_role("status").first).to_contain_text("drafted anew")
    await keys(page, "j")


async def undo(page: Page, here: str, act: str) -> None:
    await approve(page, here, act)
    await moves_on(page, here)
    await keys(page, "u")
    await expect(page.locator("#item")).to_have_attribute("data-conversation", here)
    await approve(page, here, act)


DO: dict[str, Callable[[Page, str, str], Awaitable[None]]] = {
    "approve": approve,
    "edit": edit,
    "reject": reject,
    "snooze": snooze,
    "relabel": relabel,
    "undo": undo,
}


async def together(page: Page, done: dict[str, str]) -> list[str]:
    """Select what is left, look at each mail, and approve them with one key."""
    left: list[str] = []
    await fresh(page, done)
    await keys(page, "x")
    for _ in range(BATCH):
        left.append(await current(page))
        if len(left) < BATCH:
            await keys(page, "j")
            await moves_on(page, left[-1])
    assert not set(left) & set(done)
    await keys(page, "X")
    await expect(page.locator("[data-go]")).to_have_text(f"Approve {BATCH} together")
    await press_on(page, "[data-go]")
    await expect(page.locator("[data-approve]")).to_have_text(f"{BATCH - 1} not looked at yet")
    await keys(page, *["j"] * (BATCH - 1))
    await expect(page.locator("[data-approve]")).to_have_text(f"Approve {BATCH} together")
    await keys(page, "a")
    await expect(page.get_by_role("status")).to_contain_text(f"{BATCH} mails are approved")
    return left


def _stand_where_they_should(shop: Shop, done: dict[str, str]) -> None:
    states = dict(shop.rows("SELECT id, state FROM conversation"))
    snoozed = {number for (number,) in shop.rows("SELECT id FROM conversation WHERE snoozed_for IS NOT NULL")}
    corrected = shop.count("SELECT count(*) FROM correction")
    faults = dict(shop.rows("SELECT fault, count(*) FROM dismissal GROUP BY fault"))
    acts = list(done.values())
    assert corrected == acts.count("relabel")
    assert faults == {"no_answer": acts.count("reject 5"), "wrong_intent": acts.count("reject 1")}
    for talk, act in done.items():
        stands, is_snoozed = states[int(talk)], int(talk) in snoozed
        assert stands in STANDS.get(act, {"waiting"}), (talk, act, stands)
        assert is_snoozed == (act == "snooze"), (talk, act)


def _arrived(shop: Shop, done: dict[str, str]) -> list[Accepted]:
    """All of them, and none before all are there; never one more."""
    expected = [act for act in done.values() if act in ("approve", "edit", "undo", "together")]
    found = shop.accepted()
    assert len(found) <= len(expected)
    return found if len(found) == len(expected) else []


def _is_what_was_approved(shop: Shop, mail: Accepted) -> None:
    """Byte for byte, less the trace headers; a Maildir keeps lines without CR."""
    query = """
        SELECT approval.sha256 FROM approval JOIN delivery ON delivery.draft_id = approval.draft_id
        JOIN message ON message.id = delivery.message_id
        WHERE message.internet_message_id = :id AND approval.undone_at IS NULL AND delivery.state = 'sent'
    """
    data = mail.data
    while trace := TRACE.match(data):
        data = data[trace.end() :]
    assert len(data) < len(mail.data)
    assert shop.rows(query, id=mail.message_id) == [(hashlib.sha256(data.replace(b"\n", b"\r\n")).hexdigest(),)]
