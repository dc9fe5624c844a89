"""Wait or cancel, by the page of a late order."""

from datetime import date

import httpx2
import pytest
from sqlmodel import Session

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import Choice, Conversation, Order
from mailer.signing import Keys
from tests.feedback.build import bought, events, late
from tests.web.public.pages import all_of, words_of


def link_to(session: Session, clock: FrozenClock, keys: Keys, expected_on: date | None = None) -> str:
    order = bought(session, clock.now(), delivered=None)
    incident = late(session, order.order, clock.now(), expected_on=expected_on)
    return f"/choice/{order.link('choice', subject_kind='incident', subject_id=incident).token(keys)}"


async def test_a_wish_to_cancel_goes_to_a_person_and_cancels_nothing(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient
) -> None:
    address = await db.run(link_to, clock, keys)
    page = await customer.get(f"{address}?answer=cancel")
    assert 'value="cancel" checked' in page.text
    assert await db.read(all_of(Choice)) == []
    done = await customer.post(address, data={"answer": "cancel", "comment": "I need it on Friday"})
    assert "We have your wish to cancel order #1001" in words_of(done)
    [talk] = await db.read(all_of(Conversation))
    assert "wants to cancel order #1001" in talk.reason
    assert "I need it on Friday" in talk.reason
    [order] = await db.read(all_of(Order))
    assert (order.canceled_at, order.payment_state) == (None, "paid")


async def test_whoever_changes_their_mind_is_heard_and_told_once_each(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient
) -> None:
    address = await db.run(link_to, clock, keys)
    for answer in ("wait", "wait", "cancel", "cancel"):
        await customer.post(address, data={"answer": answer})
    assert [choice.answer for choice in await db.read(all_of(Choice))] == ["cancel"]
    assert len(await db.read(all_of(Conversation))) == 1
    told = await db.read(events, "choice.made")
    assert [event.data["answer"] for event in told] == ["wait", "cancel"]


@pytest.mark.parametrize(
    ("expected_on", "words"),
    [(date(2026, 12, 1), "We now expect it on Tuesday, December 1, 2026."), (None, "We cannot name a new date yet.")],
)
async def test_the_page_says_what_is_known(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient, expected_on: date | None, words: str
) -> None:
    address = await db.run(link_to, clock, keys, expected_on)
    assert words in words_of(await customer.get(address))
    wrong = await customer.post(address, data={"answer": "refund now"})
    assert wrong.status_code == 400
    assert await db.read(all_of(Choice)) == []


async def test_what_is_canceled_already_is_chosen_no_more(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient
) -> None:
    address = await db.run(link_to, clock, keys)

    def cancel(session: Session) -> None:
        session.get_one(Order, 1).canceled_at = clock.now()

    await db.run(cancel)
    assert (await customer.get(address)).status_code == 410
    assert (await customer.post(address, data={"answer": "cancel"})).status_code == 410
    assert await db.read(all_of(Conversation)) == []
