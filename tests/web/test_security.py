"""What each request and answer goes through, on the smallest application."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from mailer.web.security import CSP, BodyLimit, SameOrigin, SecurityHeaders, Unbroken
from tests.web.conftest import browser_on


def say(status: int, text: str) -> Response:
    return PlainTextResponse(text, status)


async def echo(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def broken(request: Request) -> Response:
    raise RuntimeError("ana@shop.test cannot be written")


def app(*middleware: Middleware) -> Any:
    routes = [Route("/", echo, methods=["GET", "POST"]), Route("/broken", broken)]
    return Starlette(routes=routes, middleware=list(middleware))


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "cross-site", "origin": "http://console.test"}, 403),
        ({"origin": "http://console.test"}, 200),
        ({"origin": "http://evil.test"}, 403),
        ({"origin": "http://console.test.evil.test"}, 403),
        ({"origin": "null"}, 403),
    ],
)
async def test_only_our_own_pages_change_something(headers: dict[str, str], status: int) -> None:
    async with browser_on(app(Middleware(SameOrigin, answer=say))) as browser:
        assert (await browser.post("/", headers=headers)).status_code == status
        assert (await browser.get("/", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    ("origin", "status"), [("https://mail.shop.test", 200), ("http://127.0.0.1:8025", 403), ("http://evil.test", 403)]
)
async def test_behind_a_proxy_its_address_counts(origin: str, status: int) -> None:
    guarded = app(Middleware(SameOrigin, answer=say, public_url="https://mail.shop.test"))
    async with browser_on(guarded, "http://127.0.0.1:8025") as browser:
        assert (await browser.post("/", headers={"origin": origin})).status_code == status


async def pieces(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * 100


@pytest.mark.parametrize(("size", "status"), [(1000, 200), (1001, 413)])
async def test_a_body_over_the_limit_is_refused(size: int, status: int) -> None:
    async with browser_on(app(Middleware(BodyLimit, limit=1000))) as browser:
        assert (await browser.post("/", content=b"x" * size)).status_code == status


@pytest.mark.parametrize(("count", "status"), [(10, 200), (11, 413)])
async def test_a_body_that_does_not_say_its_length_is_counted(count: int, status: int) -> None:
    async with browser_on(app(Middleware(BodyLimit, limit=1000))) as browser:
        assert (await browser.post("/", content=pieces(count))).status_code == status


async def test_a_fault_is_an_answer_that_tells_nothing() -> None:
    guarded = app(Middleware(SecurityHeaders), Middleware(Unbroken, answer=say))
    async with browser_on(guarded) as browser:
        answer = await browser.get("/broken")
    assert answer.status_code == 500
    assert "ana@shop.test" not in answer.text
    assert answer.headers["content-security-policy"] == CSP


async def test_answers_carry_safe_headers_and_are_not_kept() -> None:
    async with browser_on(app(Middleware(SecurityHeaders))) as browser:
        headers: httpx2.Headers = (await browser.get("/")).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "unsafe" not in headers["content-security-policy"]
