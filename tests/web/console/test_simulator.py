"""The simulator moves an order by a clock in one's hand, and its mails are those of the order."""

import re

import httpx2
import pytest

from tests.flows.line import flow_text
from tests.web.flow_shop import FlowShop, flow_shop, settings

__all__ = ["flow_shop", "settings"]
LATER = '[[step]]\nid = "ask"\nwait = "5d"\nsend = "order_confirmation"\n'


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page[page.index('id="story"') :]))


@pytest.fixture
async def shop(flow_shop: FlowShop) -> FlowShop:
    await flow_shop.write("plain", flow_text(more=LATER, leave='on = ["order.canceled"]'))
    return flow_shop


async def test_a_real_order_goes_step_by_step_to_the_next_thing(marketer: httpx2.AsyncClient, shop: FlowShop) -> None:
    await shop.orders("#77")
    page = (await marketer.get("/simulator?order=77")).text
    assert "comes in order placed" in words(page)
    assert "sends first" in words(page)
    jump = re.search(r'jump=(\d+)"[^>]*data-key="n"', page)
    assert jump
    assert int(jump[1]) == 5 * 1440
    then = words((await marketer.get(f"/simulator?order=77&jump={jump[1]}")).text)
    assert "sends ask" in then
    assert "Nothing more happens." in then
    assert "sends ask" not in words((await marketer.get("/simulator?order=77&days=4&hours=23")).text).replace(
        "Plain sends ask", ""
    ).replace(": sends ask", "")
    assert shop.mails == 1, "the simulator sends nothing"


async def test_an_order_that_nobody_knows_and_events_that_are_none(
    marketer: httpx2.AsyncClient, shop: FlowShop
) -> None:
    assert "there is no order 404" in (await marketer.get("/simulator?order=404")).text
    page = await marketer.get("/simulator", params={"made": "true", "events": "tomorrow order.placed\n1d order.dreamt"})
    assert "line 1" in page.text
    assert "line 2" in page.text
    assert (await marketer.get("/simulator")).status_code == 200


async def test_a_made_up_order(marketer: httpx2.AsyncClient, shop: FlowShop) -> None:
    asked = {"made": "true", "events": "0d order.placed\n2d order.canceled", "days": "9"}
    told = words((await marketer.get("/simulator", params=asked)).text)
    assert "sends first" in told
    assert "ends ask order canceled" in told


async def test_the_mail_is_the_orders_own_in_a_frame(marketer: httpx2.AsyncClient, shop: FlowShop) -> None:
    await shop.orders("#77")
    answer = await marketer.get("/simulator/mail?order=77&flow=plain&step=ask")
    assert "#77" in answer.text
    assert "sandbox" in answer.headers["content-security-policy"]
    sample = await marketer.get("/simulator/mail?made=true&flow=plain&step=first&language=de")
    assert 'lang="de"' in sample.text
    assert (await marketer.get("/simulator/mail?order=77&flow=plain&step=none")).status_code == 404
