"""People, tokens, webhooks and the audit log, as an admin works with them; a person's own account."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import pyotp
import pytest
from fastapi import FastAPI
from playwright.async_api import Browser, expect

from mailer.clock import FrozenClock
from mailer.config import Settings, Web
from mailer.db import Database
from mailer.model import Role, note_refusal
from mailer.signing import Keys
from mailer.sources_config import SourceConfig
from mailer.web import auth
from mailer.web.server import build_console
from mailer.web.tokens import Scope, allows
from tests.web.browser import ONE_ENGINE, broken_rules, signed_in_page, wider_than_the_window
from tests.web.build import case
from tests.web.conftest import Entering, browser_on

PASSWORD = "correct horse battery"
ANOTHER = "another horse battery"


@pytest.fixture
async def admin(console: FastAPI, enter: Entering) -> AsyncIterator[httpx2.AsyncClient]:
    async with browser_on(console) as client:
        yield await enter(client, "root", Role.ADMIN)


async def invited(console: FastAPI, admin: httpx2.AsyncClient, name: str, role: str = "agent") -> httpx2.AsyncClient:
    """A browser in which somebody used the invitation that the admin made."""
    page = await admin.post("/people", data={"name": name, "role": role})
    link = re.search(r"/welcome/[\w-]+", page.text)
    assert link
    client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=console), base_url="http://console.test")
    answer = await client.post(link[0], data={"password": PASSWORD, "again": PASSWORD})
    assert answer.status_code == 303
    return client


async def test_an_invitation_lets_one_person_in_with_their_role(console: FastAPI, admin: httpx2.AsyncClient) -> None:
    bo = await invited(console, admin, "bo", "marketer")
    assert "(marketer)" in (await bo.get("/account")).text
    again = await admin.post("/people", data={"name": "bo", "role": "agent"})
    assert again.status_code == 400
    assert "there is one of that name" in again.text
    assert "/welcome/" not in (await admin.get("/people")).text
    await bo.aclose()


async def test_an_invitation_ends_after_a_day(
    console: FastAPI, admin: httpx2.AsyncClient, clock: FrozenClock, stranger: httpx2.AsyncClient
) -> None:
    page = await admin.post("/people", data={"name": "bo", "role": "agent"})
    link = re.search(r"/welcome/[\w-]+", page.text)
    assert link
    clock.current += timedelta(hours=24)
    assert (await stranger.get(link[0])).status_code == 404


async def test_who_is_shut_out_is_out_at_once(console: FastAPI, admin: httpx2.AsyncClient) -> None:
    bo = await invited(console, admin, "bo")
    assert (await bo.get("/queue")).status_code == 200
    assert (await admin.post("/people/2/exit")).status_code == 303
    assert (await bo.get("/queue")).status_code == 303
    sign_in = {"name": "bo", "password": PASSWORD}
    assert (await bo.post("/session", data=sign_in)).status_code == 401
    await admin.post("/people/2/return")
    assert (await bo.post("/session", data=sign_in)).status_code == 303
    await admin.post("/people/2/sessions/end")
    assert (await bo.get("/queue")).status_code == 303
    await bo.aclose()


async def test_a_shop_keeps_an_admin(console: FastAPI, admin: httpx2.AsyncClient) -> None:
    for path, data in (("/people/1/exit", {}), ("/people/1/role", {"role": "agent"})):
        refused = await admin.post(path, data=data)
        assert refused.status_code == 409
        assert "last admin" in refused.text
    await (await invited(console, admin, "bo")).aclose()
    assert (await admin.post("/people/2/role", data={"role": "admin"})).status_code == 303
    assert (await admin.post("/people/1/role", data={"role": "agent"})).status_code == 303
    assert (await admin.get("/people")).status_code == 403


async def switched_on(client: httpx2.AsyncClient, clock: FrozenClock) -> tuple[pyotp.TOTP, list[str]]:
    """Set up the second factor as a person does; the app, and the recovery codes."""
    page = (await client.get("/account/second-factor")).text
    nonce, secret = (re.search(pattern, page) for pattern in (r'name="nonce" value="([^"]+)"', r"<code>([A-Z2-7]+)<"))
    assert nonce
    assert secret
    app = pyotp.TOTP(secret[1])
    shown = await client.post("/account/second-factor", data={"nonce": nonce[1], "code": app.at(clock.current)})
    return app, re.findall(r"<li><code>([\w ]+)</code>", shown.text)


async def test_the_second_factor_is_asked_for_and_opens_once(
    console: FastAPI, admin: httpx2.AsyncClient, clock: FrozenClock
) -> None:
    bo = await invited(console, admin, "bo")
    picture = await bo.get("/account/second-factor/picture?nonce=abc")
    assert picture.headers["content-type"] == "image/svg+xml"
    app, codes = await switched_on(bo, clock)
    assert len(codes) == 8
    await bo.post("/session/end")
    answer = await bo.post("/session", data={"name": "bo", "password": PASSWORD, "next": "/queue?tab=closed"})
    assert answer.headers["location"].startswith("/sign-in/code?next=")
    assert (await bo.get("/queue")).status_code == 303
    clock.current += timedelta(minutes=1)
    wrong = await bo.post("/session/code", data={"code": "000000"})
    assert wrong.status_code == 401
    right = {"code": app.at(clock.current), "next": "/queue?tab=closed"}
    answer = await bo.post("/session/code", data=right)
    assert (answer.status_code, answer.headers["location"]) == (303, "/queue?tab=closed")
    assert (await bo.get("/queue")).status_code == 200
    await bo.aclose()


async def test_a_half_session_ends_after_five_minutes_and_many_guesses_wait(
    console: FastAPI, admin: httpx2.AsyncClient, clock: FrozenClock
) -> None:
    bo = await invited(console, admin, "bo")
    app, _ = await switched_on(bo, clock)
    await bo.post("/session/end")
    await bo.post("/session", data={"name": "bo", "password": PASSWORD})
    for _ in range(5):
        assert (await bo.post("/session/code", data={"code": "000000"})).status_code == 401
    assert (await bo.post("/session/code", data={"code": app.at(clock.current)})).status_code == 429
    clock.current += timedelta(minutes=5)
    assert (await bo.post("/session/code", data={"code": app.at(clock.current)})).status_code == 401
    await bo.aclose()


async def test_an_admin_removes_a_lost_second_factor(
    console: FastAPI, admin: httpx2.AsyncClient, clock: FrozenClock
) -> None:
    bo = await invited(console, admin, "bo")
    await switched_on(bo, clock)
    await admin.post("/people/2/second-factor/removal")
    assert (await bo.get("/queue")).status_code == 303
    answer = await bo.post("/session", data={"name": "bo", "password": PASSWORD})
    assert answer.headers["location"] == "/queue"
    await bo.aclose()


async def test_a_shop_may_ask_everybody_for_it(
    db: Database, settings: Settings, keys: Keys, clock: FrozenClock, enter: Entering
) -> None:
    strict = settings.model_copy(update={"web": Web(second_factor="required")})
    console = build_console(db, strict, keys, clock, lambda: None)
    async with browser_on(console) as client:
        await enter(client, "ana", Role.AGENT)
        answer = await client.get("/queue")
        assert (answer.status_code, answer.headers["location"]) == (303, "/account/second-factor")
        await switched_on(client, clock)
        assert (await client.get("/queue")).status_code == 200


async def test_another_password_signs_the_other_browsers_out(console: FastAPI, admin: httpx2.AsyncClient) -> None:
    bo = await invited(console, admin, "bo")
    async with browser_on(console) as other:
        await other.post("/session", data={"name": "bo", "password": PASSWORD})
        wrong = await bo.post("/account/password", data={"current": "x", "password": ANOTHER, "again": ANOTHER})
        assert wrong.status_code == 400
        chosen = {"current": PASSWORD, "password": ANOTHER, "again": ANOTHER}
        assert (await bo.post("/account/password", data=chosen)).status_code == 303
        assert (await bo.get("/queue")).status_code == 200
        assert (await other.get("/queue")).status_code == 303
        assert (await other.post("/session", data={"name": "bo", "password": ANOTHER})).status_code == 303
    await bo.aclose()


async def test_sessions_are_listed_and_each_is_ones_own(console: FastAPI, admin: httpx2.AsyncClient) -> None:
    bo = await invited(console, admin, "bo")
    async with browser_on(console) as other:
        sign_in = {"name": "bo", "password": PASSWORD}
        await other.post("/session", data=sign_in, headers={"user-agent": "Firefox on a phone"})
        page = (await bo.get("/account")).text
        assert "Firefox on a phone" in page
        number = re.findall(r"/account/sessions/(\d+)/end", page)
        assert (await admin.post(f"/account/sessions/{number[0]}/end")).status_code == 404
        assert (await bo.post(f"/account/sessions/{number[0]}/end")).status_code == 303
        assert (await other.get("/queue")).status_code == 303
        await other.post("/session", data=sign_in)
        await bo.post("/account/sessions/end-others")
        assert (await other.get("/queue")).status_code == 303
    assert (await bo.get("/queue")).status_code == 200
    await bo.aclose()


async def test_a_person_chooses_how_they_see_the_console(agent: httpx2.AsyncClient) -> None:
    chosen = {"language": "zh-Hans", "zone": "Asia/Shanghai", "single_keys": ""}
    assert (await agent.post("/account/sight", data={**chosen, "zone": "Mars"})).status_code == 400
    del chosen["single_keys"]
    assert (await agent.post("/account/sight", data=chosen)).status_code == 303
    page = (await agent.get("/account")).text
    assert '<html lang="zh-Hans">' in page
    assert 'data-keys="off"' in page


async def test_an_admin_says_where_somebody_reads_mail(
    console: FastAPI, db: Database, enter: Entering, admin: httpx2.AsyncClient
) -> None:
    for bad in ("none", "a b@shop.test"):
        page = await admin.post("/people", data={"name": "bo", "role": "marketer", "address": bad})
        assert page.status_code == 400
        assert f'value="{bad}"' in page.text
    assert (await admin.post("/people", data={"name": "bo", "address": "bo@shop.test"})).status_code == 200
    number = (await db.read(auth.agent_named, "bo")).id
    assert 'value="bo@shop.test"' in (await admin.get("/people")).text
    assert (await admin.post(f"/people/{number}/address", data={"address": "none"})).status_code == 400
    assert (await admin.post(f"/people/{number}/address", data={"address": "bo@b.test"})).status_code == 303
    assert (await db.read(auth.agent_named, "bo")).address == "bo@b.test"
    async with browser_on(console) as client:
        mira = await enter(client, "mira", Role.MARKETER)
        assert (await mira.post(f"/people/{number}/address", data={"address": "m@evil.test"})).status_code == 403
        await mira.post("/account/sight", data={"language": "en", "zone": "", "address": "m@evil.test"})
    assert (await db.read(auth.agent_named, "mira")).address == ""


async def test_a_token_is_shown_once_ends_in_time_and_is_noted(
    console: FastAPI, db: Database, clock: FrozenClock, admin: httpx2.AsyncClient
) -> None:
    nothing = await admin.post("/people/tokens", data={"name": "web-shop"})
    assert nothing.status_code == 400
    page = await admin.post("/people/tokens", data={"name": "web-shop", "scope": ["orders", "metrics"], "days": "1"})
    token = re.search(r'<code class="whole">([\w-]+)</code>', page.text)
    assert token
    assert token[1] not in (await admin.get("/people/tokens")).text
    for scope in Scope:
        assert await db.read(allows, f"Bearer {token[1]}", scope, now=clock.now())
    assert not await db.read(allows, f"Bearer {token[1]}", Scope.ORDERS, now=clock.now() + timedelta(days=1))
    await admin.post("/people/tokens/revocation", data={"name": "web-shop"})
    assert not await db.read(allows, f"Bearer {token[1]}", Scope.ORDERS, now=clock.now())
    assert "revoked" in (await admin.get("/people/tokens")).text


async def test_the_audit_log_tells_who_did_what_and_whose_bytes(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient, admin: httpx2.AsyncClient
) -> None:
    found = await db.run(case, clock.now())
    assert (await agent.post(f"/drafts/{found.draft}/approval", data={"version": "7"})).status_code == 409
    assert (await agent.post(f"/drafts/{found.draft}/approval", data={"version": "1"})).status_code < 400
    log = (await admin.get(f"/people/audit?at=/drafts/{found.draft}")).text
    assert log.count(f"<code>/drafts/{found.draft}/approval</code>") == 1
    assert "ana" in log
    assert "Nothing was done that fits." in (await admin.get("/people/audit?at=/nowhere")).text
    approvals = (await admin.get("/people/approvals")).text
    assert re.search(r"<code class=\"whole\">[0-9a-f]{64}</code>", approvals)
    assert "the same" in approvals
    assert (await agent.get("/people/audit")).status_code == 403


async def test_what_pages_do_by_themselves_is_left_out_of_the_log(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient, admin: httpx2.AsyncClient
) -> None:
    found = await db.run(case, clock.now())
    for _ in range(3):
        assert (await agent.post(f"/conversations/{found.conversation}/claim")).status_code == 204
    typed = {"text": "Hello", "base": "0", "draft": str(found.draft)}
    assert (await agent.post(f"/conversations/{found.conversation}/versions", data=typed)).status_code < 400
    template = {"name": "replies/order_status.en.md", "text": "Hello"}
    for path in ("/templates/check", "/templates/preview"):
        assert (await admin.post(path, data=template)).status_code == 200
    assert "Nothing was done that fits." in (await admin.get("/people/audit")).text


async def test_webhooks_show_address_secret_and_what_was_turned_away(
    db: Database, settings: Settings, keys: Keys, clock: FrozenClock, enter: Entering
) -> None:
    await db.run(note_refusal, "stranger", "there is no such source", now=clock.now())
    with_source = settings.model_copy(update={"sources": {"web": SourceConfig(kind="shopify", secrets=("hush",))}})
    console = build_console(db, with_source, keys, clock, lambda: None)
    async with browser_on(console) as client:
        await enter(client, "root", Role.ADMIN)
        page = (await client.get("/people/webhooks")).text
        assert "/hooks/web" in page
        assert "1 in config.toml" in page
        assert "there is no such source" in page
        assert "hush" not in page


@pytest.mark.journey
@ONE_ENGINE
async def test_an_admin_at_work_in_a_browser(db: Database, clock: FrozenClock, address: str, chromium: Browser) -> None:
    page = await signed_in_page(chromium, address, db, clock)
    await page.goto("/people")
    await page.get_by_label("Name to sign in with").fill("bo")
    await page.get_by_role("button", name="Make an invitation").click()
    await expect(page.get_by_role("status")).to_contain_text("/welcome/")
    for path in ("/people", "/people/tokens", "/people/webhooks", "/people/audit", "/people/approvals", "/account"):
        await page.goto(path)
        for size in ({"width": 1280, "height": 800}, {"width": 390, "height": 844}):
            await page.set_viewport_size(size)
            assert (path, await broken_rules(page)) == (path, [])
            assert (path, await wider_than_the_window(page)) == (path, [])
    await page.goto("/account/second-factor")
    await expect(page.get_by_role("img", name="QR code")).to_be_visible()
    assert await broken_rules(page) == []
    assert page.faults == []  # type: ignore[attr-defined]
    assert page.elsewhere == []  # type: ignore[attr-defined]
