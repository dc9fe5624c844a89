"""A delivery is born with its message and its bytes, once for each decision."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from mailer.db import Database
from mailer.model import Blob, Conversation, Delivery, DeliveryState, Direction, Message, MessageState, SentCopy
from mailer.outbound.outbox import Outgoing, enqueue
from mailer.signing import digest
from tests import build

RAW = b"Subject: Re: hello\r\n\r\nhello\r\n"


def put(session: Session, now: datetime, case: build.Asked, **changes: Any) -> Delivery:
    facts: dict[str, Any] = {
        "key": "draft-1-approval-1",
        "message_id": "<ours@shop.test>",
        "raw": RAW,
        "recipient": build.ANA,
        "subject": "Re: hello",
        "text": "hello\n",
        "in_reply_to": "<asked@customer.test>",
        "draft_id": case.draft,
        "undo_until": now + timedelta(seconds=12),
        "expires_at": now + timedelta(hours=48),
    }
    talk = session.get_one(Conversation, case.conversation)
    return enqueue(session, talk, Outgoing(**{**facts, **changes}), now=now)


def test_message_bytes_and_delivery_are_written_together(db: Database, now: datetime) -> None:
    case = db.run_here(build.asked, now)
    made = db.run_here(put, now, case)
    message, blob = db.read_here(
        lambda session: (
            session.exec(select(Message).where(Message.id == made.message_id)).one(),
            session.get_one(Blob, digest(RAW)),
        )
    )
    assert blob.unpack() == RAW
    assert (message.direction, message.state, message.sha256) == (Direction.OUT, MessageState.COMPOSED, digest(RAW))
    assert (message.internet_message_id, message.in_reply_to) == ("<ours@shop.test>", "<asked@customer.test>")
    assert (message.to_address, message.conversation_id) == (build.ANA, case.conversation)
    assert message.sent_copy == SentCopy.NONE
    assert (made.state, made.attempt, made.next_attempt_at) == (DeliveryState.UNDOABLE, 0, now + timedelta(seconds=12))


def test_the_same_decision_is_never_two_deliveries(db: Database, now: datetime) -> None:
    case = db.run_here(build.asked, now)
    db.run_here(put, now, case)
    with pytest.raises(IntegrityError):
        db.run_here(put, now, case)
    assert len(db.read_here(lambda session: session.exec(select(Delivery)).all())) == 1
    assert len(db.read_here(lambda session: session.exec(select(Message)).all())) == 2


def test_the_same_bytes_are_kept_once(db: Database, now: datetime) -> None:
    case = db.run_here(build.asked, now)
    for number in (1, 2):
        db.run_here(put, now, case, key=f"key-{number}")
    blobs = db.read_here(lambda session: session.exec(select(Blob).where(Blob.sha256 == digest(RAW))).all())
    assert len(blobs) == 1
