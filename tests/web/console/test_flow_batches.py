"""A batch is looked at mail by mail: what stood on the page and was not left out goes, and nothing else."""

import re

import httpx2

from tests.flows.line import flow_text
from tests.web.flow_shop import FlowShop, flow_shop, settings

__all__ = ["flow_shop", "settings"]


def looked(page: str) -> list[str]:
    return re.findall(r'name="looked" value="([0-9]+:[0-9a-f]{64})"', page)


async def batch(person: httpx2.AsyncClient, shop: FlowShop, *numbers: str) -> list[str]:
    await shop.write("plain", flow_text(status="manual"))
    await shop.orders(*numbers)
    return looked((await person.get("/flows/plain/batch")).text)


def told(marks: list[str], *leave_out: int) -> dict[str, list[str]]:
    steps = [one.partition(":")[0] for one in marks]
    return {"looked": marks, "included": [one for place, one in enumerate(steps) if place not in leave_out]}


async def test_only_what_was_shown_and_chosen_goes(agent: httpx2.AsyncClient, flow_shop: FlowShop) -> None:
    marks = await batch(agent, flow_shop, "#1", "#2", "#3")
    assert len(marks) == 3
    await flow_shop.orders("#4")
    answer = await agent.post("/flows/plain/batch/release", data=told(marks, 1))
    assert answer.headers["location"] == "/flows/plain/batch?released=2&left=0"
    await flow_shop.turn()
    assert flow_shop.mails == 2
    assert len(looked((await agent.get("/flows/plain/batch")).text)) == 2, (
        "the one left out, and the one that came since"
    )


async def test_two_who_let_the_same_go_send_it_once(
    agent: httpx2.AsyncClient, marketer: httpx2.AsyncClient, flow_shop: FlowShop
) -> None:
    marks = await batch(agent, flow_shop, "#1")
    await agent.post("/flows/plain/batch/release", data=told(marks))
    answer = await marketer.post("/flows/plain/batch/release", data=told(marks))
    assert answer.headers["location"] == "/flows/plain/batch?released=0&left=1"
    await flow_shop.turn()
    assert flow_shop.mails == 1


async def test_never_sent_is_never_sent(marketer: httpx2.AsyncClient, flow_shop: FlowShop) -> None:
    marks = await batch(marketer, flow_shop, "#1", "#2")
    await marketer.post("/flows/plain/batch/skip", data=told(marks, 0))
    await flow_shop.turn()
    assert flow_shop.mails == 0
    assert len(looked((await marketer.get("/flows/plain/batch")).text)) == 1


async def test_the_mail_is_shown_in_a_frame_that_runs_nothing(agent: httpx2.AsyncClient, flow_shop: FlowShop) -> None:
    marks = await batch(agent, flow_shop, "#1")
    step = marks[0].partition(":")[0]
    assert f'sandbox src="/flows/plain/batch/{step}/mail"' in (await agent.get("/flows/plain/batch")).text
    answer = await agent.get(f"/flows/plain/batch/{step}/mail")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "script-src" not in answer.headers["content-security-policy"]
    assert "#1" in answer.text
    assert (await agent.get("/flows/plain/batch/99/mail")).status_code == 404


async def test_a_form_with_nothing_chosen_or_made_up_is_refused(agent: httpx2.AsyncClient, flow_shop: FlowShop) -> None:
    marks = await batch(agent, flow_shop, "#1")
    for data in ({"looked": marks}, {"looked": ["1:x"], "included": ["1"]}, {"included": ["1"]}):
        assert (await agent.post("/flows/plain/batch/release", data=data)).status_code == 400
    await flow_shop.turn()
    assert flow_shop.mails == 0
