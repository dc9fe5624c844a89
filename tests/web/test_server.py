"""Both applications whole: what is open, what is closed, and what every answer carries."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

import mailer
from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import Role
from mailer.web.desk import deciding, publishing, releasing, running
from mailer.web.pages import STATIC
from mailer.web.security import CSP, FRAMED_CSP, framed
from tests.web.build import case
from tests.web.conftest import Entering, browser_on

SOURCES = Path(mailer.__file__).parent
OPEN = {
    "/sign-in",
    "/session",
    "/sign-in/code",
    "/session/code",
    "/welcome/{token}",
    "/healthz",
    "/metrics",
    "/static",
    "/bundle",
}
# What everybody may change of their own.
OWN_MATTERS = {
    "/session/end",
    "/mentions/{mention_id}/seen",
    "/account/sight",
    "/account/password",
    "/account/second-factor",
    "/account/second-factor/removal",
    "/account/sessions/{session_id}/end",
    "/account/sessions/end-others",
}
GUARDS = {deciding: "decider", publishing: "publisher", releasing: "releaser", running: "admin"}
MAY = {
    "decider": {Role.AGENT, Role.ADMIN},
    "publisher": {Role.MARKETER, Role.ADMIN},
    "releaser": set(Role),
    "admin": {Role.ADMIN},
}


def addresses(routes: list[BaseRoute]) -> Iterator[tuple[str, str]]:
    """Each method and path of an application, paths filled in."""
    for route in routes:
        methods = getattr(route, "methods", None) or {"GET"}
        path = getattr(route, "path", None)
        if path is None:
            yield from addresses(getattr(route, "original_router").routes)  # noqa: B009  # FastAPI keeps routers whole
        else:
            yield from ((method, path) for method in methods - {"HEAD"})


def filled(path: str) -> str:
    return re.sub(r"{[^}]+}", "1", path)


def by_script() -> list[dict[str, str]]:
    """How pages ask, how htmx and our modules ask, and how a program asks."""
    return [{}, {"hx-request": "true"}, {"x-pane": "item"}, {"accept": "application/json"}]


def needed(path: str, method: str, routes: list[BaseRoute]) -> str:
    """Who may use a route, as its dependencies say: "anybody" signed in, or one of GUARDS."""
    for route in flat(routes):
        if isinstance(route, APIRoute) and route.path == path and method in (route.methods or ()):
            return next((GUARDS[call] for call in calls(route.dependant) if call in GUARDS), "anybody")
    return "anybody"


def calls(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for inner in dependant.dependencies:
        yield from calls(inner)


def flat(routes: list[BaseRoute]) -> Iterator[BaseRoute]:
    for route in routes:
        yield route
        if inner := getattr(route, "original_router", None):
            yield from flat(inner.routes)


def test_whatever_changes_something_says_who_may(console: FastAPI) -> None:
    unguarded = {
        (method, path)
        for method, path in addresses(console.router.routes)
        if method != "GET" and path not in OPEN and needed(path, method, console.router.routes) == "anybody"
    }
    assert {path for _, path in unguarded} - OWN_MATTERS == set()


def test_no_route_changes_something_by_another_method(console: FastAPI, public: FastAPI) -> None:
    for app in (console, public):
        assert {method for method, _ in addresses(app.router.routes)} == {"GET", "POST"}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "NONSENSE"])
async def test_no_other_method_does_anything(
    console: FastAPI, db: Database, clock: FrozenClock, stranger: httpx2.AsyncClient, enter: Entering, method: str
) -> None:
    await db.run(case, clock.now())
    person = await enter(stranger, "root", Role.ADMIN)
    for path in {filled(path) for _, path in addresses(console.router.routes)}:
        answer = await person.request(method, path)
        assert answer.status_code in (404, 405), (method, path, answer.status_code)
        crossed = await person.request(method, path, headers={"sec-fetch-site": "cross-site"})
        assert crossed.status_code in (403, 404, 405), (method, path, crossed.status_code)


@pytest.mark.parametrize("headers", by_script())
async def test_every_other_route_needs_a_session(
    console: FastAPI, stranger: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    for method, path in addresses(console.router.routes):
        if path in OPEN:
            continue
        answer = await stranger.request(method, filled(path), headers=headers)
        # A script that asks for a part of its page could not show a sign-in there.
        is_led_there = method == "GET" and not {"x-pane", "hx-request"} & {name.lower() for name in headers}
        expected = 303 if is_led_there else 401
        assert (method, path, answer.status_code) == (method, path, expected)
        assert not is_led_there or answer.headers["location"].startswith("/sign-in?next=")


@pytest.mark.parametrize("role", list(Role))
async def test_every_route_of_another_role_is_refused(
    console: FastAPI, db: Database, clock: FrozenClock, stranger: httpx2.AsyncClient, enter: Entering, role: Role
) -> None:
    await db.run(case, clock.now())
    person = await enter(stranger, "somebody", role)
    for method, path in addresses(console.router.routes):
        wanted = needed(path, method, console.router.routes)
        if wanted == "anybody" or path in OPEN or role in MAY[wanted]:
            continue
        for headers in by_script():
            answer = await person.request(method, filled(path), headers=headers)
            assert (method, path, answer.status_code) == (method, path, 403)
            assert f"Your role is {role.value}" in answer.text


async def test_a_marketer_reads_the_queue(db: Database, clock: FrozenClock, marketer: httpx2.AsyncClient) -> None:
    await db.run(case, clock.now())
    assert (await marketer.get("/queue")).status_code == 200
    page = await marketer.get("/conversations/1")
    assert page.status_code == 200
    assert "Approve and send" not in page.text


async def test_every_form_of_another_site_is_refused(console: FastAPI, agent: httpx2.AsyncClient) -> None:
    for method, path in addresses(console.router.routes):
        if method != "GET":
            for headers in by_script():
                for site in ({"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "null"}):
                    answer = await agent.request(method, filled(path), headers={**headers, **site})
                    assert (method, path, answer.status_code) == (method, path, 403)
                    assert "another site" in answer.text


async def test_every_answer_carries_the_policy(console: FastAPI, agent: httpx2.AsyncClient) -> None:
    paths = [filled(path) for method, path in addresses(console.router.routes) if method == "GET"]
    for path in [*paths, "/static/console.css", "/nowhere", "/conversations/999", "/queue?page=0"]:
        answer = await agent.get(path)
        assert answer.headers["content-security-policy"] == CSP, path
    refused = await agent.post("/session", headers={"sec-fetch-site": "cross-site"})
    assert refused.status_code == 403
    assert refused.headers["content-security-policy"] == CSP


def test_no_policy_lets_what_stands_inline_run() -> None:
    for policy in (CSP, FRAMED_CSP, *framed("'sha256-x'").values()):
        assert "unsafe-inline" not in policy
        assert "unsafe-eval" not in policy
    texts = [path for path in SOURCES.rglob("*.py") if "unsafe-inline" in path.read_text(encoding="utf-8")]
    assert texts == []


async def test_another_site_cannot_approve(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient, woken: list[str]
) -> None:
    found = await db.run(case, clock.now())
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "http://evil.test"}):
        answer = await agent.post(f"/drafts/{found.draft}/approval", data={"version": 1}, headers=headers)
        assert answer.status_code == 403
        assert "came from another site" in answer.text
    assert woken == []


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/queue/", "/api/orders", "/.env"])
async def test_the_console_has_no_other_pages(agent: httpx2.AsyncClient, path: str) -> None:
    assert (await agent.get(path)).status_code == 404


async def test_the_public_application_knows_nothing_of_the_console(console: FastAPI, public: FastAPI) -> None:
    async with browser_on(public) as machine:
        for method, path in addresses(console.router.routes):
            if path == "/healthz":
                continue
            answer = await machine.request(method, filled(path))
            assert (method, path, answer.status_code) == (method, path, 404)
            assert answer.headers["content-security-policy"] == CSP
        assert (await machine.get("/static/console.css")).status_code == 404
    assert set(addresses(public.router.routes)) == {
        ("POST", "/api/orders"),
        ("GET", "/api/openapi.json"),
        ("GET", "/api/docs"),
        ("POST", "/hooks/{name}"),
        ("GET", "/images/{name}"),
        ("GET", "/files/{sha256}/{name}"),
        ("GET", "/healthz"),
    }


async def test_a_number_that_is_no_id_is_a_page_that_does_not_exist(agent: httpx2.AsyncClient) -> None:
    for number in ("0", "x", "99999999999999999999"):
        answer = await agent.get(f"/conversations/{number}")
        assert answer.status_code == 404
        assert "There is no such page" in answer.text
    assert (await agent.post("/drafts/999/approval", data={"version": 1})).status_code == 404


async def test_a_large_form_is_refused(agent: httpx2.AsyncClient) -> None:
    answer = await agent.post("/conversations/1/replies", data={"text": "x" * 1_100_000})
    assert answer.status_code == 413
    assert "larger than 1 MB" in answer.text


async def test_a_body_that_is_no_form_does_not_hide_the_answer(stranger: httpx2.AsyncClient) -> None:
    kinds = {"large": ("application/x-www-form-urlencoded", b"x" * 1_100_000), "torn": ("multipart/form-data", b"x")}
    for kind, content in kinds.values():
        answer = await stranger.post("/deliveries/1/cancellation", content=content, headers={"content-type": kind})
        assert answer.status_code == 401


async def test_the_style_is_kept_by_browsers_and_holds_no_foreign_address(stranger: httpx2.AsyncClient) -> None:
    answer = await stranger.get("/static/console.css")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.text == (STATIC / "console.css").read_text(encoding="utf-8")
    assert "url(" not in answer.text
    assert "@import" not in answer.text


async def test_a_person_is_named_and_may_leave(console: FastAPI, enter: Entering) -> None:
    async with browser_on(console) as browser:
        await enter(browser, "<b>bo</b>", Role.ADMIN)
        page = (await browser.get("/queue")).text
        assert "&lt;b&gt;bo&lt;/b&gt;" in page
        assert "<b>bo" not in page
        await browser.post("/session/end")
        assert (await browser.get("/queue")).status_code == 303


def test_routes_are_found_at_all(console: FastAPI) -> None:
    assert sum(isinstance(route, APIRoute) or hasattr(route, "path") for route in console.router.routes) >= 1
