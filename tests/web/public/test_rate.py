"""Rating by a page: looking records a visit, sending records the answer."""

from datetime import timedelta

import httpx2
import pytest
from sqlmodel import Session

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import Conversation, ConversationState, Event, LinkVisit, Message, Rating
from mailer.signing import Keys
from tests.feedback.build import Bought, bought, kinds
from tests.web.public.pages import all_of, words_of


async def sold(db: Database, clock: FrozenClock, **order: object) -> Bought:
    return await db.run(lambda session: bought(session, clock.now(), **order))  # type: ignore[arg-type]


async def ratings(db: Database) -> list[Rating]:
    return list(await db.read(all_of(Rating)))


async def test_looking_shows_the_chosen_star_and_records_only_the_visit(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient
) -> None:
    order = await sold(db, clock)
    token = order.link("rate", "satisfaction").token(keys)
    page = await customer.get(f"/rate/{token}?value=4")
    assert page.status_code == 200
    assert 'value="4" required checked' in page.text
    assert page.text.count(" checked") == 1
    assert "How satisfied are you with order #1001?" in words_of(page)
    assert await ratings(db) == []
    visits = await db.read(all_of(LinkVisit))
    assert [(visit.seen, visit.robot, visit.order_id) for visit in visits] == [({"GET:4": 1}, False, order.order)]
    assert token not in visits[0].token_hash


async def test_sending_records_and_thanks(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient, woken: list[str]
) -> None:
    order = await sold(db, clock)
    address = f"/rate/{order.link('rate', 'satisfaction', enrollment_id=0).token(keys)}"
    await customer.get(f"{address}?value=5")
    clock.current += timedelta(seconds=9)
    page = await customer.post(address, data={"value": "5", "comment": "soft  linen\r\n<script>alert(1)</script>"})
    assert page.status_code == 200
    assert "Thank you!" in words_of(page)
    assert 'href="https://reviews.example.com/linen"' in page.text
    [rating] = await ratings(db)
    assert (rating.value, rating.channel, rating.suspected_robot) == (5, "page", False)
    assert rating.comment == "soft  linen\n<script>alert(1)</script>"
    assert woken == ["woken"]
    assert await db.read(kinds) == ["rating.received"]
    assert await db.read(all_of(Conversation)) == []


@pytest.mark.parametrize("value", ["1", "5"])
async def test_every_rating_sees_the_same_public_link(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient, value: str
) -> None:
    address = f"/rate/{(await sold(db, clock)).link('rate', 'satisfaction').token(keys)}"
    page = await customer.post(address, data={"value": value})
    assert page.text.count("https://reviews.example.com/linen") == 1


async def test_a_low_rating_is_put_before_a_person(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient
) -> None:
    order = await sold(db, clock)
    address = f"/rate/{order.link('rate', 'satisfaction').token(keys)}"
    page = await customer.post(address, data={"value": "2", "comment": "too small"})
    assert "A person of our team" in words_of(page)
    [talk] = await db.read(all_of(Conversation))
    assert (talk.state, talk.order_id) == (ConversationState.NEEDS_PERSON, order.order)
    assert talk.reason.startswith("rated 2 of 5")
    assert talk.reason.endswith("too small")
    [said] = await db.read(all_of(Message))
    assert (said.own_words, said.from_address) == ("too small", "ana@customer.test")


@pytest.mark.parametrize("value", ["", "0", "6", "4.5", "five", "-1", "99999999999999", "５"])
async def test_what_is_no_answer_is_asked_again(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient, value: str
) -> None:
    address = f"/rate/{(await sold(db, clock)).link('rate', 'satisfaction').token(keys)}"
    page = await customer.post(address, data={"value": value})
    assert page.status_code == 400
    assert "Please choose an answer." in words_of(page)
    assert await ratings(db) == []


async def test_did_it_arrive(db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient) -> None:
    address = f"/rate/{(await sold(db, clock)).link('rate', 'arrived').token(keys)}"
    page = await customer.get(f"{address}?value=0")
    assert "Has order #1001 arrived?" in words_of(page)
    await customer.post(address, data={"value": "0"})
    [talk] = await db.read(all_of(Conversation))
    assert "has not arrived" in talk.reason
    assert (await ratings(db))[0].value == 0


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("de", "Wie zufrieden sind Sie mit Bestellung #1001?"),
        ("zh-CN", "您对订单 #1001 满意吗？"),
        ("xx", "How satisfied"),
    ],
)
async def test_the_page_speaks_the_language_of_the_order(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient, language: str, words: str
) -> None:
    token = (await sold(db, clock, language=language)).link("rate", "satisfaction").token(keys)
    page = await customer.get(f"/rate/{token}", headers={"accept-language": "fr"})
    assert words in words_of(page)
    assert f'<html lang="{language[:2] if language != "xx" else "en"}"' in page.text


async def test_a_marketplace_order_has_no_page(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient
) -> None:
    token = (await sold(db, clock, marketplace=True)).link("rate", "satisfaction").token(keys)
    for answer in (await customer.get(f"/rate/{token}"), await customer.post(f"/rate/{token}", data={"value": "1"})):
        assert answer.status_code == 410
    assert await ratings(db) == []


async def test_a_second_answer_on_the_same_day_counts_instead(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient
) -> None:
    address = f"/rate/{(await sold(db, clock)).link('rate', 'satisfaction').token(keys)}"
    for value in ("5", "5", "3"):
        await customer.post(address, data={"value": value})
        clock.current += timedelta(minutes=5)
    assert [one.value for one in await ratings(db)] == [3]
    shown = await customer.get(address)
    assert 'value="3" required checked' in shown.text
    told: list[Event] = list(await db.read(all_of(Event)))
    assert [event.data["value"] for event in told if event.kind == "rating.received"] == [5, 3]


def test_no_two_questions_are_one(session: Session, clock: FrozenClock, keys: Keys) -> None:
    order = bought(session, clock.now())
    assert order.link("rate", "satisfaction").token(keys) != order.link("rate", "arrived").token(keys)


async def test_a_form_of_words_is_short(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient
) -> None:
    address = f"/rate/{(await sold(db, clock)).link('rate', 'satisfaction').token(keys)}"
    page = await customer.post(address, data={"value": "5", "comment": "x" * 200_000})
    assert page.status_code == 413
    await customer.post(address, data={"value": "5", "comment": "y" * 9_000})
    assert [len(one.comment) for one in await ratings(db)] == [4_000]
