"""What a customer's mail tells the house: a conversation is open again, a mail of a flow was answered."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from mailer.inbound.parse import parse
from mailer.inbound.receive import Letter, receive
from mailer.inbound.thread import Rules
from mailer.model import (
    Blob,
    Conversation,
    ConversationState,
    Customer,
    Delivery,
    DeliveryState,
    Direction,
    Enrollment,
    Event,
    Message,
    MessageState,
    Order,
    RawMail,
)
from tests import build

LIFECYCLE = "<flow@shop.test>"


def arrive(session: Session, now: datetime, text: str = "Where is it?", **headers: str) -> None:
    """A mail comes and is read."""
    raw = build.mail_bytes(text, **headers)
    count = len(session.exec(select(RawMail.id)).all())
    number = build.raw_mail(session, now, raw, uid=count + 1)
    history = session.get_one(RawMail, number)
    history.history = bool(headers.get("X_History"))
    receive(session, [Letter(number, parse(raw))], now=now, rules=Rules())


def events(session: Session, kind: str) -> list[Event]:
    return list(session.exec(select(Event).where(Event.kind == kind).order_by(col(Event.id))))


def flow_mail(session: Session, now: datetime, address: str = build.ANA) -> tuple[int, int]:
    """A mail that a flow sent about Ana's order; the conversation it stands in and the enrollment."""
    order = build.shop_order(session, now, email=address)
    customer = Customer(address=address, created_at=now)
    session.add(customer)
    session.flush()
    session.add(Blob.of("f" * 64, b"mail"))
    talk = Conversation(
        customer_id=customer.id or 0,
        order_id=order,
        state=ConversationState.CLOSED,
        reason="mails that we sent by ourselves",
        flow_key=f"order:{order}",
        created_at=now,
        updated_at=now,
    )
    passage = Enrollment(
        key="review_invitation:order:1",
        flow="review_invitation",
        subject_kind="order",
        subject_id=order,
        order_id=order,
        address=address,
        anchor_at=now,
        entered_at=now,
        updated_at=now,
    )
    session.add_all([talk, passage])
    session.flush()
    message = Message(
        conversation_id=talk.id or 0,
        direction=Direction.OUT,
        state=MessageState.COMPOSED,
        sha256="f" * 64,
        internet_message_id=LIFECYCLE,
        to_address=address,
        received_at=now,
        created_at=now,
    )
    session.add(message)
    session.flush()
    values: dict[str, Any] = {"state": DeliveryState.SENT, "recipient": address, "kind": "feedback"}
    sent = {"queued_at": now, "next_attempt_at": now, "key": "flow:1:ask:1"}
    session.add(Delivery(message_id=message.id or 0, enrollment_id=passage.id, **values, **sent))
    session.flush()
    return talk.id or 0, passage.id or 0


def test_a_first_mail_opens_a_conversation(session: Session, now: datetime) -> None:
    arrive(session, now)
    (event,) = events(session, "conversation.opened")
    talk = session.exec(select(Conversation)).one()
    assert (event.subject_kind, event.subject_id, event.address) == ("conversation", talk.id, build.ANA)
    assert (event.order_id, event.occurred_at) == (None, now)


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (ConversationState.CLOSED, 2),
        (ConversationState.WAITING, 1),
        (ConversationState.NEEDS_ANSWER, 1),
        (ConversationState.DRAFTED, 1),
    ],
)
def test_only_what_was_closed_is_opened_again(
    session: Session, now: datetime, state: ConversationState, told: int
) -> None:
    arrive(session, now)
    session.exec(select(Conversation)).one().state = state
    session.flush()
    arrive(session, now + timedelta(hours=1), In_Reply_To="<letter@customer.test>", Message_ID="<two@customer.test>")
    assert len(session.exec(select(Conversation)).all()) == 1
    assert len(events(session, "conversation.opened")) == told


@pytest.mark.parametrize(
    "headers",
    [{"Auto_Submitted": "auto-replied"}, {"X_History": "yes"}],
    ids=["an automatic mail", "from before the first connect"],
)
def test_what_nobody_asks_opens_nothing(session: Session, now: datetime, headers: dict[str, str]) -> None:
    talk, _ = flow_mail(session, now)
    arrive(session, now, In_Reply_To=LIFECYCLE, **headers)
    assert events(session, "conversation.opened") == []
    assert events(session, "mail.replied") == []
    assert session.get_one(Conversation, talk).state == ConversationState.CLOSED


@pytest.mark.parametrize("named", [{"In_Reply_To": LIFECYCLE}, {"References": f"<other@x.test> {LIFECYCLE}"}])
def test_an_answer_to_a_flows_mail_wakes_its_conversation_and_is_told(
    session: Session, now: datetime, named: dict[str, str]
) -> None:
    talk, passage = flow_mail(session, now)
    arrive(session, now, "It never came", **named)
    message = session.exec(select(Message).where(Message.direction == Direction.IN)).one()
    assert message.conversation_id == talk
    assert session.get_one(Conversation, talk).state == ConversationState.NEEDS_ANSWER
    (replied,) = events(session, "mail.replied")
    order = session.exec(select(Order)).one()
    assert replied.data == {"enrollment_id": passage, "message_id": message.id}
    assert (replied.order_id, replied.address, replied.subject_id) == (order.id, build.ANA, talk)
    (opened,) = events(session, "conversation.opened")
    assert (opened.order_id, opened.address) == (order.id, build.ANA)


def test_a_second_answer_is_told_too_and_opens_nothing_again(session: Session, now: datetime) -> None:
    flow_mail(session, now)
    for number in range(2):
        arrive(session, now, In_Reply_To=LIFECYCLE, Message_ID=f"<{number}@customer.test>")
    assert len(events(session, "mail.replied")) == 2
    assert len(events(session, "conversation.opened")) == 1


def test_a_stranger_who_knows_the_identifier_answers_for_nobody(session: Session, now: datetime) -> None:
    talk, _ = flow_mail(session, now)
    arrive(session, now, In_Reply_To=LIFECYCLE, From="eve@elsewhere.test")
    assert events(session, "mail.replied") == []
    assert session.get_one(Conversation, talk).state == ConversationState.CLOSED
    (opened,) = events(session, "conversation.opened")
    assert opened.address == "eve@elsewhere.test"


def test_an_answer_to_a_reply_of_ours_is_no_answer_to_a_flow(session: Session, now: datetime) -> None:
    flow_mail(session, now)
    arrive(session, now, In_Reply_To="<unknown@shop.test>")
    assert events(session, "mail.replied") == []
