"""POST /api/orders, as a shop's system calls it."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from sqlmodel import select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import Order, Shipment
from mailer.web import tokens
from mailer.web.tokens import Scope
from tests.web.conftest import browser_on

ORDER: dict[str, Any] = {
    "id": 5001,
    "name": "#1001",
    "email": "ana@shop.test",
    "currency": "EUR",
    "created_at": "2026-11-02T09:00:00+01:00",
    "total_price": "59.00",
    "customer": {"first_name": "Ana"},
    "line_items": [{"id": 9, "title": "Linen shirt", "variant_title": "M", "quantity": 1}],
    "fulfillments": [
        {
            "id": 88,
            "status": "success",
            "tracking_company": "DHL",
            "tracking_number": "JD014",
            "created_at": "2026-11-03T09:00:00Z",
            "events": [{"id": 900, "status": "in_transit", "happened_at": "2026-11-09T11:20:00Z"}],
        }
    ],
}


@pytest.fixture
async def shop(db: Database, clock: FrozenClock, public: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """The shop's system, with its token."""
    token = await db.run(tokens.add_token, "web shop", Scope.ORDERS, now=clock.now())
    async with browser_on(public) as client:
        client.headers["authorization"] = f"Bearer {token}"
        yield client


async def test_an_order_is_new_once(db: Database, shop: httpx2.AsyncClient, woken: list[str]) -> None:
    first, second = [await shop.post("/api/orders", json=ORDER) for _ in range(2)]
    assert (first.status_code, second.status_code) == (201, 200)
    assert [first.json()[key] for key in ("created", "updated", "unchanged")] == [1, 0, 0]
    assert [second.json()[key] for key in ("created", "updated", "unchanged")] == [0, 0, 1]
    order = await db.read(lambda session: session.exec(select(Order)).one())
    parcel = await db.read(lambda session: session.exec(select(Shipment)).one())
    assert (order.number, order.email, parcel.tracking_number) == ("#1001", "ana@shop.test", "JD014")
    assert len(woken) == 2


async def test_a_list_is_taken_as_one(db: Database, shop: httpx2.AsyncClient) -> None:
    other = {**ORDER, "id": 5002, "name": "#1002"}
    answer = await shop.post("/api/orders?storefront=second", json=[ORDER, other])
    assert answer.status_code == 201
    assert answer.json()["created"] == 2
    fronts = await db.read(lambda session: session.exec(select(Order.storefront)).all())
    assert list(fronts) == ["second", "second"]


async def test_every_mistake_is_told_and_nothing_is_kept(db: Database, shop: httpx2.AsyncClient) -> None:
    broken = {**ORDER, "email": "nobody", "created_at": "yesterday"}
    answer = await shop.post("/api/orders", json=[ORDER, broken])
    assert answer.status_code == 400
    problems = answer.json()["problems"]
    assert any(problem.startswith("[1].email") for problem in problems)
    assert any(problem.startswith("[1].created_at") for problem in problems)
    assert await db.read(lambda session: session.exec(select(Order)).all()) == []


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 50_000, b'"words"', b"null"])
async def test_what_is_no_order_is_refused_in_words(shop: httpx2.AsyncClient, body: bytes) -> None:
    answer = await shop.post("/api/orders", content=body)
    assert answer.status_code == 400
    assert answer.json()["problems"]


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Basic abc", ""])
async def test_without_its_token_nobody_is_heard(public: FastAPI, header: str | None) -> None:
    async with browser_on(public) as client:
        headers = {} if header is None else {"authorization": header}
        answer = await client.post("/api/orders", json=ORDER, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_revoked_and_foreign_tokens_open_nothing(
    db: Database, clock: FrozenClock, shop: httpx2.AsyncClient
) -> None:
    await db.run(tokens.revoke, "web shop", now=clock.now())
    assert (await shop.post("/api/orders", json=ORDER)).status_code == 401
    other = await db.run(tokens.add_token, "graphs", Scope.METRICS, now=clock.now())
    answer = await shop.post("/api/orders", json=ORDER, headers={"authorization": f"Bearer {other}"})
    assert answer.status_code == 401


async def test_a_body_over_five_megabytes_is_refused(shop: httpx2.AsyncClient) -> None:
    answer = await shop.post("/api/orders", content=json.dumps({**ORDER, "note": "x" * 5_000_000}))
    assert answer.status_code == 413
    assert answer.json() == {"problems": ["The body is larger than 5 MB."]}


async def test_a_storefront_has_a_name(shop: httpx2.AsyncClient) -> None:
    answer = await shop.post("/api/orders?storefront=", json=ORDER)
    assert answer.status_code == 400
    assert answer.json()["problems"][0].startswith("storefront: ")


async def test_orders_are_posted_and_not_read(shop: httpx2.AsyncClient) -> None:
    assert (await shop.get("/api/orders")).status_code == 405
