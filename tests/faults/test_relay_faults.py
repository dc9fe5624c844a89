"""The relay refuses, falls silent and breaks off; each time the rows say what is certain and what is not."""

import threading
from collections.abc import Iterator

import pytest

from mailer.clock import SystemClock
from mailer.outbound.unknown import decide
from tests.rigs.dovecot import Dovecot
from tests.rigs.fixtures import HASTY_INBOUND, HASTY_OUTBOUND, ShopMaker
from tests.rigs.postfix import Postfix
from tests.rigs.relay import Point, Relay
from tests.rigs.shop import Plan, Row, Shop

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def line(postfix: Postfix) -> Iterator[Relay]:
    relay = Relay(postfix.open_port)
    yield relay
    relay.close()


@pytest.fixture(scope="module")
def open_shop(dovecot: Dovecot, postfix: Postfix, line: Relay) -> Iterator[Shop]:
    """One shop with a running daemon for all of these tests; each has a customer of its own."""
    plan = Plan(dovecot.ports.imaps, line.port, dovecot.ca_file, inbound=HASTY_INBOUND, outbound=HASTY_OUTBOUND)
    shop = Shop(dovecot, postfix, plan).make()
    shop.run()
    yield shop
    shop.close()


@pytest.fixture
def shop(open_shop: Shop, line: Relay) -> Iterator[Shop]:
    yield open_shop
    line.admit()
    line.let_go()


def _taken(shop: Shop, customer: str) -> list[str]:
    return [mail.message_id for mail in shop.accepted() if mail.recipient == shop.customer(customer)]


def _message_id(shop: Shop, delivery_id: int) -> str:
    query = "SELECT internet_message_id FROM message JOIN delivery ON message.id = message_id WHERE delivery.id = :id"
    return str(shop.rows(query, id=delivery_id)[0][0])


def _conversation(shop: Shop, delivery_id: int) -> tuple[str, str]:
    query = """
        SELECT conversation.state, conversation.reason FROM conversation
        JOIN message ON message.conversation_id = conversation.id JOIN delivery ON message.id = message_id
        WHERE delivery.id = :id
    """
    return tuple(shop.rows(query, id=delivery_id)[0])


def _minutes_to_next_try(shop: Shop, delivery_id: int) -> float:
    query = "SELECT (julianday(next_attempt_at) - julianday('now')) * 1440 FROM delivery WHERE id = :id"
    return float(shop.rows(query, id=delivery_id)[0][0])


def test_a_greylisted_reply_goes_again_minutes_later(shop: Shop) -> None:
    delivery = shop.answer(shop.ask("grey"))
    row = shop.wait_delivery(delivery, "queued")
    assert row.attempt == 1
    assert "450 4.7.1" in row.reason
    assert "greylisted" in row.reason
    assert 3 < _minutes_to_next_try(shop, delivery) < 8
    assert _taken(shop, "grey") == []


@pytest.mark.parametrize(("customer", "words"), [("gone", "no such user"), ("policy", "refused by policy")])
def test_a_reply_refused_for_good_goes_to_a_person_with_the_servers_words(
    shop: Shop, customer: str, words: str
) -> None:
    delivery = shop.answer(shop.ask(customer))
    row = shop.wait_delivery(delivery, "failed")
    assert "550" in row.reason
    assert words in row.reason
    state, reason = _conversation(shop, delivery)
    assert state == "needs_person"
    assert words in reason
    assert _taken(shop, customer) == []


def test_a_relay_that_has_no_time_is_asked_again_soon(shop: Shop) -> None:
    delivery = shop.answer(shop.ask("busy"))
    row = shop.wait_delivery(delivery, "queued")
    assert "421" in row.reason
    assert _minutes_to_next_try(shop, delivery) < 2
    with shop.postfix.accepting("busy"):
        shop.wait_delivery(delivery, "sent", within=40)
    assert _taken(shop, "busy") == [_message_id(shop, delivery)]


def test_a_relay_that_is_down_delays_a_reply_and_loses_nothing(shop: Shop, line: Relay) -> None:
    line.refuse()
    delivery = shop.answer(shop.ask("dora"))
    assert "relay" in shop.wait_delivery(delivery, "queued").reason
    line.admit()
    shop.wait_delivery(delivery, "sent")
    assert _taken(shop, "dora") == [_message_id(shop, delivery)]


@pytest.mark.parametrize("point", [Point.MAIL, Point.RCPT, Point.DATA])
def test_a_connection_lost_before_the_body_is_certainly_not_sent(shop: Shop, line: Relay, point: Point) -> None:
    customer = f"early{point.lower()}"
    line.cut(point, recipient="" if point is Point.MAIL else customer)
    delivery = shop.answer(shop.ask(customer))
    shop.wait_delivery(delivery, "sent")
    assert shop.delivery(delivery).attempt == 2
    assert _outcomes(shop, delivery) == ["deferred", "accepted"]
    assert _taken(shop, customer) == [_message_id(shop, delivery)]


@pytest.mark.parametrize(("point", "copies"), [(Point.BODY, 0), (Point.ACCEPTED, 1)])
def test_a_connection_lost_after_the_body_is_unknown_until_a_person_decides(
    shop: Shop, line: Relay, point: Point, copies: int
) -> None:
    customer = f"late{point.lower()}"
    line.cut(point, recipient=customer)
    delivery = shop.answer(shop.ask(customer))
    row = shop.wait_delivery(delivery, "unknown")
    assert "after the body" in row.reason
    _stays(shop, delivery, row)
    assert len(_taken(shop, customer)) == copies
    _decide(shop, delivery, arrived=copies == 1)
    shop.wait_delivery(delivery, "sent")
    assert _taken(shop, customer) == [_message_id(shop, delivery)]


def test_a_relay_that_is_silent_after_the_body_is_unknown(shop: Shop, line: Relay) -> None:
    line.stall(Point.ACCEPTED, recipient="silent")
    delivery = shop.answer(shop.ask("silent"))
    row = shop.wait_delivery(delivery, "unknown", within=20)
    assert "after the body" in row.reason
    assert len(_taken(shop, "silent")) == 1


def test_a_relay_that_does_not_let_us_in_keeps_replies_in_the_queue(make_shop: ShopMaker, postfix: Postfix) -> None:
    outbound = HASTY_OUTBOUND | {"password": "wrong"}
    shop = make_shop(smtp_port=postfix.login_port, smtp_login=True, outbound=outbound)
    shop.run()
    delivery = shop.answer(shop.ask("ana"))
    row = shop.wait_delivery(delivery, "queued")
    assert "refuses our login" in row.reason
    assert "535" in row.reason
    assert _conversation(shop, delivery)[0] == "drafted"
    assert "535" in shop.mailer("status", code=None).stdout
    assert _taken(shop, "ana") == []


def test_sigterm_lets_a_body_in_flight_finish_and_takes_up_nothing_new(make_shop: ShopMaker, relay: Relay) -> None:
    shop = make_shop(smtp_port=relay.port)
    shop.run()
    mails = [shop.ask(name) for name in ("ana", "ben", "cleo", "dora")]
    drafts = [shop.draft_for(mail) for mail in mails]
    relay.stall(Point.ACCEPTED, times=2)
    assert all(shop.approve(*draft) for draft in drafts)
    relay.wait_held(Point.ACCEPTED, count=2)
    threading.Timer(1, relay.let_go).start()
    code, seconds = shop.daemon.terminate()
    assert code == 0
    assert 1 <= seconds < 5
    states = shop.states()
    assert states.pop("sent") == 2
    assert set(states) <= {"undoable", "queued"}, "what waited still waits"
    assert len(shop.accepted()) == 2


def test_a_body_that_does_not_finish_in_time_is_unknown_after_the_next_start(
    make_shop: ShopMaker, relay: Relay
) -> None:
    shop = make_shop(smtp_port=relay.port, outbound=HASTY_OUTBOUND | {"body_timeout": "60s", "stop_after": "1s"})
    shop.run()
    relay.stall(Point.ACCEPTED)
    delivery = shop.answer(shop.ask("ana"))
    relay.wait_held(Point.ACCEPTED)
    code, seconds = shop.daemon.terminate()
    assert code == 0
    assert seconds < 5
    assert shop.delivery(delivery).state == "handing_over"
    relay.let_go()
    shop.run()
    assert "before its answer" in shop.wait_delivery(delivery, "unknown").reason
    assert len(shop.accepted()) == 1


def _outcomes(shop: Shop, delivery_id: int) -> list[str]:
    query = "SELECT outcome FROM attempt WHERE delivery_id = :id ORDER BY number"
    return [outcome for (outcome,) in shop.rows(query, id=delivery_id)]


def _stays(shop: Shop, delivery_id: int, row: Row) -> None:
    """Longer than a lease and a round of the loops: nothing is sent again blindly."""
    with pytest.raises(AssertionError, match="changes"):
        shop.wait(lambda: shop.delivery(delivery_id) != row, within=5, what="the row changes")


def _decide(shop: Shop, delivery_id: int, *, arrived: bool) -> None:
    shop.database.run_here(decide, delivery_id, arrived=arrived, agent_id=shop.agent_id(), now=SystemClock().now())
