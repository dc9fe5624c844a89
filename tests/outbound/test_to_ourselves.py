"""A test mail goes the way of all mails, to one of us, and counts for nothing."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from mailer.db import Database
from mailer.errors import Conflict
from mailer.model import Blob, Conversation, ConversationState, Delivery, DeliveryState, Message
from mailer.outbound.compose import LifecycleLetter
from mailer.outbound.to_ourselves import MOST_IN_AN_HOUR, Trial, send_to_ourselves
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
