"""A flow is edited, checked, published, rolled back and returned to its file; the next mails follow."""

import re
from datetime import timedelta

import httpx2
import pytest

from mailer.db import Database
from mailer.flows.revisions import Editions, editions, history
from mailer.model import EnrollmentState
from tests.flows.line import flow_text
from tests.web.flow_shop import FlowShop, flow_shop, settings

__all__ = ["flow_shop", "settings"]
LATER = '[[step]]\nid = "ask"\nwait = "5d"\nsend = "order_confirmation"\n'
TESTED = (
    LATER + '[[test]]\nname = "five days"\nevents = ["0d order.placed"]\nexpect = ["0d send first", "5d send ask"]\n'
)


async def known(shop: FlowShop) -> Editions:
    return await shop.db.read(editions, shop.folder, "plain")


async def turn(person: httpx2.AsyncClient, shop: FlowShop, **values: str) -> httpx2.Response:
    """Save these values of the form; `__` stands for a dot."""
    draft = (await known(shop)).draft
    said = {name.replace("__", "."): value for name, value in values.items()}
    return await person.post("/flows/plain/values", data={"version": draft.version if draft else 0, **said})


async def publish(person: httpx2.AsyncClient, shop: FlowShop, words: str = "") -> httpx2.Response:
    draft = (await known(shop)).draft
    assert draft is not None
    told = {"version": draft.version, "sha256": draft.sha256, "words": words}
    answer = await person.post("/flows/plain/publication", data=told)
    await shop.serve()
    return answer


async def test_a_value_is_changed_in_a_draft_and_nothing_follows_before_it_is_published(
    marketer: httpx2.AsyncClient, flow_shop: FlowShop
) -> None:
    await flow_shop.write("plain", flow_text(more=LATER))
    await flow_shop.orders("#1")
    assert 'value="5d"' in (await marketer.get("/flows/plain/edit")).text
    assert (await turn(marketer, flow_shop, step__2__wait__home="2d")).status_code == 303
    page = (await marketer.get("/flows/plain/edit")).text
    assert "<ins>+wait = &#34;2d&#34;</ins>" in page
    assert "Publish…" in page
    await flow_shop.turn(days=3)
    assert flow_shop.mails == 1, "a draft moves nobody"


async def test_a_shorter_wait_is_counted_first_and_brings_forward_when_published(
    marketer: httpx2.AsyncClient, flow_shop: FlowShop
) -> None:
    await flow_shop.write("plain", flow_text(more=LATER))
    await flow_shop.orders("#1")
    await flow_shop.turn(days=3)
    await flow_shop.orders("#2")
    await turn(marketer, flow_shop, step__2__wait__home="2d")
    page = (await marketer.get("/flows/plain/publish")).text
    assert "2 are brought forward, as their wait became shorter." in page
    assert "1 of them is due at once." in page
    await publish(marketer, flow_shop)
    now = flow_shop.clock.now()
    assert [one.due_at for one in flow_shop.line.enrollments()] == [now, now + timedelta(days=2)]
    await flow_shop.turn()
    assert flow_shop.mails == 3
    assert [one.state for one in flow_shop.line.enrollments()] == [EnrollmentState.FINISHED, EnrollmentState.ACTIVE]
    await flow_shop.turn(days=2)
    assert flow_shop.mails == 4


async def test_a_longer_wait_holds_for_who_is_in_it(marketer: httpx2.AsyncClient, flow_shop: FlowShop) -> None:
    await flow_shop.write("plain", flow_text(more=LATER))
    await flow_shop.orders("#1")
    await turn(marketer, flow_shop, step__2__wait__home="9d")
    await publish(marketer, flow_shop)
    await flow_shop.turn(days=6)
    assert flow_shop.mails == 1
    await flow_shop.turn(days=4)
    assert flow_shop.mails == 2


async def test_every_mistake_is_told_and_nothing_is_published(
    marketer: httpx2.AsyncClient, flow_shop: FlowShop
) -> None:
    await flow_shop.write("plain", flow_text(more=LATER))
    await turn(marketer, flow_shop, step__2__wait__home="soon", send__between="late", status="lve")
    page = (await marketer.get("/flows/plain/edit")).text
    assert "3 mistakes. It cannot be published yet." in page
    assert "is no span of time" in page
    assert "did you mean live?" in page
    assert 'value="soon"' in page, "what was typed is kept"
    answer = await publish(marketer, flow_shop)
    assert answer.status_code == 400
    assert "is no span of time" in answer.text
    assert (await known(flow_shop)).published is None
    assert (await marketer.get("/flows/plain/publish")).headers["location"] == "/flows/plain/edit"


async def test_its_own_tests_are_let_expect_what_it_does_now(marketer: httpx2.AsyncClient, flow_shop: FlowShop) -> None:
    await flow_shop.write("plain", flow_text(more=TESTED))
    await turn(marketer, flow_shop, step__2__wait__home="4d")
    page = (await marketer.get("/flows/plain/edit")).text
    assert "1 mistake. It" in page
    assert "it does 0d send first, 4d send ask" in page
    draft = (await known(flow_shop)).draft
    assert draft is not None
    await marketer.post("/flows/plain/expectations", data={"version": draft.version})
    page = (await marketer.get("/flows/plain/edit")).text
    assert "It is fit." in page
    assert (await publish(marketer, flow_shop)).status_code == 303


async def test_a_publish_is_of_the_text_that_was_shown(marketer: httpx2.AsyncClient, flow_shop: FlowShop) -> None:
    await flow_shop.write("plain", flow_text(more=LATER))
    await turn(marketer, flow_shop, step__2__wait__home="4d")
    draft = (await known(flow_shop)).draft
    assert draft is not None
    told = {"version": draft.version, "sha256": "0" * 64}
    assert (await marketer.post("/flows/plain/publication", data=told)).status_code == 409
    await turn(marketer, flow_shop, step__2__wait__home="3d")
    told = {"version": draft.version, "sha256": draft.sha256}
    assert (await marketer.post("/flows/plain/publication", data=told)).status_code == 409
    assert (await known(flow_shop)).published is None


async def test_two_who_write_at_once_lose_nothing(marketer: httpx2.AsyncClient, flow_shop: FlowShop) -> None:
    await flow_shop.write("plain", flow_text(more=LATER))
    await marketer.post("/flows/plain/draft", data={"version": 0, "text": "mine"})
    answer = await marketer.post("/flows/plain/draft", data={"version": 0, "text": "and yours"})
    assert answer.status_code == 409
    assert "and yours" in answer.text
    draft = (await known(flow_shop)).draft
    assert draft is not None
    assert draft.text == "mine"
    await marketer.post("/flows/plain/draft/end", data={"version": draft.version})
    assert (await known(flow_shop)).draft is None


async def test_rolling_back_and_the_file_again(marketer: httpx2.AsyncClient, flow_shop: FlowShop, db: Database) -> None:
    await flow_shop.write("plain", flow_text(more=LATER))
    for span in ("4d", "3d"):
        await turn(marketer, flow_shop, step__2__wait__home=span)
        await publish(marketer, flow_shop, f"now {span}")
    assert str(flow_shop.line.flows["plain"].steps[1].wait.home) == "3 d"
    page = (await marketer.get("/flows/plain/history")).text
    assert page.index("now 3d") < page.index("now 4d")
    assert "serves now" in page
    [_, first] = await db.read(history, "plain")
    assert "<ins>+wait = &#34;4d&#34;</ins>" in (await marketer.get(f"/flows/plain/history?edition={first.id}")).text
    await marketer.post("/flows/plain/rollback", data={"edition": first.id})
    await flow_shop.serve()
    assert str(flow_shop.line.flows["plain"].steps[1].wait.home) == "4 d"
    assert len(await db.read(history, "plain")) == 3
    await marketer.post("/flows/plain/file")
    await flow_shop.serve()
    assert str(flow_shop.line.flows["plain"].steps[1].wait.home) == "5 d"
    assert (await marketer.post("/flows/plain/file")).status_code == 404
    assert (await marketer.post("/flows/plain/rollback", data={"edition": 999})).status_code == 404


async def test_going_live_says_who_would_come_in(marketer: httpx2.AsyncClient, flow_shop: FlowShop) -> None:
    await flow_shop.write("plain", flow_text(status="draft", enter="skip_if = [\"order.source == 'amazon'\"]"))
    now = flow_shop.clock.now()
    for number in ("#1", "#2", "#3"):
        placed = (now - timedelta(days=2)).isoformat()
        await flow_shop.orders(number, created_at=placed)
    await turn(marketer, flow_shop, status="live")
    page = (await marketer.get("/flows/plain/publish")).text
    assert "From now on this flow writes to customers." in page
    assert "it would have let in 3 and sent 3 mails" in page
    await publish(marketer, flow_shop)
    await flow_shop.turn()
    assert flow_shop.mails == 0, "who had the event before is not let in afterwards"
    await flow_shop.orders("#4")
    assert flow_shop.mails == 1


async def test_both_changed_is_shown_in_three_columns_until_somebody_decides(
    marketer: httpx2.AsyncClient, flow_shop: FlowShop
) -> None:
    await flow_shop.write("plain", flow_text(more=LATER))
    await turn(marketer, flow_shop, step__2__wait__home="4d")
    await publish(marketer, flow_shop)
    await flow_shop.write("plain", flow_text(more=LATER.replace("5d", "6d")))
    assert str(flow_shop.line.flows["plain"].steps[1].wait.home) == "4 d", "what was published serves"
    assert "The file was changed too" in (await marketer.get("/flows/plain/edit")).text
    page = (await marketer.get("/flows/plain/both")).text
    assert "<ins>+wait = &#34;4d&#34;</ins>" in page
    assert "<ins>+wait = &#34;6d&#34;</ins>" in page
    sha = re.search(r'name="sha256" value="([0-9a-f]{64})"', page)
    assert sha
    assert (await marketer.post("/flows/plain/ours", data={"sha256": "0" * 64})).status_code == 409
    await marketer.post("/flows/plain/ours", data={"sha256": sha[1]})
    assert "The file was changed too" not in (await marketer.get("/flows/plain/edit")).text


async def test_an_edition_that_is_not_fit_any_more_takes_nothing_down(
    marketer: httpx2.AsyncClient, flow_shop: FlowShop, db: Database
) -> None:
    await flow_shop.write("plain", flow_text(more=LATER))
    await turn(marketer, flow_shop, step__2__wait__home="4d")
    await publish(marketer, flow_shop)

    def spoil(session: object) -> None:
        found = session.get(type(history(session, "plain")[0]), 1)  # type: ignore[attr-defined, arg-type]
        found.text, found.sha256 = "what an older Mailer took", "x"
        session.add(found)  # type: ignore[attr-defined]

    await db.run(spoil)
    await flow_shop.serve()
    assert str(flow_shop.line.flows["plain"].steps[1].wait.home) == "5 d", "the file serves"
    assert (await marketer.get("/flows/plain/edit")).status_code == 200
    assert (await marketer.get("/flows")).status_code == 200


@pytest.mark.parametrize(
    "path", ["values", "draft", "expectations", "draft/end", "publication", "rollback", "file", "ours"]
)
async def test_agents_read_and_change_no_flow(agent: httpx2.AsyncClient, flow_shop: FlowShop, path: str) -> None:
    await flow_shop.write("plain", flow_text(more=LATER))
    assert (await agent.post(f"/flows/plain/{path}")).status_code == 403
    page = (await agent.get("/flows/plain/edit")).text
    assert "Save the values" not in page
