"""From a link in one of our mails to the answer that a customer's mail program sends: as bytes, nothing faked."""

from datetime import datetime
from email.utils import formataddr

import pytest
from sqlmodel import Session, select

from mailer.feedback.by_mail import take, waiting_answers
from mailer.inbound.parse import parse
from mailer.inbound.receive import Letter, receive
from mailer.inbound.thread import Rules
from mailer.links import customer_links
from mailer.model import Conversation, ConversationState, Message, MessageState, Rating, Suppression
from mailer.signing import Keys
from tests import build
from tests.feedback.build import ANA, bought


def links(session: Session, keys: Keys, now: datetime) -> dict[str, str]:
    """What a mail offers in a shop without a public address."""
    order = bought(session, now)
    return customer_links(
        keys,
        "",
        "care@shop.test",
        customer_id=order.customer,
        order_id=order.order,
        incident_id=None,
        conversation_id=None,
        enrollment_id=None,
        kind="feedback",
        now=now,
    )


def clicked(session: Session, link: str, keys: Keys, now: datetime, *, words: str = "", uid: int = 1) -> Message:
    """The customer clicks a mailto link and sends what their program made of it."""
    address, _, subject = link.removeprefix("mailto:").partition("?subject=")
    raw = build.mail_bytes(
        words, From=formataddr(("Ana Cruz", ANA)), To=address, Subject=subject, Message_ID=f"<{uid}@customer.test>"
    )
    stored = build.raw_mail(session, now, raw, uid=uid)
    receive(session, [Letter(stored, parse(raw))], now=now, rules=Rules(keys))
    return session.exec(select(Message).where(Message.raw_mail_id == stored)).one()


@pytest.mark.parametrize("value", [1, 5])
def test_a_rating_by_mail(session: Session, now: datetime, keys: Keys, value: int) -> None:
    message = clicked(session, links(session, keys, now)[f"rate_mail_{value}"], keys, now, words="about the linen")
    take(session, waiting_answers(session, 10), keys, now=now)
    rating = session.exec(select(Rating)).one()
    assert (rating.value, rating.comment, rating.channel, rating.address) == (value, "about the linen", "mail", ANA)
    assert message.state is MessageState.AUTOMATED
    assert session.get_one(Conversation, message.conversation_id).state is ConversationState.CLOSED
    waiting = session.exec(select(Conversation).where(Conversation.state == ConversationState.NEEDS_PERSON)).all()
    assert [talk.reason for talk in waiting] == (["rated 1 of 5: about the linen"] if value == 1 else [])


def test_a_way_out_by_mail_is_no_matter_for_people(session: Session, now: datetime, keys: Keys) -> None:
    found = links(session, keys, now)
    for uid in (1, 2):
        clicked(session, found["unsubscribe_mail"], keys, now, uid=uid)
    take(session, waiting_answers(session, 10), keys, now=now)
    assert [one.stream.value for one in session.exec(select(Suppression))] == ["feedback"]
    states = {talk.state for talk in session.exec(select(Conversation))}
    assert states == {ConversationState.CLOSED}


def test_a_changed_address_is_a_customers_mail_like_any_other(session: Session, now: datetime, keys: Keys) -> None:
    link = links(session, keys, now)["rate_mail_5"].replace("+rate-ros", "+rate-ron")
    message = clicked(session, link, keys, now, words="where is my order?")
    assert waiting_answers(session, 10) == []
    assert session.get_one(Conversation, message.conversation_id).state is ConversationState.NEEDS_ANSWER
    assert session.exec(select(Rating)).all() == []
