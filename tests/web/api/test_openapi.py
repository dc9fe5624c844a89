"""The API's description says what is so: each field that is read has its words, and the example is taken."""

import re
from html.parser import HTMLParser
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from sqlmodel import select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import Order, ParcelState, Shipment
from mailer.orders.source import OrderIn
from mailer.web import tokens
from mailer.web.api.openapi import ERRORS, EXAMPLE, WORDS, document
from mailer.web.tokens import Scope
from tests.web.conftest import browser_on

# Read for platforms of their own, and not for whoever writes to us.
OF_PLATFORMS = {
    "PersonIn": {"raw", "email", "province"},
    "OrderIn": {"raw"},
    "LineIn": {"raw", "name"},
    "ScanIn": {"raw", "state"},
    "FulfillmentIn": {"raw", "tracker"},
    "RefundIn": {"raw", "order_id", "reason"},
}


@pytest.mark.parametrize("name", WORDS)
def test_each_field_that_we_read_is_described(name: str) -> None:
    whole = OrderIn.model_json_schema()
    schema = whole if name == "OrderIn" else whole["$defs"][name]
    assert set(schema["properties"]) - OF_PLATFORMS[name] == set(WORDS[name])
    described = document()["components"]["schemas"][name]
    assert set(described["required"]) <= set(described["properties"])


def test_every_reference_leads_somewhere() -> None:
    text = str(document())
    schemas = document()["components"]["schemas"]
    names = re.findall(r"#/components/schemas/(\w+)", text)
    assert names
    assert set(names) <= set(schemas)


def test_each_state_of_a_parcel_is_named() -> None:
    assert all(state.value in WORDS["ScanIn"]["status"] for state in ParcelState)


async def test_the_example_is_taken_as_described(db: Database, clock: FrozenClock, public: FastAPI) -> None:
    token = await db.run(tokens.add_token, "web shop", Scope.ORDERS, now=clock.now())
    async with browser_on(public) as client:
        headers = {"authorization": f"Bearer {token}"}
        answers = [await client.post("/api/orders", json=EXAMPLE, headers=headers) for _ in range(2)]
        operation = document()["paths"]["/api/orders"]["post"]
        assert [str(answer.status_code) for answer in answers] == ["201", "200"]
        fields = operation["responses"]["201"]["content"]["application/json"]["schema"]["properties"]
        assert set(answers[0].json()) == set(fields)
        wrong = await client.post("/api/orders", json={}, headers=headers)
        stranger = await client.post("/api/orders", json=EXAMPLE)
    assert {str(wrong.status_code), str(stranger.status_code)} <= set(ERRORS)
    assert set(wrong.json()) == {"problems"}
    order = await db.read(lambda session: session.exec(select(Order)).one())
    parcel = await db.read(lambda session: session.exec(select(Shipment)).one())
    assert (order.number, order.country, parcel.state) == ("#1001", "DE", ParcelState.DELIVERED)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, Any]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


async def test_the_page_needs_no_script_and_no_other_host(public: FastAPI) -> None:
    async with browser_on(public) as client:
        page = await client.get("/api/docs")
        machine = await client.get("/api/openapi.json")
    assert (page.status_code, machine.status_code) == (200, 200)
    assert machine.json() == document()
    reader = Tags()
    reader.feed(page.text)
    assert not {tag for tag, _ in reader.seen} & {"script", "style", "img", "iframe", "link"}
    assert {href for _, attributes in reader.seen if (href := attributes.get("href"))} == {"/api/openapi.json"}
    for words in WORDS.values():
        assert all(f"<code>{name}" in page.text for name in words)


async def test_neither_is_on_the_console(console: FastAPI) -> None:
    async with browser_on(console) as client:
        assert (await client.get("/api/docs")).status_code in (303, 401, 404)


@pytest.mark.parametrize("source", ["other", "shop"])
async def test_a_source_must_be_in_the_config(db: Database, clock: FrozenClock, public: FastAPI, source: str) -> None:
    token = await db.run(tokens.add_token, "web shop", Scope.ORDERS, now=clock.now())
    async with browser_on(public) as client:
        headers: dict[str, str] = {"authorization": f"Bearer {token}"}
        answer: httpx2.Response = await client.post(f"/api/orders?source={source}", json=EXAMPLE, headers=headers)
    assert answer.status_code == 400
    assert f"[sources.{source}]" in answer.json()["problems"][0]
    assert await db.read(lambda session: session.exec(select(Order)).all()) == []
