"""GET /metrics: figures, and who may see them."""

from datetime import timedelta

import httpx2
import pytest
from fastapi import FastAPI
from starlette.requests import Request

from mailer.clock import FrozenClock
from mailer.config import Settings, Web
from mailer.db import Database
from mailer.health.status import Status
from mailer.signing import Keys
from mailer.web import tokens
from mailer.web.public.metrics import exposition, is_local
from mailer.web.server import build_console
from mailer.web.tokens import Scope
from tests.web.build import case, quarantined
from tests.web.conftest import browser_on


async def test_figures_count_every_state(db: Database, clock: FrozenClock, stranger: httpx2.AsyncClient) -> None:
    await db.run(case, clock.now())
    await db.run(quarantined, clock.now(), "no header ends")
    answer = await stranger.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    due = (clock.now() - timedelta(minutes=20) + timedelta(hours=24)).timestamp()
    for line in (
        'mailer_conversations{state="drafted"} 1.0',
        'mailer_conversations{state="closed"} 0.0',
        'mailer_deliveries{state="unknown"} 0.0',
        'mailer_raw_mails{state="quarantined"} 1.0',
        f"mailer_oldest_due_timestamp_seconds {due!r}",
    ):
        name, _, value = line.rpartition(" ")
        found = [entry for entry in answer.text.splitlines() if entry.startswith(f"{name} ")]
        assert [float(entry.rpartition(" ")[2]) for entry in found] == [float(value)], name


def test_without_anything_due_there_is_a_zero() -> None:
    assert b"mailer_oldest_due_timestamp_seconds 0.0" in exposition(Status((), {}, {}, {}, {}, None, 0, 0))


@pytest.mark.parametrize(
    ("client", "console_url", "headers", "local"),
    [
        ("127.0.0.1", "", {}, True),
        ("::1", "", {}, True),
        ("127.0.0.1", "http://localhost:8025", {}, True),
        ("10.0.0.7", "", {}, False),
        ("127.0.0.1", "https://mail.shop.test", {}, False),
        ("127.0.0.1", "", {"x-forwarded-for": "10.0.0.7"}, False),
        ("127.0.0.1", "", {"forwarded": "for=10.0.0.7"}, False),
    ],
)
def test_this_machine_is_local_and_a_proxy_on_it_is_not(
    client: str, console_url: str, headers: dict[str, str], local: bool
) -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    request = Request({"type": "http", "client": (client, 1), "headers": raw, "method": "GET", "path": "/metrics"})
    assert is_local(request, console_url) is local


@pytest.fixture
def proxied(db: Database, settings: Settings, keys: Keys, clock: FrozenClock) -> FastAPI:
    web = Web(console_url="https://mail.shop.test")
    return build_console(db, settings.model_copy(update={"web": web}), keys, clock, lambda: None)


async def test_through_a_proxy_a_token_is_needed(db: Database, clock: FrozenClock, proxied: FastAPI) -> None:
    right = await db.run(tokens.add_token, "graphs", Scope.METRICS, now=clock.now())
    wrong = await db.run(tokens.add_token, "web shop", Scope.ORDERS, now=clock.now())
    async with browser_on(proxied) as machine:
        assert (await machine.get("/metrics")).status_code == 401
        for token, status in ((wrong, 401), (right, 200)):
            answer = await machine.get("/metrics", headers={"authorization": f"Bearer {token}"})
            assert answer.status_code == status
