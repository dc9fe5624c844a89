"""Signing in and out, as a browser does it."""

import asyncio
from datetime import timedelta

import httpx2
import pytest
from fastapi import FastAPI

from mailer.clock import FrozenClock
from mailer.config import Settings, Web
from mailer.db import Database
from mailer.model import Role
from mailer.signing import Keys
from mailer.web import auth
from mailer.web.console.sign_in import choice_problem
from mailer.web.server import build_console
from tests.web.conftest import browser_on

PASSWORD = "correct horse battery"


async def invite(db: Database, clock: FrozenClock, *, passwordless: bool = False) -> str:
    agent = await db.run(auth.add_agent, "ana", Role.AGENT, clock.now())
    return await db.run(auth.make_link, agent, now=clock.now(), passwordless=passwordless)


async def choose(browser: httpx2.AsyncClient, token: str, password: str, again: str | None = None) -> httpx2.Response:
    return await browser.post(f"/welcome/{token}", data={"password": password, "again": again or password})


async def test_a_link_sets_the_password_that_signs_in_from_then_on(
    db: Database, clock: FrozenClock, console: FastAPI, stranger: httpx2.AsyncClient
) -> None:
    token = await invite(db, clock)
    assert "Choose a password" in (await stranger.get(f"/welcome/{token}")).text
    answer = await choose(stranger, token, PASSWORD)
    assert (answer.status_code, answer.headers["location"]) == (303, "/queue")
    assert (await stranger.get("/queue")).status_code == 200
    async with browser_on(console) as other:
        data = {"name": "ana", "password": PASSWORD, "next": "/queue?tab=closed"}
        answer = await other.post("/session", data=data)
        assert (answer.status_code, answer.headers["location"]) == (303, "/queue?tab=closed")
        assert (await other.get("/queue")).status_code == 200


async def test_a_link_that_is_looked_at_still_works_and_works_once(
    db: Database, clock: FrozenClock, stranger: httpx2.AsyncClient
) -> None:
    token = await invite(db, clock)
    for _ in range(3):
        assert (await stranger.get(f"/welcome/{token}")).status_code == 200
        assert (await stranger.head(f"/welcome/{token}")).status_code == 405
    assert (await choose(stranger, token, PASSWORD)).status_code == 303
    for again in (await stranger.get(f"/welcome/{token}"), await choose(stranger, token, PASSWORD)):
        assert again.status_code == 404
        assert "used before, is too old or never was" in again.text


async def test_of_many_who_use_a_link_at_once_one_comes_in(
    db: Database, clock: FrozenClock, stranger: httpx2.AsyncClient
) -> None:
    token = await invite(db, clock, passwordless=True)
    answers = await asyncio.gather(*(stranger.post(f"/welcome/{token}") for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [303, 404, 404, 404, 404]


async def test_a_link_ends_after_a_day(db: Database, clock: FrozenClock, stranger: httpx2.AsyncClient) -> None:
    token = await invite(db, clock)
    clock.current += timedelta(hours=24)
    assert (await choose(stranger, token, PASSWORD)).status_code == 404


async def test_a_short_password_uses_nothing_up(db: Database, clock: FrozenClock, stranger: httpx2.AsyncClient) -> None:
    token = await invite(db, clock)
    for password, again in (("", ""), ("short", "short"), (PASSWORD, "another one")):
        answer = await choose(stranger, token, password, again)
        assert answer.status_code == 400
        assert 'role="alert"' in answer.text
    assert (await choose(stranger, token, PASSWORD)).status_code == 303


async def test_the_demos_link_needs_one_button(db: Database, clock: FrozenClock, stranger: httpx2.AsyncClient) -> None:
    token = await invite(db, clock, passwordless=True)
    page = (await stranger.get(f"/welcome/{token}")).text
    assert 'type="password"' not in page
    assert (await stranger.get("/queue")).status_code == 303
    assert (await stranger.post(f"/welcome/{token}")).status_code == 303
    assert (await stranger.get("/queue")).status_code == 200
    assert (await stranger.post(f"/welcome/{token}")).status_code == 404


@pytest.mark.parametrize(
    ("name", "password"), [("ana", "wrong password"), ("nobody", PASSWORD), ("", ""), ("a\0", "x")]
)
async def test_a_wrong_name_and_a_wrong_password_look_alike(
    db: Database, clock: FrozenClock, console: FastAPI, name: str, password: str
) -> None:
    async with browser_on(console) as browser:
        await choose(browser, await invite(db, clock), PASSWORD)
    async with browser_on(console) as browser:
        answer = await browser.post("/session", data={"name": name, "password": password})
        assert answer.status_code == 401
        assert "The name or the password is wrong." in answer.text
        assert "set-cookie" not in answer.headers


async def test_a_person_without_a_password_cannot_sign_in_by_one(
    db: Database, clock: FrozenClock, stranger: httpx2.AsyncClient
) -> None:
    await invite(db, clock)
    for password in ("", "None"):
        assert (await stranger.post("/session", data={"name": "ana", "password": password})).status_code == 401


async def test_many_wrong_passwords_have_to_wait(
    db: Database, clock: FrozenClock, console: FastAPI, stranger: httpx2.AsyncClient
) -> None:
    await choose(stranger, await invite(db, clock), PASSWORD)
    async with browser_on(console) as browser:
        for _ in range(5):
            await browser.post("/session", data={"name": "ana", "password": "guess"})
        right = {"name": "ana", "password": PASSWORD}
        answer = await browser.post("/session", data=right)
        assert answer.status_code == 429
        assert "Wait 30 s" in answer.text
        clock.current += timedelta(seconds=30)
        assert (await browser.post("/session", data=right)).status_code == 303


async def test_a_session_ends_by_time(clock: FrozenClock, agent: httpx2.AsyncClient) -> None:
    clock.current += timedelta(hours=12)
    answer = await agent.get("/queue?tab=failed")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Fqueue%3Ftab%3Dfailed")


async def test_a_stolen_cookie_ends_with_its_session(console: FastAPI, agent: httpx2.AsyncClient) -> None:
    stolen = dict(agent.cookies)
    answer = await agent.post("/session/end")
    assert answer.headers["location"] == "/sign-in"
    async with browser_on(console) as thief:
        thief.cookies.update(stolen)
        assert (await thief.get("/queue")).status_code == 303


async def test_the_cookie_is_kept_from_scripts_and_other_sites(
    db: Database, clock: FrozenClock, stranger: httpx2.AsyncClient
) -> None:
    answer = await stranger.post(f"/welcome/{await invite(db, clock, passwordless=True)}")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("mailer=")
    for word in ("HttpOnly", "SameSite=lax", "Path=/", "Max-Age=43200"):
        assert word in cookie
    assert "Secure" not in cookie


async def test_over_tls_the_cookie_stays_there(
    db: Database, settings: Settings, keys: Keys, clock: FrozenClock
) -> None:
    web = Web(console_url="https://mail.shop.test")
    console = build_console(db, settings.model_copy(update={"web": web}), keys, clock, lambda: None)
    async with browser_on(console, "https://mail.shop.test") as browser:
        answer = await browser.post(f"/welcome/{await invite(db, clock, passwordless=True)}")
        assert answer.headers["set-cookie"].startswith("__Host-mailer=")
        assert "Secure" in answer.headers["set-cookie"]
        assert (await browser.get("/queue")).status_code == 200


async def test_what_was_typed_comes_back_escaped(stranger: httpx2.AsyncClient) -> None:
    evil = '"><script>alert(1)</script>'
    answer = await stranger.post("/session", data={"name": evil, "password": "x", "next": "//evil.test"})
    assert "<script>" not in answer.text
    assert 'name="next" value="/queue"' in answer.text


@pytest.mark.parametrize(
    ("password", "again", "problem"),
    [
        ("123456789", "123456789", "Choose at least 10 characters."),
        ("1234567890", "1234567891", "The two passwords differ."),
        ("1234567890", "1234567890", ""),
    ],
)
def test_a_password_is_long_and_typed_twice(password: str, again: str, problem: str) -> None:
    assert choice_problem(password, again) == problem
