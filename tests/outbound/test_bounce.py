"""A bounce counts only when it proves that it speaks of a mail of ours; then it moves delivery and conversation."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import (
    ConversationState,
    DeliveryState,
    Direction,
    Message,
    MessageState,
    ReportState,
    lift_undeliverable,
)
from mailer.outbound.bounce import refused, take_bounces
from mailer.outbound.envelope import signed_sender
from mailer.outbound.suppress import Limits, suppressed, unverified_bounces
from mailer.signing import Keys
from tests import build
from tests.outbound import returns

DAY = timedelta(days=1)
D = DeliveryState
LIMITED = {"feedback", "marketing"}


def numbered(place: int) -> dict[str, str]:
    """Another order of the same customer."""
    return {"number": f"#{2000 + place}", "id": str(9000 + place)}


def test_a_bounce_that_gives_back_our_message_id_moves_its_delivery(
    session: Session, now: datetime, keys: Keys
) -> None:
    case, delivery_id = returns.sent(session, now)
    report = returns.bounce(session, now, returns.answer_id(session, delivery_id))
    assert returns.take(session, keys, now + DAY) == 1
    delivery = build.delivery(session, delivery_id)
    assert (delivery.state, delivery.settled_at) == (D.BOUNCED, now + DAY)
    assert delivery.reason == "the address does not exist or takes no mail any more: 550 5.1.1 no such user"
    conversation = build.conversation_of(session, case.conversation)
    assert conversation.state == ConversationState.NEEDS_PERSON
    assert conversation.reason == f"our answer came back: {delivery.reason}"
    assert session.get_one(Message, report).conversation_id == case.conversation
    (row,) = returns.bounces(session)
    assert (row.verified, row.delivery_id, row.address) == (True, delivery_id, build.ANA)


@pytest.mark.parametrize("reported", ["", "<made-up@shop.test>", "<letter.0@customer.test>"])
def test_a_bounce_that_names_no_mail_of_ours_suppresses_nothing(
    session: Session, now: datetime, keys: Keys, reported: str
) -> None:
    case, delivery_id = returns.sent(session, now)
    report = returns.bounce(session, now, reported)
    before = session.get_one(Message, report).conversation_id
    returns.take(session, keys, now)
    assert returns.state(session, delivery_id) == D.SENT
    assert returns.streams(session) == set()
    assert build.conversation_of(session, case.conversation).state == ConversationState.WAITING
    assert session.get_one(Message, report).conversation_id == before
    assert returns.bounces(session)[0].state == ReportState.UNVERIFIED
    assert unverified_bounces(session, since=now - DAY) == 1


def test_a_mail_of_ours_that_another_key_signed_is_not_believed(session: Session, now: datetime) -> None:
    _, delivery_id = returns.sent(session, now)
    returns.bounce(session, now, returns.answer_id(session, delivery_id))
    returns.take(session, Keys((b"x" * 32,)), now)
    assert returns.state(session, delivery_id) == D.SENT
    assert not returns.bounces(session)[0].verified


def test_a_signed_envelope_sender_proves_a_bounce_without_a_returned_part(
    session: Session, now: datetime, keys: Keys
) -> None:
    _, delivery_id = returns.sent(session, now)
    returns.bounce(session, now, "", recipient="", returned_to=signed_sender("care@shop.test", delivery_id, keys))
    returns.take(session, keys, now)
    assert returns.state(session, delivery_id) == D.BOUNCED


def test_the_address_that_we_wrote_to_counts_not_the_one_behind_a_forwarding(
    session: Session, now: datetime, keys: Keys
) -> None:
    _, delivery_id = returns.sent(session, now)
    returns.bounce(session, now, returns.answer_id(session, delivery_id), recipient="ana.new@elsewhere.test")
    returns.take(session, keys, now)
    assert returns.streams(session) == LIMITED
    assert returns.streams(session, "ana.new@elsewhere.test") == set()


def test_a_delay_is_no_failure(session: Session, now: datetime, keys: Keys) -> None:
    case, delivery_id = returns.sent(session, now)
    returns.bounce(session, now, returns.answer_id(session, delivery_id), kind="delayed")
    returns.take(session, keys, now)
    assert returns.state(session, delivery_id) == D.SENT
    assert build.conversation_of(session, case.conversation).state == ConversationState.WAITING
    assert returns.streams(session) == set()
    assert returns.bounces(session)[0].verified


def test_a_refusal_of_the_mail_never_counts_against_the_person(session: Session, now: datetime, keys: Keys) -> None:
    for place in range(3):
        delivery_id = returns.came_back(session, keys, now, "policy", **numbered(place))
        assert returns.state(session, delivery_id) == D.BOUNCED
    assert returns.streams(session) == set()


def test_one_hard_bounce_stops_feedback_and_marketing_a_second_stops_all(
    session: Session, now: datetime, keys: Keys
) -> None:
    returns.came_back(session, keys, now)
    assert returns.streams(session) == LIMITED
    assert suppressed(session, build.ANA.upper(), "reply") is None
    assert suppressed(session, build.ANA, "feedback")
    returns.came_back(session, keys, now + 29 * DAY, **numbered(1))
    assert returns.streams(session) == LIMITED | {"all"}
    assert "came back 2 times" in (suppressed(session, build.ANA, "reply") or "")


def test_a_second_hard_bounce_after_thirty_days_does_not_stop_all(session: Session, now: datetime, keys: Keys) -> None:
    returns.came_back(session, keys, now)
    returns.came_back(session, keys, now + 31 * DAY, **numbered(1))
    assert returns.streams(session) == LIMITED


def test_two_reports_of_one_mail_are_one_bounce(session: Session, now: datetime, keys: Keys) -> None:
    delivery_id = returns.came_back(session, keys, now)
    returns.bounce(session, now + DAY, returns.answer_id(session, delivery_id))
    returns.take(session, keys, now + DAY)
    assert returns.streams(session) == LIMITED


def test_seven_soft_bounces_in_a_row_count_as_a_hard_one(session: Session, now: datetime, keys: Keys) -> None:
    for place in range(6):
        returns.came_back(session, keys, now + place * DAY, "soft", **numbered(place))
    assert returns.streams(session) == set()
    returns.came_back(session, keys, now + 7 * DAY, "soft", **numbered(7))
    assert returns.streams(session) == LIMITED


def test_a_mail_that_arrived_ends_the_row_of_soft_bounces(session: Session, now: datetime, keys: Keys) -> None:
    for place in range(6):
        returns.came_back(session, keys, now, "soft", **numbered(place))
    returns.sent(session, now, **numbered(6))
    returns.came_back(session, keys, now + 6 * DAY, "soft", **numbered(7))
    assert returns.streams(session) == set()


def test_a_new_mail_from_the_address_forgives_all(session: Session, now: datetime, keys: Keys) -> None:
    returns.came_back(session, keys, now)
    returns.came_back(session, keys, now, **numbered(1))
    assert lift_undeliverable(session, build.ANA.upper(), now=now + DAY) == 3
    assert returns.streams(session) == set()
    returns.came_back(session, keys, now + 2 * DAY, **numbered(2))
    assert returns.streams(session) == LIMITED


def test_the_numbers_are_the_shops(session: Session, now: datetime, keys: Keys) -> None:
    _, delivery_id = returns.sent(session, now)
    returns.bounce(session, now, returns.answer_id(session, delivery_id))
    returns.take(session, keys, now, Limits(limit_after=2, stop_after=3))
    assert returns.streams(session) == set()


def test_a_bounce_that_is_faster_than_the_relays_word_waits_for_it(session: Session, now: datetime, keys: Keys) -> None:
    _, delivery_id = returns.sent(session, now)
    delivery = build.delivery(session, delivery_id)
    delivery.state = D.HANDING_OVER
    returns.bounce(session, now, returns.answer_id(session, delivery_id))
    assert returns.take(session, keys, now) == 0
    build.delivery(session, delivery_id).state = D.SENT
    assert returns.take(session, keys, now) == 1
    assert returns.state(session, delivery_id) == D.BOUNCED


def test_a_bounce_tells_that_an_unknown_mail_had_left(session: Session, now: datetime, keys: Keys) -> None:
    _, delivery_id = returns.sent(session, now)
    build.delivery(session, delivery_id).state = D.UNKNOWN
    returns.bounce(session, now, returns.answer_id(session, delivery_id))
    returns.take(session, keys, now)
    assert returns.state(session, delivery_id) == D.BOUNCED


def test_a_conversation_that_waits_for_its_next_answer_is_left_alone(
    session: Session, now: datetime, keys: Keys
) -> None:
    case, delivery_id = returns.sent(session, now)
    build.customer_mail(session, now, conversation=case.conversation)
    returns.bounce(session, now, returns.answer_id(session, delivery_id))
    returns.take(session, keys, now)
    assert build.conversation_of(session, case.conversation).state == ConversationState.NEEDS_ANSWER
    assert returns.state(session, delivery_id) == D.BOUNCED


@pytest.mark.parametrize(
    ("words", "stopped"),
    [
        ("550 5.1.1 <ana@customer.test>: user unknown", LIMITED),
        ("550 No such person at this address", LIMITED),
        ("550 5.7.1 message rejected as spam", set()),
        ("554 5.7.26 unauthenticated mail is blocked", set()),
        ("552 5.2.2 mailbox full", set()),
        ("552 5.3.4 message too big", set()),
        ("554 transaction failed", set()),
    ],
)
def test_a_refusal_in_the_dialogue_is_a_bounce_when_it_speaks_of_the_address(
    session: Session, now: datetime, keys: Keys, words: str, stopped: set[str]
) -> None:
    _, delivery_id = build.approved(session, now)
    delivery = build.delivery(session, delivery_id)
    delivery.state = D.FAILED
    refused(session, delivery, words, now=now)
    returns.take(session, keys, now)
    assert returns.streams(session) == stopped
    assert returns.state(session, delivery_id) == D.FAILED


def test_our_own_mail_that_a_customer_wrote_proves_nothing(session: Session, now: datetime, keys: Keys) -> None:
    incoming = build.customer_mail(session, now, internet_message_id="<abc@shop.test>", state=MessageState.RECEIVED)
    assert incoming.direction == Direction.IN
    returns.bounce(session, now, "<abc@shop.test>")
    returns.take(session, keys, now)
    assert not returns.bounces(session)[0].verified


async def test_the_loop_takes_what_waits(db: Database, clock: FrozenClock, keys: Keys) -> None:
    def prepare(session: Session) -> int:
        _, delivery_id = returns.sent(session, clock.now())
        returns.bounce(session, clock.now(), returns.answer_id(session, delivery_id))
        return delivery_id

    delivery_id = await db.run(prepare)
    assert await take_bounces(db, clock, keys, Limits())
    assert not await take_bounces(db, clock, keys, Limits())
    assert await db.read(returns.state, delivery_id) == D.BOUNCED
