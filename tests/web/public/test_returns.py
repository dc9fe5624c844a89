"""A return by the page: what may come back, what was agreed on, and where it goes."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import Conversation, Message, ReturnRequest
from mailer.signing import Keys
from tests.feedback.build import Bought, bought, kinds
from tests.web.public.pages import all_of, picture, upload, words_of

DAY = timedelta(days=1)


async def sold(db: Database, clock: FrozenClock, **order: Any) -> Bought:
    return await db.run(lambda session: bought(session, clock.now(), **order))


def form(
    order: Bought, *, line: int = 0, quantity: str = "1", reason: str = "too_small", comment: str = ""
) -> dict[str, str]:
    number = order.lines[line]
    return {f"quantity_{number}": quantity, f"reason_{number}": reason, "wish": "refund", "comment": comment}


async def ask(customer: httpx2.AsyncClient, clock: FrozenClock, address: str, data: dict[str, str]) -> httpx2.Response:
    """A person who looks before they send."""
    await customer.get(address)
    clock.current += timedelta(seconds=30)
    return await customer.post(address, data=data, files={"photo": ("", b"", "application/octet-stream")})


async def test_what_the_rule_allows_is_agreed_on_at_once(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient
) -> None:
    order = await sold(db, clock)
    address = f"/return/{order.link('return').token(keys)}"
    page = await customer.get(address)
    assert "25 days left." in words_of(page)
    assert "until Thursday, December 17, 2026" in words_of(page)
    assert "You pay for the way back" in words_of(page)
    done = await ask(customer, clock, address, form(order))
    assert "Your return is agreed." in words_of(done)
    assert "Hafenstr. 1" in words_of(done)
    assert "#1001 and R1" in words_of(done)
    [found] = await db.read(all_of(ReturnRequest))
    assert (found.state.value, found.decided_by, found.keep) == ("agreed", "rule", False)
    assert found.items == [
        {"line": order.lines[0], "title": "Linen shirt", "sku": "SKU0", "quantity": 1, "reason": "too_small"}
    ]
    assert await db.read(kinds) == ["return.requested", "return.agreed"]
    again = await customer.get(address)
    assert "Your return is agreed." in words_of(again), "the link shows how it stands"


async def test_what_is_cheap_is_kept(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient
) -> None:
    order = await sold(db, clock)
    done = await ask(customer, clock, f"/return/{order.link('return').token(keys)}", form(order, line=1))
    assert "You need not send it back" in words_of(done)
    assert "Hafenstr" not in done.text


async def test_what_is_dear_goes_to_a_person_with_photos(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient
) -> None:
    order = await sold(db, clock)
    address = f"/return/{order.link('return').token(keys)}"
    await customer.get(address)
    clock.current += timedelta(seconds=30)
    data = form(order, quantity="2", reason="defective", comment="The seam <b>is</b> open")
    done = await customer.post(address, data=data, files=upload(picture(), picture("WEBP", (200, 100))))
    assert "A person of our team looks at it" in words_of(done)
    [talk] = await db.read(all_of(Conversation))
    assert "needs a decision: it is worth 58.00" in talk.reason
    [said] = await db.read(all_of(Message))
    assert "2 × Linen shirt (defective)" in said.own_words
    assert [file["name"] for file in said.files] == ["photo 1.jpg", "photo 2.jpg"]
    twice = await customer.post(address, data=data)
    assert twice.status_code == 200
    assert len(await db.read(all_of(ReturnRequest))) == 1


async def test_a_region_has_its_own_address_and_label(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient
) -> None:
    order = await sold(db, clock, country="US")
    done = await ask(customer, clock, f"/return/{order.link('return').token(keys)}", form(order))
    assert "1 Main St" in words_of(done)
    assert 'href="https://shop.example.com/label"' in done.text


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "how many pieces"),
        ({"quantity": "0"}, "how many pieces"),
        ({"quantity": "3"}, "how many pieces"),
        ({"reason": ""}, "choose a reason"),
        ({"reason": "because"}, "choose a reason"),
    ],
)
async def test_a_form_that_is_not_whole_is_asked_again(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient, data: dict[str, Any], words: str
) -> None:
    order = await sold(db, clock)
    sent = form(order, **data, comment="keep this") if data else {"comment": "keep this"}
    page = await ask(customer, clock, f"/return/{order.link('return').token(keys)}", sent)
    assert page.status_code == 400
    assert words in words_of(page)
    assert "keep this" in page.text
    assert await db.read(all_of(ReturnRequest)) == []


async def test_after_the_days_only_defects_may_be_told(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient
) -> None:
    order = await sold(db, clock, delivered=40 * DAY)
    address = f"/return/{order.link('return').token(keys)}"
    page = await customer.get(address)
    assert "The time for returns ended on" in words_of(page)
    assert 'value="unwanted"' not in page.text
    refused = await ask(customer, clock, address, form(order, reason="unwanted"))
    assert refused.status_code == 400
    done = await ask(customer, clock, address, form(order, reason="defective"))
    assert "Your return is agreed." in words_of(done)


async def test_a_canceled_order_has_nothing_to_send_back(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient
) -> None:
    order = await sold(db, clock, canceled_at=clock.now())
    assert (await customer.get(f"/return/{order.link('return').token(keys)}")).status_code == 410


async def test_nobody_sends_a_form_unseen(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient
) -> None:
    order = await sold(db, clock)
    await customer.post(f"/return/{order.link('return').token(keys)}", data=form(order))
    [found] = await db.read(all_of(ReturnRequest))
    assert found.state.value == "requested", "a robot's form is agreed on by no rule"
    [talk] = await db.read(all_of(Conversation))
    assert "perhaps a robot's form" in talk.reason
