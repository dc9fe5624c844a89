"""The page of all flows and of one: what each does, who is in it, what comes, what was kept back; holding it."""

import re

import httpx2
import pytest

from mailer.db import Database
from mailer.model import EnrollmentState
from mailer.outbound.catch_up import held_flows
from tests.flows.line import flow_text
from tests.web.flow_shop import FlowShop, flow_shop, settings

__all__ = ["flow_shop", "settings"]
THREE = '[[step]]\nid = "ask"\nwait = "3d"\nsend = "order_confirmation"\n'


async def test_each_flow_is_a_card_with_its_line(marketer: httpx2.AsyncClient, flow_shop: FlowShop) -> None:
    await flow_shop.write("plain", flow_text(more=THREE, step='expires = "30d"'))
    await flow_shop.write("other", flow_text(status="draft").replace('"Plain"', '"Other one"'))
    await flow_shop.orders("#1", "#2")
    page = (await marketer.get("/flows")).text
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert "order placed at once order confirmation expires after 30 d after 3 d order confirmation" in words
    assert page.index("Plain") < page.index("Other one"), "what is live stands first"
    assert "In it now 2" in words
    assert "Sent 2 in 7 days" in words
    assert "<svg" in page
    assert "Mails of the next seven days" in page


async def test_a_broken_file_is_told_and_the_text_before_serves(
    marketer: httpx2.AsyncClient, flow_shop: FlowShop
) -> None:
    await flow_shop.write("plain", flow_text())
    await flow_shop.write("plain", flow_text(kind="nonsense"))
    await flow_shop.write("lost", "nonsense")
    page = (await marketer.get("/flows")).text
    assert "Its file has mistakes; the text before serves." in page
    assert "is not in service" in page
    assert "nonsense" in (await marketer.get("/flows/plain")).text


async def test_the_page_of_a_flow_says_who_is_in_it_and_when(marketer: httpx2.AsyncClient, flow_shop: FlowShop) -> None:
    await flow_shop.write("plain", flow_text(more=THREE))
    await flow_shop.orders("#1", "#2")
    page = (await marketer.get("/flows/plain")).text
    assert page.count("25 Nov 2026") >= 2
    assert "2 mails" in page
    assert "/orders/1" in page
    assert "/flows/plain/passages/1" in page
    assert (await marketer.get("/flows/nothing")).status_code == 404
    assert (await marketer.get("/flows/No-Flow")).status_code == 404
    assert "finished" not in (await marketer.get("/flows/plain?sort=ended")).text
    assert "#1" in (await marketer.get("/flows/plain?sort=sent")).text
    assert (await marketer.get("/flows/plain?sort=nothing")).status_code == 400


async def test_who_is_held_is_told_with_the_reason_and_found_by_it(
    marketer: httpx2.AsyncClient, flow_shop: FlowShop
) -> None:
    await flow_shop.write("plain", flow_text(step='if = "order.total > 1000000"'))
    await flow_shop.orders("#1")
    page = (await marketer.get("/flows/plain")).text
    assert "1 × not true: order.total &gt; 1000000" in page
    link = re.search(r'href="(\?sort=skipped&amp;reason=[^"]+)#list"', page)
    assert link
    assert "#1" in (await marketer.get("/flows/plain" + link[1].replace("&amp;", "&"))).text
    other = await marketer.get("/flows/plain?sort=skipped&reason=nothing")
    assert "Nobody is in this list." in other.text


@pytest.mark.parametrize("role", ["agent", "marketer"])
async def test_everybody_who_works_here_may_hold_a_flow_and_let_it_go(
    db: Database, flow_shop: FlowShop, role: str, agent: httpx2.AsyncClient, marketer: httpx2.AsyncClient
) -> None:
    person = {"agent": agent, "marketer": marketer}[role]
    await flow_shop.write("plain", flow_text())
    answer = await person.post("/flows/plain/hold", data={"reason": "wrong <price>"})
    assert answer.headers["location"] == "/flows/plain?notice=held"
    await flow_shop.orders("#1")
    assert flow_shop.line.relay.mails == []
    page = (await person.get("/flows/plain")).text
    assert "This flow is held." in page
    assert "wrong &lt;price&gt;" in page
    await person.post("/flows/plain/hold/end")
    assert await db.read(held_flows) == {}
    await flow_shop.turn()
    assert len(flow_shop.line.relay.mails) == 1, "held, not dropped"


async def test_the_reason_of_one_passage_question_by_question(agent: httpx2.AsyncClient, flow_shop: FlowShop) -> None:
    await flow_shop.write("plain", flow_text(more=THREE))
    await flow_shop.orders("#1")
    page = (await agent.get("/flows/plain/passages/1")).text
    assert "active at step ask; now: wait" in page
    assert "What is asked before the next mail goes" in page
    assert (await agent.get("/flows/plain/passages/99")).status_code == 404


async def test_a_mail_is_sent_before_its_time(agent: httpx2.AsyncClient, flow_shop: FlowShop) -> None:
    await flow_shop.write("plain", flow_text(more=THREE))
    await flow_shop.orders("#1")
    version = flow_shop.line.enrollments()[0].version
    assert (await agent.post("/flows/plain/passages/1/sending", data={"version": version + 1})).status_code == 409
    assert (await agent.post("/flows/plain/passages/1/sending", data={"version": version})).status_code == 303
    await flow_shop.turn()
    assert len(flow_shop.line.relay.mails) == 2
    assert flow_shop.line.enrollments()[0].state is EnrollmentState.FINISHED


async def test_somebody_is_taken_out_with_a_reason(agent: httpx2.AsyncClient, flow_shop: FlowShop) -> None:
    await flow_shop.write("plain", flow_text(more=THREE))
    await flow_shop.orders("#1")
    version = flow_shop.line.enrollments()[0].version
    assert (
        await agent.post("/flows/plain/passages/1/exit", data={"version": version, "reason": " "})
    ).status_code == 400
    await agent.post("/flows/plain/passages/1/exit", data={"version": version, "reason": "she called"})
    await flow_shop.turn(days=4)
    [left] = flow_shop.line.enrollments()
    assert (left.state, left.reason) == (EnrollmentState.EXITED, "ana took it out: she called")
    assert len(flow_shop.line.relay.mails) == 1
