"""A return from the wish to the money: each step once, in its turn, told as an Event."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from mailer.errors import Conflict, InputError, NotFound
from mailer.feedback.returns import (
    Asked,
    Item,
    agree,
    all_returns,
    open_return,
    receive,
    refuse,
    request,
    returnable,
    settle,
    terms_of,
    way_back,
)
from mailer.model import Conversation, Order, ReturnRequest, ReturnState
from mailer.outbound.open_matters import open_matters
from mailer.rendering.shop_facts import read_shop
from tests.feedback.build import ANA, Bought, bought, events

DAY = timedelta(days=1)


@pytest.fixture
def order(session: Session, now: datetime) -> Bought:
    return bought(session, now)


def ask(session: Session, bought: Bought, now: datetime, *items: Item, limit: str = "0", **asked: Any) -> ReturnRequest:
    order = session.get_one(Order, bought.order)
    wanted = Asked(items or (Item(bought.lines[0], 1, "too_small"),), asked.pop("wish", "refund"), **asked)
    terms = terms_of(session, read_shop(session, "en", now=now), order, limit)
    return request(session, order, wanted, terms, now=now)


def told(session: Session) -> list[str]:
    return [event.kind for event in events(session) if event.kind.startswith("return.")]


def test_the_whole_way(session: Session, now: datetime, order: Bought) -> None:
    found = ask(session, order, now)
    number = found.id or 0
    assert (found.state, found.decided_by) == (ReturnState.REQUESTED, "")
    agree(session, number, by="ana", keep=False, send_to="Hamburg", now=now + DAY)
    assert (found.state, found.send_to, found.decided_by) == (ReturnState.AGREED, "Hamburg", "ana")
    receive(session, number, by="ana", now=now + 2 * DAY)
    settle(session, number, by="ben", now=now + 3 * DAY)
    assert (found.state, found.decided_by, found.changed_at) == (ReturnState.SETTLED, "ben", now + 3 * DAY)
    assert told(session) == ["return.requested", "return.agreed", "return.received", "return.settled"]
    for event in events(session, "return.agreed", "return.settled"):
        assert (event.subject_kind, event.subject_id, event.order_id, event.address) == (
            "return",
            number,
            order.order,
            ANA,
        )


STEPS: dict[str, Callable[[Session, int, datetime], ReturnRequest]] = {
    "agree": lambda session, number, now: agree(session, number, by="ana", keep=False, now=now),
    "refuse": lambda session, number, now: refuse(session, number, by="ana", reason="worn", now=now),
    "receive": lambda session, number, now: receive(session, number, by="ana", now=now),
    "settle": lambda session, number, now: settle(session, number, by="ana", now=now),
}
ALLOWED = {
    ReturnState.REQUESTED: {"agree", "refuse"},
    ReturnState.AGREED: {"refuse", "receive", "settle"},
    ReturnState.REFUSED: set(),
    ReturnState.RECEIVED: {"settle"},
    ReturnState.SETTLED: set(),
}


@pytest.mark.parametrize("state", ReturnState)
@pytest.mark.parametrize("step", STEPS)
def test_no_step_is_taken_out_of_turn(
    session: Session, now: datetime, order: Bought, state: ReturnState, step: str
) -> None:
    found = ask(session, order, now)
    found.state = state
    session.flush()
    if step in ALLOWED[state]:
        assert STEPS[step](session, found.id or 0, now).state is not state
        return
    with pytest.raises(Conflict, match=f"is {state.value}"):
        STEPS[step](session, found.id or 0, now)
    assert found.state is state


def test_what_is_kept_is_never_received(session: Session, now: datetime, order: Bought) -> None:
    number = ask(session, order, now).id or 0
    agree(session, number, by="ana", keep=True, send_to="Hamburg", now=now)
    with pytest.raises(Conflict, match="the customer keeps the items"):
        receive(session, number, by="ana", now=now)
    assert settle(session, number, by="ana", now=now).send_to == ""


def test_a_refusal_needs_a_reason_and_a_number(session: Session, now: datetime, order: Bought) -> None:
    number = ask(session, order, now).id or 0
    with pytest.raises(InputError, match="say why"):
        refuse(session, number, by="ana", reason=" ", now=now)
    with pytest.raises(NotFound, match="there is no return 99"):
        refuse(session, 99, by="ana", reason="worn", now=now)
    assert refuse(session, number, by="ana", reason="worn", now=now).reason == "worn"


def test_one_open_request_for_each_order(session: Session, now: datetime, order: Bought) -> None:
    first = ask(session, order, now)
    again = ask(session, order, now + DAY, Item(order.lines[1], 1, "defective"))
    assert again.id == first.id
    assert "return.open" in open_matters(session, order_id=order.order, address=ANA)
    refuse(session, first.id or 0, by="ana", reason="no", now=now)
    assert "return.open" not in open_matters(session, order_id=order.order, address=ANA)
    second = ask(session, order, now + DAY, Item(order.lines[1], 1, "defective"))
    assert second.id != first.id
    assert [one.id for one, _ in all_returns(session, all_states=False)] == [second.id]
    assert [number for _, number in all_returns(session, all_states=True)] == ["#1001", "#1001"]


def test_nothing_comes_back_twice(session: Session, now: datetime, order: Bought) -> None:
    found = ask(session, order, now, Item(order.lines[0], 2, "too_small"), limit="100")
    assert found.state is ReturnState.AGREED
    settle(session, found.id or 0, by="ana", now=now)
    left = returnable(session, session.get_one(Order, order.order))
    assert {number: count for number, (_, count) in left.items()} == {order.lines[1]: 1}
    with pytest.raises(InputError, match="came back already"):
        ask(session, order, now)
    kept = open_return(session, session.get_one(Order, order.order))
    assert kept is not None
    assert kept.state is ReturnState.SETTLED


def test_every_mistake_is_told_at_once(session: Session, now: datetime, order: Bought) -> None:
    wrong = (Item(order.lines[0], 3, "because"), Item(order.lines[0], 1, "late"), Item(999, 1, "late"))
    with pytest.raises(InputError) as raised:
        ask(session, order, now, *wrong, wish="moon")
    assert len(raised.value.problems) == 5
    assert session.exec(select(ReturnRequest)).all() == []


def test_a_person_is_asked_with_all_they_need(session: Session, now: datetime, order: Bought) -> None:
    photo = {"sha256": "a" * 64, "type": "image/jpeg", "width": 1, "height": 1, "size": 9}
    found = ask(session, order, now, comment="The seam is open", photos=[photo])
    talk = session.exec(select(Conversation)).one()
    assert talk.reason.startswith(f"return {found.id} of order #1001 needs a decision: it is worth 29.00")
    assert found.photos == [photo]
    assert talk.order_id == order.order


def test_a_cheap_one_that_a_person_decides_says_that_it_may_be_kept(
    session: Session, now: datetime, order: Bought
) -> None:
    ask(session, order, now, Item(order.lines[1], 1, "unwanted"))
    assert "--keep" in session.exec(select(Conversation)).one().reason


@pytest.mark.parametrize(
    ("country", "address", "label"),
    [
        ("DE", "Linen & Co, Hafenstr. 1, 20457 Hamburg", ""),
        ("US", "Linen & Co, 1 Main St, Springfield", "https://shop.example.com/label"),
    ],
)
def test_the_way_back_is_that_of_the_country(
    session: Session, now: datetime, country: str, address: str, label: str
) -> None:
    number = ask(session, bought(session, now, number="#7", country=country), now).id or 0
    assert way_back(session, number, "en", now=now) == (address, label)


def test_while_a_parcel_is_missing_nobody_knows_the_day(session: Session, now: datetime) -> None:
    late = bought(session, now, number="#8", delivered=None)
    found = ask(session, late, now, limit="100")
    assert found.state is ReturnState.REQUESTED
    assert "no day of delivery" in session.exec(select(Conversation)).one().reason
