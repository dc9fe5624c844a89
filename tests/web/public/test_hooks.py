"""POST /hooks/NAME, as the shop's systems call it."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlmodel import select

from mailer.clock import FrozenClock
from mailer.config import Settings
from mailer.db import Database
from mailer.model import Blob, Refusal, SourcePayload
from mailer.signing import Keys
from mailer.sources_config import SourceConfig
from mailer.web.server import build_public
from tests.orders.payloads import an_order
from tests.orders.sources.hooked import SECRET, base64_hmac
from tests.web.conftest import browser_on

BODY = json.dumps(an_order(id=5001)).encode()


@pytest.fixture
def public(db: Database, settings: Settings, keys: Keys, clock: FrozenClock) -> FastAPI:
    sources = {
        "shop": SourceConfig(kind="shopify", secrets=(SecretStr("new"), SecretStr(SECRET)), largest=5_000),
        "woo": SourceConfig(kind="woocommerce", secrets=(SecretStr(SECRET),)),
        "open": SourceConfig(kind="shopify"),
        "generic": SourceConfig(kind="api"),
    }
    return build_public(db, settings.model_copy(update={"sources": sources}), keys, clock)


@pytest.fixture
async def shop(public: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with browser_on(public) as client:
        yield client


def signed(body: bytes = BODY, secret: str = SECRET, number: str = "w1") -> dict[str, str]:
    return {
        "X-Shopify-Topic": "orders/create",
        "X-Shopify-Webhook-Id": number,
        "X-Shopify-Hmac-Sha256": base64_hmac(body, secret),
    }


async def kept(db: Database) -> list[SourcePayload]:
    return list(await db.read(lambda session: session.exec(select(SourcePayload)).all()))


async def refusals(db: Database) -> dict[tuple[str, str], int]:
    rows = await db.read(lambda session: session.exec(select(Refusal)).all())
    return {(row.source, row.reason): row.count for row in rows}


async def test_a_signed_webhook_is_kept_raw_before_it_is_answered(db: Database, shop: httpx2.AsyncClient) -> None:
    answer = await shop.post("/hooks/shop", content=BODY, headers=signed())
    assert (answer.status_code, answer.json()) == (200, {"ok": "kept"})
    (row,) = await kept(db)
    assert (row.source, row.kind, row.topic, row.state) == ("shop", "shopify", "orders/create", "stored")
    assert row.headers["x-shopify-webhook-id"] == "w1"
    assert "x-shopify-hmac-sha256" not in row.headers
    blob = await db.read(lambda session: session.get(Blob, row.sha256))
    assert blob is not None
    assert blob.unpack() == BODY


async def test_a_retry_is_answered_alike_and_kept_once(db: Database, shop: httpx2.AsyncClient) -> None:
    answers = [await shop.post("/hooks/shop", content=BODY, headers=signed()) for _ in range(2)]
    assert [answer.json()["ok"] for answer in answers] == ["kept", "known already"]
    assert {answer.status_code for answer in answers} == {200}
    assert len(await kept(db)) == 1


async def test_many_at_once_share_commits_and_none_is_lost(db: Database, shop: httpx2.AsyncClient) -> None:
    sent = [shop.post("/hooks/shop", content=BODY, headers=signed(number=f"w{i % 40}")) for i in range(60)]
    answers = await asyncio.gather(*sent)
    assert {answer.status_code for answer in answers} == {200}
    assert len(await kept(db)) == 40


@pytest.mark.parametrize("secret", [SECRET, "new"])
async def test_both_secrets_sign(db: Database, shop: httpx2.AsyncClient, secret: str) -> None:
    answer = await shop.post("/hooks/shop", content=BODY, headers=signed(secret=secret))
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("name", "headers", "status", "source", "reason"),
    [
        ("shop", signed(secret="old"), 401, "shop", "wrong signature"),
        ("shop", {}, 401, "shop", "wrong signature"),
        ("open", signed(), 401, "open", "no secret is configured, so nothing can be believed"),
        ("nobody", signed(), 404, "", "there is no such source"),
        ("another", signed(), 404, "", "there is no such source"),
        ("generic", signed(), 404, "", "there is no such source"),
    ],
)
async def test_what_is_not_believed_is_counted_and_not_kept(
    db: Database, shop: httpx2.AsyncClient, name: str, headers: dict[str, str], status: int, source: str, reason: str
) -> None:
    for _ in range(2):
        answer = await shop.post(f"/hooks/{name}", content=BODY, headers=headers)
        assert (answer.status_code, answer.json()) == (status, {"problems": [reason]})
    assert await refusals(db) == {(source, reason): 2}
    assert await kept(db) == []


async def _in_parts(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 1_000):
        yield b" " * 1_000


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_that_is_too_large_is_turned_away(db: Database, shop: httpx2.AsyncClient, announced: bool) -> None:
    body = b" " * 6_000 if announced else _in_parts(6_000)
    answer = await shop.post("/hooks/shop", content=body, headers=signed())
    assert answer.status_code == 413
    assert await refusals(db) == {("shop", "larger than 5000 bytes"): 1}


async def test_a_ping_of_woocommerce_is_answered_with_200_and_leaves_nothing(
    db: Database, shop: httpx2.AsyncClient
) -> None:
    answer = await shop.post("/hooks/woo", content=b"webhook_id=12")
    assert answer.status_code == 200
    assert await kept(db) == []
    assert await refusals(db) == {}


async def test_only_post_is_known(shop: httpx2.AsyncClient) -> None:
    assert (await shop.get("/hooks/shop")).status_code == 405


async def test_a_body_that_is_no_json_is_kept_when_it_is_signed(db: Database, shop: httpx2.AsyncClient) -> None:
    body = b"\xff{"
    assert (await shop.post("/hooks/shop", content=body, headers=signed(body))).status_code == 200
    assert len(await kept(db)) == 1
