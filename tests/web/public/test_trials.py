"""Links of a test mail open their pages and record nothing, whatever is sent to them."""

import httpx2
import pytest
from sqlmodel import Session, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.links import customer_links, read_link
from mailer.model import Choice, LinkVisit, Rating, ReturnRequest, Review, Suppression
from mailer.signing import Keys
from tests.web.build import case

RECORDS = (Choice, LinkVisit, Rating, ReturnRequest, Review, Suppression)


def links(keys: Keys, clock: FrozenClock, order: int) -> dict[str, str]:
    return customer_links(
        keys,
        "https://care.shop.test",
        "care@shop.test",
        customer_id=1,
        order_id=order,
        incident_id=None,
        conversation_id=None,
        enrollment_id=None,
        kind="feedback",
        now=clock.now(),
        is_test=True,
    )


@pytest.mark.parametrize("name", ["rate_5", "arrived_no", "review_4", "return", "unsubscribe", "unseen"])
async def test_a_page_opens_and_nothing_is_recorded(
    db: Database, keys: Keys, clock: FrozenClock, customer: httpx2.AsyncClient, name: str
) -> None:
    found = await db.run(case, clock.now())
    path = links(keys, clock, found.order)[name].removeprefix("https://care.shop.test")
    assert (await customer.get(path)).status_code in (200, 410)
    answer = await customer.post(path, data={"value": "1", "stream": "all", "List-Unsubscribe": "One-Click"})
    if name != "unseen":
        assert answer.status_code == 200
        assert "Nothing was recorded" in answer.text
    assert await db.read(recorded) == 0


def test_a_test_link_says_so_and_others_do_not(keys: Keys, clock: FrozenClock) -> None:
    token = links(keys, clock, 1)["rate_1"].split("/rate/")[1].split("?")[0]
    link = read_link(keys, token)
    assert link.is_test
    assert not read_link(keys, link.__class__(**{**vars(link), "is_test": False}).token(keys)).is_test


def recorded(session: Session) -> int:
    return sum(len(session.exec(select(kind)).all()) for kind in RECORDS)
