"""Every page of the console in Chromium, as each role sees it: sound on a desk and on a phone, and usable by keyboard.

The pages are those that the routes have; one that is added is walked too.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping

import pytest
from fastapi import FastAPI
from playwright.async_api import Browser, Page
from playwright.async_api import Error as PlaywrightError

from mailer.clock import FrozenClock
from mailer.config import Rendering, Settings
from mailer.db import Database
from mailer.flows_config import FlowsConfig
from mailer.model import Role
from mailer.web.security import CSP
from tests.build import TEMPLATES
from tests.web.browser import ONE_ENGINE, broken_rules, signed_in_page, wider_than_the_window
from tests.web.rich import FLOW, Form, Post, addresses_of, furnish
from tests.web.test_server import addresses

pytestmark = [pytest.mark.journey, ONE_ENGINE]

DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
PEOPLE = {"root": Role.ADMIN, "ana": Role.AGENT, "mira": Role.MARKETER}
# What is fetched by a page, a program or a mail's frame, and is no page of its own.
NO_PAGES = {
    "/",
    "/account/second-factor/picture",
    "/bundle",
    "/conversations/{conversation_id}/draft",
    "/conversations/{conversation_id}/draft-news",
    "/drafts/{draft_id}/preview/html",
    # A draft that no template wrote has nothing to stand beside it; test_draft_journey.py looks at one that has.
    "/drafts/{draft_id}/beside",
    "/flows/{name}/batch/{step_id}/mail",
    "/healthz",
    "/live",
    "/messages/{message_id}/files/{place}",
    "/messages/{message_id}/html",
    "/messages/{message_id}/photos/{place}",
    "/messages/{message_id}/raw",
    "/metrics",
    "/orders/number/{number}",
    "/quarantine/{raw_mail_id}/raw",
    "/reports/{key}.csv",
    "/sign-in/code",
    "/simulator/mail",
    "/static",
    "/templates/columns/{name:path}",
    "/templates/export.zip",
    "/templates/files",
    "/templates/files/{sha256}",
    "/templates/images",
    "/templates/images/{sha256}",
    "/templates/shown/{document}",
    "/templates/words/{name:path}",
}
# For whom nothing new stands there: axe looks once.
_INLINE = re.compile(r"<[^>]+\s(?:style|on\w+)=[^>]*>|<script(?![^>]* src=)[^>]*>|<style[^>]*>")
_WRONG = """() => {
  const found = [];
  const tell = (what, element) => found.push(what + ": " + element.outerHTML.slice(0, 160));
  if (document.querySelectorAll("h1").length !== 1) found.push("h1: " + document.querySelectorAll("h1").length);
  if (!document.documentElement.lang) found.push("no lang");
  if (document.title.split(" · ").filter((part) => part.trim()).length < 2) found.push("title: " + document.title);
  const keyless = "a:not([href]), [role=button]:not(button):not([tabindex])";
  for (const one of document.querySelectorAll(keyless)) tell("no key reaches it", one);
  const inside = "a[href], button, input, select, textarea, summary";
  for (const one of document.querySelectorAll(inside)) if (one.tabIndex < 0) tell("no Tab reaches it", one);
  for (const one of document.querySelectorAll("[tabindex]")) if (one.tabIndex > 0) tell("out of order", one);
  const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
  for (const id of new Set(ids.filter((one, place) => ids.indexOf(one) !== place))) found.push("id twice: " + id);
  return found;
}"""
# An element by what it says, as lists are brought up to date meanwhile.
_KEY = "(one) => [one.tagName, one.id, one.name, one.href, one.value, one.textContent.trim().slice(0, 60)].join('|')"
_FOCUSABLE = """() => {
  const fields = "button:enabled, input:enabled:not([type=hidden]), select:enabled, textarea:enabled";
  const wanted = `a[href], summary, [tabindex='0'], ${fields}`;
  const isShown = (one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest("[inert]");
  // Of radios with one name Tab stops at one.
  const isFirst = (one) => {
    const others = one.type === "radio" ? [...document.getElementsByName(one.name)] : [one];
    return one === (others.find((other) => other.checked) ?? others[0]);
  };
  return [...document.querySelectorAll(wanted)].filter((one) => isShown(one) && isFirst(one)).map(KEY);
}""".replace("KEY", _KEY)
_STOP = f"({_KEY})(document.activeElement)"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """With the shipped templates and flows."""
    places = {
        "rendering": Rendering(templates=TEMPLATES),
        "flows": FlowsConfig(directory=TEMPLATES.parent / "schedules" / "flows"),
    }
    return settings.model_copy(update=places)


@pytest.fixture
async def names(
    db: Database, clock: FrozenClock, chromium: Browser, address: str
) -> tuple[dict[str, Page], Mapping[str, list[str]]]:
    people = {
        name: await signed_in_page(chromium, address, db, clock, name=name, role=role, viewport=DESK)
        for name, role in PEOPLE.items()
    }
    return people, await furnish(db, clock, posting(people["root"]), posting(people["mira"]))


def posting(page: Page) -> Post:
    async def post(place: str, form: Form) -> tuple[int, str]:
        answer = await page.request.post(place, form=dict(form), max_redirects=0)
        return answer.status, await answer.text()

    return post


def paths(console: FastAPI) -> Iterator[str]:
    yield from sorted({path for method, path in addresses(console.router.routes) if method == "GET"} - NO_PAGES)


async def wrong(page: Page, place: str, known: set[str]) -> list[str]:
    """All that is wrong with a page as this person sees it; nothing when it is not theirs."""
    try:
        answer = await page.goto(place)
    except PlaywrightError as error:
        return [str(error)]
    assert answer
    if answer.status == 403:
        page.faults.clear()  # type: ignore[attr-defined]
        return []
    found = [] if answer.status == 200 else [f"status {answer.status}"]
    if answer.headers.get("content-security-policy") != CSP:
        found.append("another policy")
    # In what was served; a chart places its parts by script, which no policy forbids.
    found += _INLINE.findall(await answer.text())
    found += await page.evaluate(_WRONG)
    main = await page.locator("body").inner_html()
    is_new = main not in known
    known.add(main)
    for size in (DESK, PHONE):
        await page.set_viewport_size(size)  # type: ignore[arg-type]
        found += [f"too wide: {one}" for one in await wider_than_the_window(page)]
        if is_new:
            found += await broken_rules(page)
    await page.set_viewport_size(DESK)  # type: ignore[arg-type]
    found += page.faults + page.elsewhere  # type: ignore[attr-defined]
    page.faults.clear()  # type: ignore[attr-defined]
    page.elsewhere.clear()  # type: ignore[attr-defined]
    return found


async def test_every_page_is_sound(console: FastAPI, names: tuple[dict[str, Page], Mapping[str, list[str]]]) -> None:
    people, values = names

    async def walk(who: str) -> list[str]:
        found, known = [], set[str]()
        for path in paths(console):
            for place in addresses_of(path, values):
                found += [f"{who} {place}: {one}" for one in await wrong(people[who], place, known)]
        return found

    told = [one for found in await asyncio.gather(*map(walk, people)) for one in found]
    assert told == [], "\n".join(told)


async def test_every_element_is_reached_by_tab(
    names: tuple[dict[str, Page], Mapping[str, list[str]]],
) -> None:
    people, values = names
    talk = values["conversation_id"][0]
    places = ("/queue", f"/conversations/{talk}", f"/conversations/{talk}?edit=true", "/search?q=order", "/failed")
    for place in (*places, f"/flows/{FLOW}/edit", "/health", "/reports", "/account", "/people"):
        page = people["root"]
        await page.goto(place)
        wanted = await page.evaluate(_FOCUSABLE)
        reached: set[str] = set()
        for _ in range(len(wanted) + 30):
            await page.keyboard.press("Tab")
            reached.add(await page.evaluate(_STOP))
            if reached >= set(wanted):
                break
        assert set(wanted) - reached == set(), place
