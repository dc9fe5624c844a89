"""Whatever a shop changes while it is read, and however often a run breaks: every order ends as the shop has it."""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.errors import Trouble
from mailer.model import Event, Order, PollCursor
from mailer.orders.hooks import take_payloads
from mailer.orders.poll import poll_source
from mailer.sources_config import SourceBook, SourceConfig
from tests.conftest import NOW, EmptySqlite
from tests.orders.shop_api import SECRET, TOKEN, Reply, ShopApi, serving

COUNT = 7

# At a question, an order changes; or the shop fails once.
CHANGES = st.lists(st.tuples(st.integers(1, 12), st.integers(0, COUNT - 1)), max_size=12)
FAULTS = st.lists(st.tuples(st.integers(1, 12), st.sampled_from([401, 403, 404, 500])), max_size=4)


class Story:
    """A shop whose clock goes on by ten seconds with each question, and what happens at which."""

    def __init__(self, shop: ShopApi, changes: list[tuple[int, int]], faults: list[tuple[int, int]]) -> None:
        self.shop, self.changes, self.faults = shop, changes, faults
        self.clock = FrozenClock(NOW)
        self.versions = [0] * COUNT
        shop.orders = [self.order(place, NOW - timedelta(hours=2, minutes=-place)) for place in range(COUNT)]
        shop.before = self.at

    def order(self, place: int, changed: datetime) -> dict[str, Any]:
        at = changed.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
        number, total = str(1001 + place), f"{10 + self.versions[place]}.00"
        if self.shop.kind == "shopify":
            told = {"id": 1001 + place, "name": number, "email": f"c{place}@customer.test", "updated_at": f"{at}Z"}
            return {**told, "created_at": "2026-11-01T09:00:00Z", "total_price": total}
        told = {"id": 1001 + place, "number": number, "status": "processing", "total": total}
        billing = {"billing": {"email": f"c{place}@customer.test"}}
        return {**told, **billing, "date_created_gmt": "2026-11-01T09:00:00", "date_modified_gmt": at}

    def at(self, question: int) -> None:
        self.clock.current += timedelta(seconds=10)
        for when, place in self.changes:
            if when == question:
                self.versions[place] += 1
                self.shop.orders[place] = self.order(place, self.clock.now())
        for when, status in self.faults:
            if when == question:
                self.shop.replies.extend([Reply(status)] * (5 if status == 500 else 1))

    def totals(self) -> dict[str, str]:
        return {str(1001 + place): f"{10 + version}.00" for place, version in enumerate(self.versions)}


async def nowhere(seconds: float) -> None:
    """No time passes."""


async def poll(db: Database, story: Story) -> bool:
    """Ask once; whether the run came to its end."""
    config = SourceConfig.model_validate(
        {"kind": story.shop.kind, "url": story.shop.url, "token": TOKEN, "token_secret": SECRET}
    )
    with contextlib.suppress(Trouble):
        await poll_source(db, story.clock, "shop", config, pause=nowhere)
        return True
    return False


async def live(db: Database, story: Story) -> None:
    """Ask until nothing breaks any more, then once more for what changed at last; all is read."""
    ended = 0
    for _ in range(30):
        ended += await poll(db, story)
        while await take_payloads(db, story.clock, SourceBook()):
            pass
        if ended >= 2 and not story.shop.replies:
            story.shop.before = lambda question: None
            assert await poll(db, story)
            break
    while await take_payloads(db, story.clock, SourceBook()):
        pass


def totals(session: Session) -> dict[str, str]:
    return {order.number: order.total or "" for order in session.exec(select(Order))}


@pytest.mark.parametrize("kind", ["shopify", "woocommerce"])
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
# On a page of one, each page is a whole page of one second: the one case in which WooCommerce's pages are counted.
@given(changes=CHANGES, faults=FAULTS, page_size=st.integers(2, 4))
def test_every_order_ends_as_the_shop_has_it(
    empty_sqlite: EmptySqlite, kind: str, changes: list[tuple[int, int]], faults: list[tuple[int, int]], page_size: int
) -> None:
    with empty_sqlite() as db, serving(ShopApi(kind, page_size)) as shop:
        story = Story(shop, changes, faults)
        asyncio.run(live(db, story))
        assert db.read_here(totals) == story.totals()
        placed = db.read_here(lambda session: session.exec(select(Event.key).where(Event.kind == "order.placed")).all())
        assert len(placed) == COUNT
        cursor = db.read_here(lambda session: session.get_one(PollCursor, "shop"))
        assert (cursor.page, cursor.error) == ("", "")
