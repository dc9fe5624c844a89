"""The order of a tab, its filters, and what comes next."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from mailer.model import Agent, Conversation, OrderLine, ReplyClock, Role
from mailer.replies.claims import assign
from mailer.replies.stamp import stamp
from mailer.replies.tabs import NOBODY, Filters, Tab, following, languages, places
from tests.web.build import case

ALL = Filters()


def cases(session: Session, now: datetime, count: int = 4) -> list[int]:
    """Conversations whose first answers are due one after the other."""
    return [
        case(
            session,
            now,
            number=f"#{number}",
            address=f"c{number}@shop.test",
            received_at=now - timedelta(hours=9, minutes=-number),
        ).conversation
        for number in range(count)
    ]


def test_a_page_goes_on_where_the_one_before_ended(session: Session, now: datetime) -> None:
    ids = cases(session, now)
    # The third has no deadline any more, and the first a second one that is later.
    session.exec(select(ReplyClock).where(ReplyClock.conversation_id == ids[2])).one().stopped_at = now
    session.add(ReplyClock(conversation_id=ids[0], kind="settled", started_at=now, due_at=now + timedelta(days=9)))
    session.flush()
    order = [ids[0], ids[1], ids[3], ids[2]]
    assert list(places(session, Tab.TO_APPROVE, limit=9)) == order
    for size in (1, 2, 3):
        pages = [list(places(session, Tab.TO_APPROVE, limit=size, offset=at)) for at in range(0, 4, size)]
        assert [one for page in pages for one in page] == order


def test_what_comes_next_is_what_stands_below_and_then_the_top(session: Session, now: datetime) -> None:
    ids = cases(session, now)
    assert following(session, Tab.TO_APPROVE, ALL, ids[1]) == [ids[2]]
    assert following(session, Tab.TO_APPROVE, ALL, ids[3]) == [ids[0]]
    assert following(session, Tab.TO_APPROVE, ALL, ids[2], limit=3) == [ids[3], ids[0], ids[1]]
    assert following(session, Tab.CLOSED, ALL, ids[2]) == []


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        (Filters(intent="order_status"), {0, 1, 2}),
        (Filters(intent="stock"), set()),
        (Filters(language="de"), {1}),
        (Filters(storefront="outlet"), {2}),
        (Filters(product="S-7"), {0}),
        (Filters(product="linen SH"), {0, 1, 2}),
        (Filters(product="%"), set()),
        (Filters(assignee_id=1), {1}),
        (Filters(assignee_id=NOBODY), {0, 2}),
        (Filters(intent="order_status", language="de", assignee_id=1), {1}),
    ],
)
def test_filters_narrow_a_tab(session: Session, now: datetime, filters: Filters, wanted: set[int]) -> None:
    ids = cases(session, now, 3)
    session.add(Agent(id=1, name="bo", role=Role.AGENT, created_at=now))
    session.flush()
    assign(session, ids[1], assignee_id=1, now=now)
    session.get_one(Conversation, ids[1]).language = "de"
    session.get_one(Conversation, ids[2]).storefront = "outlet"
    session.exec(select(OrderLine).order_by(OrderLine.id)).first().sku = "S-7"  # type: ignore[union-attr,arg-type]
    session.flush()
    found = places(session, Tab.TO_APPROVE, filters, limit=9)
    assert set(found) == {ids[place] for place in wanted}
    assert languages(session) == ["de", "en"]


def test_equal_stamps_are_equal_items(session: Session, now: datetime) -> None:
    first, second = cases(session, now, 2)
    before = stamp(session, first)
    assert stamp(session, first) == before != stamp(session, second)
    session.get_one(Conversation, first).assignee_id = 5
    assert stamp(session, first) != before
    assert stamp(session, 999) == ""
