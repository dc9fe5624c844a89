"""The way out: by the page, and by one click of a mail program."""

import httpx2
import pytest

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import Stream, Suppression, SuppressionCause
from mailer.outbound.suppress import suppress
from mailer.signing import Keys
from tests.feedback.build import ANA, Bought, bought, kinds
from tests.web.public.pages import all_of, one_click, words_of


async def sold(db: Database, clock: FrozenClock) -> Bought:
    return await db.run(lambda session: bought(session, clock.now()))


async def stopped(db: Database) -> list[str]:
    return sorted(row.stream.value for row in await db.read(all_of(Suppression)))


@pytest.mark.parametrize("stream", ["feedback", "marketing"])
async def test_one_click_acts_without_cookie_redirect_or_page(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient, stream: str
) -> None:
    address = f"/unsubscribe/{(await sold(db, clock)).way_out(stream).token(keys)}"
    for _ in range(2):
        answer = await customer.post(address, **one_click())
        assert (answer.status_code, answer.content) == (200, b"")
        assert "set-cookie" not in answer.headers
        assert "location" not in answer.headers
    assert await stopped(db) == [stream]
    assert await db.read(kinds) == ["customer.opted_out"]


@pytest.mark.parametrize(
    "headers", [{"origin": "https://mail.provider.test"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}]
)
async def test_whoever_has_the_link_may_click_wherever_they_stand(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    address = f"/unsubscribe/{(await sold(db, clock)).way_out('feedback').token(keys)}"
    answer = await customer.post(address, data={"List-Unsubscribe": "One-Click"}, headers=headers)
    assert answer.status_code == 200
    assert await stopped(db) == ["feedback"]


async def test_one_click_as_multipart(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient
) -> None:
    address = f"/unsubscribe/{(await sold(db, clock)).way_out('marketing').token(keys)}"
    answer = await customer.post(address, files={"List-Unsubscribe": (None, "One-Click")})
    assert answer.status_code == 200
    assert await stopped(db) == ["marketing"]


async def test_the_page_offers_both_streams_and_acts_on_those_chosen(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient
) -> None:
    address = f"/unsubscribe/{(await sold(db, clock)).way_out('feedback').token(keys)}"
    page = await customer.get(address)
    assert 'value="feedback" checked' in page.text
    assert 'value="marketing">' in page.text
    assert await stopped(db) == []
    done = await customer.post(address, data={"stream": ["feedback", "marketing"]})
    assert all(f"<li>{words}</li>" in done.text for words in ("Surveys and requests for reviews", "Offers and news"))
    assert await stopped(db) == ["feedback", "marketing"]
    assert "neither surveys nor offers" in words_of(await customer.get(address))


async def test_nothing_chosen_is_asked_again(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient
) -> None:
    address = f"/unsubscribe/{(await sold(db, clock)).way_out('feedback').token(keys)}"
    page = await customer.post(address, data={"stream": "everything"})
    assert page.status_code == 400
    assert await stopped(db) == []


async def test_a_forged_way_out_stops_nothing(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient
) -> None:
    token = (await sold(db, clock)).way_out("feedback").token(keys)
    answer = await customer.post(f"/unsubscribe/{token[:-1]}0", **one_click())
    assert answer.status_code == 404
    assert await stopped(db) == []


async def test_what_bounces_stopped_can_still_be_left(
    db: Database, clock: FrozenClock, keys: Keys, customer: httpx2.AsyncClient
) -> None:
    order = await sold(db, clock)
    for stream in (Stream.FEEDBACK, Stream.MARKETING):
        await db.run(suppress, ANA, stream, SuppressionCause.BOUNCES, "it came back", now=clock.now())
    address = f"/unsubscribe/{order.way_out('feedback').token(keys)}"
    assert 'value="feedback" checked' in (await customer.get(address)).text
    await customer.post(address, data={"stream": "feedback"})
    left = await db.read(lambda session: [one.stream for one in all_of(Suppression)(session) if one.cause == "opt_out"])
    assert left == [Stream.FEEDBACK]
