"""A console and a public application on a real database, and browsers that are signed in."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from playwright.async_api import Browser

from mailer.clock import FrozenClock
from mailer.config import Outbound, SenderConfig, Settings, Shop, Web
from mailer.db import Database
from mailer.model import Role
from mailer.signing import Keys
from mailer.web import auth
from mailer.web.server import build_console, build_public
from tests.web.browser import chromium_here, serving

HOST = "http://console.test"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of a shop; no config.toml of the working directory comes into them."""
    monkeypatch.setenv("MAILER_CONFIG", str(tmp_path / "config.toml"))
    return Settings(
        shop=Shop(name="Linen & Co", zone="Europe/Berlin"),
        senders={"care": SenderConfig(address="care@shop.test", name="Linen & Co")},
        outbound=Outbound(host="127.0.0.1", tls="none"),
        web=Web(),
    )


@pytest.fixture
def woken() -> list[str]:
    """One entry for each time that the loops were woken."""
    return []


@pytest.fixture
def console(db: Database, settings: Settings, keys: Keys, clock: FrozenClock, woken: list[str]) -> Iterator[FastAPI]:
    app = build_console(db, settings, keys, clock, lambda: woken.append("woken"))
    yield app
    app.state.desk.reader.close()


@pytest.fixture
def public(db: Database, settings: Settings, keys: Keys, clock: FrozenClock, woken: list[str]) -> FastAPI:
    return build_public(db, settings, keys, clock, lambda: woken.append("woken"))


@pytest.fixture
async def address(console: FastAPI) -> AsyncIterator[str]:
    """The console on a free port."""
    async with serving(console) as found:
        yield found


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    """A real browser; tests that ask for it are marked `journey`."""
    async with chromium_here() as browser:
        yield browser


@asynccontextmanager
async def browser_on(app: FastAPI, host: str = HOST) -> AsyncIterator[httpx2.AsyncClient]:
    """Somebody who asks this application, and follows no redirects."""
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=host) as client:
        yield client


@pytest.fixture
async def stranger(console: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with browser_on(console) as client:
        yield client


Entering = Callable[[httpx2.AsyncClient, str, Role], Awaitable[httpx2.AsyncClient]]


@pytest.fixture
def enter(console: FastAPI, db: Database, clock: FrozenClock) -> Entering:
    """Sign a browser in as a new person of that name and role."""

    async def entered(client: httpx2.AsyncClient, name: str, role: Role) -> httpx2.AsyncClient:
        agent = await db.run(auth.add_agent, name, role, clock.now())
        token = await db.run(auth.make_link, agent, now=clock.now(), lasts=timedelta(hours=1), passwordless=True)
        answer = await client.post(f"/welcome/{token}")
        assert answer.status_code == 303
        return client

    return entered


@pytest.fixture
async def agent(console: FastAPI, enter: Entering) -> AsyncIterator[httpx2.AsyncClient]:
    async with browser_on(console) as client:
        yield await enter(client, "ana", Role.AGENT)


@pytest.fixture
async def marketer(console: FastAPI, enter: Entering) -> AsyncIterator[httpx2.AsyncClient]:
    async with browser_on(console) as client:
        yield await enter(client, "mira", Role.MARKETER)
