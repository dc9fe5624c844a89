"""The reconciliation against a real HTTP server: every change once, whatever the shop and the network do meanwhile."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from sqlmodel import Session, col, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.errors import NotFound, Trouble
from mailer.model import Blob, Order, PayloadState, PollCursor, SourcePayload, open_alarms
from mailer.orders.hooks import take_payloads
from mailer.orders.poll import poll_due, poll_source
from mailer.orders.rest import Rest
from mailer.sources_config import SourceBook, SourceConfig
from tests.conftest import NOW
from tests.orders.shop_api import SECRET, TOKEN, Reply, ShopApi, serving

KINDS = ["shopify", "woocommerce"]


@pytest.fixture(params=KINDS)
def shop(request: pytest.FixtureRequest) -> Iterator[ShopApi]:
    with serving(ShopApi(request.param)) as shop:
        yield shop


@pytest.fixture
def shopify() -> Iterator[ShopApi]:
    with serving(ShopApi("shopify")) as shop:
        yield shop


@pytest.fixture
def woocommerce() -> Iterator[ShopApi]:
    with serving(ShopApi("woocommerce")) as shop:
        yield shop


class Pauses:
    """Waits for nothing and remembers for how long it should have."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def config(shop: ShopApi, **changes: Any) -> SourceConfig:
    told = {"kind": shop.kind, "url": shop.url, "token": TOKEN, "token_secret": SECRET}
    return SourceConfig.model_validate({**told, **changes})


def order(shop: ShopApi, number: int, changed: datetime, **facts: Any) -> dict[str, Any]:
    """An order as the shop lists it."""
    at = changed.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    address = f"customer{number}@customer.test"
    if shop.kind == "shopify":
        told = {"id": 5000 + number, "name": f"#{number}", "email": address, "updated_at": f"{at}Z"}
        return {**told, "created_at": "2026-11-01T09:00:00Z", "currency": "EUR", **facts}
    told = {"id": number, "number": str(number), "status": "processing", "billing": {"email": address}}
    return {**told, "date_created_gmt": "2026-11-01T09:00:00", "date_modified_gmt": at, **facts}


def fill(shop: ShopApi, count: int, *, step: timedelta = timedelta(minutes=1)) -> None:
    """So many orders, each changed a step after the one before, the last an hour ago."""
    first = NOW - timedelta(hours=1) - step * (count - 1)
    shop.orders = [order(shop, 1001 + number, first + step * number) for number in range(count)]


async def numbers(db: Database) -> list[str]:
    """The orders that were listed to us, after they were read as webhooks are."""
    while await take_payloads(db, FrozenClock(NOW), SourceBook()):
        pass
    return await db.read(lambda session: [one.lstrip("#") for one in session.exec(select(Order.number)).all()])


async def cursor(db: Database) -> PollCursor:
    return await db.read(lambda session: session.get_one(PollCursor, "shop"))


def payloads(session: Session) -> list[SourcePayload]:
    return list(session.exec(select(SourcePayload).order_by(col(SourcePayload.id))))


async def test_every_page_is_read_and_each_order_becomes_one(db: Database, clock: FrozenClock, shop: ShopApi) -> None:
    fill(shop, 8)
    polled = await poll_source(db, clock, "shop", config(shop), pause=Pauses())
    assert (polled.orders >= 8, polled.fresh) == (True, 8)
    assert polled.pages == len(shop.asked) >= 3
    rows = await db.read(payloads)
    assert {(row.source, row.kind, row.state) for row in rows} == {("shop", shop.kind, PayloadState.STORED)}
    assert sorted(await numbers(db)) == [str(number) for number in range(1001, 1009)]
    stands = await cursor(db)
    assert (stands.page, stands.error, stands.polled_at) == ("", "", NOW)
    assert stands.changed_until == NOW - timedelta(hours=1)


async def test_it_asks_as_documented(db: Database, clock: FrozenClock, shop: ShopApi) -> None:
    fill(shop, 1)
    await poll_source(db, clock, "shop", config(shop), pause=Pauses())
    since = (NOW - timedelta(days=60)).strftime("%Y-%m-%dT%H:%M:%S")
    if shop.kind == "shopify":
        assert shop.paths == ["/admin/api/2026-07/orders.json"]
        expected = {"status": "any", "updated_at_min": f"{since}Z", "order": "updated_at asc", "limit": "250"}
    else:
        assert shop.paths == ["/wp-json/wc/v3/orders"]
        order_by = {"orderby": "modified", "order": "asc", "per_page": "100", "page": "1"}
        expected = {"modified_after": since, "dates_are_gmt": "true", **order_by}
    assert shop.asked == [expected]


async def test_a_shop_that_lives_under_a_path_is_asked_there(
    db: Database, clock: FrozenClock, woocommerce: ShopApi
) -> None:
    fill(woocommerce, 1)
    under = config(woocommerce, url=f"{woocommerce.url}/store/")
    assert (await poll_source(db, clock, "shop", under, pause=Pauses())).fresh == 1
    assert woocommerce.paths == ["/store/wp-json/wc/v3/orders"]


async def test_the_bytes_are_kept_as_they_were_told(db: Database, clock: FrozenClock, shop: ShopApi) -> None:
    shop.orders = [order(shop, 1001, NOW, note="größer 🎁", id=820982911946154508)]
    await poll_source(db, clock, "shop", config(shop), pause=Pauses())
    (row,) = await db.read(payloads)
    blob = await db.read(lambda session: session.get_one(Blob, row.sha256).unpack())
    assert "größer 🎁".encode() in blob
    assert b"820982911946154508" in blob


async def test_asked_again_it_reads_only_what_is_new(db: Database, clock: FrozenClock, shop: ShopApi) -> None:
    fill(shop, 30)
    await poll_source(db, clock, "shop", config(shop), pause=Pauses())
    before = len(shop.asked)
    shop.orders[3] = order(shop, 1004, NOW, currency="USD")
    polled = await poll_source(db, clock, "shop", config(shop), pause=Pauses())
    assert polled.fresh == 1
    assert len(shop.asked) - before <= 6
    assert len(await db.read(payloads)) == 31


async def test_what_changes_twice_in_one_second_is_told_twice(db: Database, clock: FrozenClock, shop: ShopApi) -> None:
    shop.orders = [order(shop, 1001, NOW, note="one")]
    await poll_source(db, clock, "shop", config(shop), pause=Pauses())
    shop.orders = [order(shop, 1001, NOW, note="two")]
    assert (await poll_source(db, clock, "shop", config(shop), pause=Pauses())).fresh == 1


async def test_orders_that_move_while_we_page_are_not_lost(db: Database, clock: FrozenClock, shop: ShopApi) -> None:
    """Each page, an order of an earlier page changes: the others move up, and counted pages would skip one."""
    fill(shop, 12)

    def change(question: int) -> None:
        if question > 1:
            place = question - 2
            shop.orders[place] = order(shop, 1001 + place, NOW - timedelta(minutes=30 - question))

    shop.before = change
    await poll_source(db, clock, "shop", config(shop), pause=Pauses())
    assert sorted(await numbers(db)) == [str(number) for number in range(1001, 1013)]


async def test_many_changes_in_one_second_are_all_read(db: Database, clock: FrozenClock, shop: ShopApi) -> None:
    fill(shop, 10, step=timedelta())
    assert (await poll_source(db, clock, "shop", config(shop), pause=Pauses())).fresh == 10


async def test_the_shop_says_how_long_to_wait(db: Database, clock: FrozenClock, shop: ShopApi) -> None:
    fill(shop, 1)
    date = format_datetime(NOW + timedelta(seconds=7), usegmt=True)
    for after in ("2.0", "0", "9999", "nonsense", date):
        shop.replies.append(Reply(429, {"Retry-After": after}))
        pauses = Pauses()
        await poll_source(db, clock, "shop", config(shop), pause=pauses)
        expected = {"2.0": 2.0, "0": 0.0, "9999": 60.0, "nonsense": 1.0, date: 7.0}[after]
        assert pauses.seconds == [expected]


async def test_a_bucket_that_is_nearly_full_is_let_leak(db: Database, clock: FrozenClock, shopify: ShopApi) -> None:
    fill(shopify, 7)
    for bucket, waits in [("10/40", []), ("33/40", [2.0, 2.0]), ("nonsense", []), ("3/0", [])]:
        shopify.bucket, pauses = bucket, Pauses()
        await poll_source(db, clock, "shop", config(shopify), since=NOW - timedelta(days=3), pause=pauses)
        assert pauses.seconds == waits


async def test_what_passes_is_tried_again(db: Database, clock: FrozenClock, shop: ShopApi) -> None:
    fill(shop, 2)
    shop.replies.extend([Reply(503), Reply(500), Reply(429), Reply(502)])
    pauses = Pauses()
    assert (await poll_source(db, clock, "shop", config(shop), pause=pauses)).fresh == 2
    assert pauses.seconds == [1.0, 2.0, 4.0, 8.0]


async def test_what_does_not_pass_is_an_alarm_that_the_next_poll_settles(
    db: Database, clock: FrozenClock, shop: ShopApi
) -> None:
    fill(shop, 2)
    shop.replies.extend([Reply(503)] * 5)
    with pytest.raises(Trouble, match="HTTP 503"):
        await poll_source(db, clock, "shop", config(shop), pause=Pauses())
    (alarm,) = await db.read(open_alarms)
    assert (alarm.kind, alarm.subject) == ("orders_poll", "shop")
    assert "[sources.shop]: HTTP 503" in alarm.words
    assert (await cursor(db)).error.startswith("HTTP 503")
    await poll_source(db, clock, "shop", config(shop), pause=Pauses())
    assert await db.read(open_alarms) == []
    assert (await cursor(db)).error == ""


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(401), "does not know this token"),
        (Reply(403), "may not read orders"),
        (Reply(404), "is url that of the shop"),
        (Reply(200, body=b"<html>Coming soon</html>"), "not valid JSON"),
        (Reply(200, body=b'{"orders": 3}'), "list of orders"),
        (Reply(200, body=b'{"orders": [3]}'), "list of orders"),
        (Reply(200, body=b'[[]]'), "list of orders"),
        (Reply(301, {"Location": "https://elsewhere.test/admin"}), "redirects to https://elsewhere.test"),
        (Reply(302, {"Location": "//elsewhere.test/"}), "redirects to http://elsewhere.test"),
    ],
)  # fmt: skip
async def test_trouble_says_what_to_do_and_keeps_our_place(
    db: Database, clock: FrozenClock, shop: ShopApi, reply: Reply, words: str
) -> None:
    fill(shop, 7)
    await poll_source(db, clock, "shop", config(shop), pause=Pauses())
    stood = (await cursor(db)).changed_until
    shop.replies.append(reply)
    with pytest.raises(Trouble, match=words.replace("[", r"\[")):
        await poll_source(db, clock, "shop", config(shop), pause=Pauses())
    assert (await cursor(db)).changed_until == stood
    assert len(await db.read(payloads)) == 7


async def test_a_redirect_within_the_shop_is_followed(db: Database, clock: FrozenClock, shop: ShopApi) -> None:
    fill(shop, 1)
    path = "/admin/api/2026-07/orders.json?status=any&order=updated_at+asc&updated_at_min=2026-01-01T00:00:00Z"
    if shop.kind == "woocommerce":
        path = "/wp-json/wc/v3/orders?modified_after=2026-01-01T00:00:00&dates_are_gmt=true&page=1"
    shop.replies.append(Reply(308, {"Location": path}))
    assert (await poll_source(db, clock, "shop", config(shop), pause=Pauses())).fresh == 1
    shop.replies.extend([Reply(308, {"Location": path})] * 3)
    with pytest.raises(Trouble, match="without end"):
        await poll_source(db, clock, "shop", config(shop), pause=Pauses())


async def test_a_wrong_token_is_not_tried_twice(db: Database, clock: FrozenClock, shop: ShopApi) -> None:
    with pytest.raises(Trouble, match="does not know this token"):
        await poll_source(db, clock, "shop", config(shop, token="other"), pause=Pauses())
    assert len(shop.asked) == 1


async def test_a_shop_that_is_down_is_an_alarm(db: Database, clock: FrozenClock) -> None:
    with serving(ShopApi("shopify")) as gone:
        pass
    pauses = Pauses()
    with pytest.raises(Trouble, match=r"127\.0\.0\.1 does not answer"):
        await poll_source(db, clock, "shop", config(gone), pause=pauses)
    assert pauses.seconds == [1.0, 2.0, 4.0, 8.0]
    assert len(await db.read(open_alarms)) == 1


async def test_a_run_that_broke_goes_on_at_its_page(db: Database, clock: FrozenClock, shop: ShopApi) -> None:
    fill(shop, 9)
    told: list[int] = []

    def break_off(question: int) -> None:
        told.append(question)
        if len(told) == 2:
            shop.replies.append(Reply(401))

    shop.before = break_off
    with pytest.raises(Trouble):
        await poll_source(db, clock, "shop", config(shop), pause=Pauses())
    kept = len(await db.read(payloads))
    assert 0 < kept < 9
    assert (await cursor(db)).page
    shop.before = lambda question: None
    shop.asked.clear()
    await poll_source(db, clock, "shop", config(shop), pause=Pauses())
    assert len(await db.read(payloads)) == 9
    if shop.kind == "shopify":
        assert set(shop.asked[0]) == {"limit", "page_info"}
    else:
        assert shop.asked[0]["modified_after"] > "2026-11-22"


async def test_a_mark_that_the_shop_forgot_is_dropped(db: Database, clock: FrozenClock, shopify: ShopApi) -> None:
    fill(shopify, 5)
    await db.run(lambda session: session.add(PollCursor(source="shop", page="page old", changed_until=NOW)))
    shopify.old_marks = True
    shopify.page_size = 10
    polled = await poll_source(db, clock, "shop", config(shopify), pause=Pauses())
    assert (polled.pages, shopify.asked[0]["page_info"]) == (1, "old")
    assert shopify.asked[1]["updated_at_min"] == "2026-11-22T09:50:00Z"


async def test_a_shop_whose_clock_runs_ahead_hides_nothing(db: Database, clock: FrozenClock, shop: ShopApi) -> None:
    shop.orders = [order(shop, 1001, NOW + timedelta(days=400))]
    await poll_source(db, clock, "shop", config(shop), pause=Pauses())
    assert (await cursor(db)).changed_until == NOW


async def test_woocommerce_that_lists_no_changes_says_so(
    db: Database, clock: FrozenClock, woocommerce: ShopApi
) -> None:
    old = [order(woocommerce, number, NOW - timedelta(days=900)) for number in range(3)]
    import json

    woocommerce.replies.append(Reply(headers={"X-WP-TotalPages": "9"}, body=json.dumps(old).encode()))
    with pytest.raises(Trouble, match=r"WooCommerce 5\.8"):
        await poll_source(db, clock, "shop", config(woocommerce), pause=Pauses())


async def test_since_reads_far_back(db: Database, clock: FrozenClock, shop: ShopApi) -> None:
    shop.orders = [order(shop, 1001, NOW - timedelta(days=300))]
    assert (await poll_source(db, clock, "shop", config(shop), pause=Pauses())).fresh == 0
    since = NOW - timedelta(days=365)
    assert (await poll_source(db, clock, "shop", config(shop), since=since, pause=Pauses())).fresh == 1


async def test_each_shop_is_asked_when_its_time_has_come(db: Database, clock: FrozenClock, shopify: ShopApi) -> None:
    fill(shopify, 1)
    with serving(ShopApi("woocommerce")) as broken:
        broken.replies.extend([Reply(500)] * 50)
        sources = {
            "broken": config(broken),
            "hooks": SourceConfig(kind="shopify"),
            "shop": config(shopify, poll="1h"),
        }
        assert (await poll_due(db, clock, sources, pause=Pauses())).fresh == 1
        asked = len(shopify.asked)
        assert (await poll_due(db, clock, sources, pause=Pauses())).pages == 0
        assert len(shopify.asked) == asked
        later = FrozenClock(NOW + timedelta(minutes=59, seconds=30))
        assert (await poll_due(db, later, sources, pause=Pauses())).pages == 1
    assert [alarm.subject for alarm in await db.read(open_alarms)] == ["broken"]


@pytest.mark.parametrize(
    ("told", "words"),
    [({"kind": "easypost"}, "only shopify and woocommerce"), ({"kind": "shopify"}, "has no url")],
)
async def test_what_cannot_be_asked_says_so(db: Database, clock: FrozenClock, told: dict[str, Any], words: str) -> None:
    with pytest.raises(NotFound, match=words):
        await poll_source(db, clock, "shop", SourceConfig.model_validate(told))


async def test_no_transaction_is_open_while_the_shop_is_asked(db: Database, clock: FrozenClock, shop: ShopApi) -> None:
    """Others write while a page is under way."""
    fill(shop, 4)
    loop = asyncio.get_running_loop()

    def write(question: int) -> None:
        row = PollCursor(source=f"other{question}")
        asyncio.run_coroutine_threadsafe(db.run(lambda session: session.add(row)), loop).result(5)

    shop.before = write
    assert (await poll_source(db, clock, "shop", config(shop), pause=Pauses())).fresh == 4


async def test_an_answer_without_end_is_not_read(clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailer.orders.rest._MOST_BYTES", 1_000)
    with serving(ShopApi("shopify")) as shop:
        shop.replies.append(Reply(body=b"x" * 1_001))
        async with Rest(shop.url, clock) as rest:
            with pytest.raises(Trouble, match="larger than 1,000 bytes"):
                await rest.get("/", {})
