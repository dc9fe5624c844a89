"""A test mail goes the way of all mails, to one of us, and counts for nothing."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from mailer.db import Database
from mailer.errors import Conflict
from mailer.model import Blob, Conversation, ConversationState, Delivery, DeliveryState, Message
from mailer.outbound.compose import LifecycleLetter
from mailer.outbound.to_ourselves import MOST_IN_AN_HOUR, Trial, may_be_sent_to, send_to_ourselves
from mailer.signing import Keys


def trial(keys: Keys, now: datetime, agent: int = 7) -> Trial:
    letter = LifecycleLetter(
        message_id="",
        sender_address="care@shop.test",
        sender_name="Linen & Co",
        recipient="Mira@shop.test",
        recipient_name="Mira",
        subject="Your parcel is on its way",
        text="Hello\n",
        html="<p>Hello</p>\n",
        written_at=now,
        kind="transactional",
        flow="studio",
        locale="en",
    )
    return Trial(agent, letter, keys)


def test_it_is_queued_at_once_and_marked(db: Database, keys: Keys, now: datetime) -> None:
    sent = db.run_here(send_to_ourselves, trial(keys, now), now=now)
    assert (sent.kind, sent.state, sent.recipient) == ("test", DeliveryState.QUEUED, "Mira@shop.test")

    def look(session: Session) -> tuple[str, bytes, ConversationState]:
        message = session.exec(select(Message)).one()
        talk = session.get_one(Conversation, message.conversation_id)
        return message.subject, session.get_one(Blob, message.sha256).unpack(), talk.state

    subject, raw, state = db.read_here(look)
    assert subject == "[Test] Your parcel is on its way"
    assert b"Subject: [Test] Your parcel is on its way\r\n" in raw
    assert state is ConversationState.CLOSED


def test_marketing_needs_its_way_out_here_too(db: Database, keys: Keys, now: datetime) -> None:
    asked = trial(keys, now)
    letter = replace(asked.letter, kind="marketing", unsubscribe="https://care.shop.test/unsubscribe/t")
    assert db.run_here(send_to_ourselves, replace(asked, letter=letter), now=now).kind == "test"


def test_twenty_in_an_hour_are_enough(db: Database, keys: Keys, now: datetime) -> None:
    for _ in range(MOST_IN_AN_HOUR):
        db.run_here(send_to_ourselves, trial(keys, now), now=now)
    with pytest.raises(Conflict, match="20 test mails"):
        db.run_here(send_to_ourselves, trial(keys, now), now=now)
    db.run_here(send_to_ourselves, trial(keys, now, agent=8), now=now)
    db.run_here(send_to_ourselves, trial(keys, now), now=now + timedelta(hours=1, seconds=1))

    def count(session: Session) -> int:
        return len(session.exec(select(Delivery)).all())

    assert db.read_here(count) == MOST_IN_AN_HOUR + 2


@pytest.mark.parametrize(
    ("address", "may"),
    [
        ("mira@shop.test", True),
        ("MIRA@SHOP.TEST", True),
        ("ana@agency.test", True),
        ("other@agency.test", False),
        ("anybody@inbox.test", True),
        ("anybody@sub.inbox.test", False),
        ("anybody@evilinbox.test", False),
        ("inbox.test@evil.test", False),
        ("", False),
    ],
)
def test_it_goes_to_ones_own_address_or_to_a_listed_one(address: str, may: bool) -> None:
    assert may_be_sent_to(address, "mira@shop.test", ("ana@agency.test", "Inbox.test")) is may


def test_who_has_no_address_has_none() -> None:
    assert not may_be_sent_to("", "", ())
