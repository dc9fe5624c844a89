"""A delivery is born with its message and its bytes, once for each decision."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from mailer.db import Database
from mailer.errors import InputError
from mailer.model import Blob, Conversation, Delivery, DeliveryState, Direction, Message, MessageState, SentCopy
from mailer.outbound.compose import Letter, compose
from mailer.outbound.outbox import Outgoing, enqueue
from mailer.outbound.relays import SHIPPED, note_size
from mailer.signing import digest
from tests import build

RAW = compose(
    Letter(
        message_id="<ours@shop.test>",
        sender_address="care@shop.test",
        sender_name="Linen & Co",
        recipient=build.ANA,
        recipient_name="Ana",
        subject="hello",
        text="hello\n",
        html="<p>hello</p>\n",
        in_reply_to="<asked@customer.test>",
        reference_ids=[],
        written_at=datetime(2026, 11, 22, 10, 0, tzinfo=UTC),
    )
)


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


BROKEN = {
    "its Message-ID is another": {"message_id": "<others@shop.test>"},
    "its To is not the recipient": {"recipient": "bo@customer.test"},
    "its subject is another": {"subject": "Re: goodbye"},
    "its text is another": {"text": "goodbye\n"},
    "a header that we did not write: bcc": {"raw": RAW.replace(b"Subject:", b"Bcc: all@evil.test\r\nSubject:")},
    "the header to twice": {"raw": RAW.replace(b"Subject:", b"To: all@evil.test\r\nSubject:")},
    "a bare CR or LF": {"raw": RAW.replace(b"hello\r\n", b"hello\n", 1)},
    "a line is longer than 998": {"raw": RAW.replace(b"Subject:", b"References: " + b"x" * 999 + b"\r\nSubject:")},
}


@pytest.mark.parametrize(("problem", "changes"), BROKEN.items(), ids=BROKEN.keys())
def test_a_mail_that_is_not_what_it_was_meant_to_be_is_never_queued(
    db: Database, now: datetime, problem: str, changes: dict[str, Any]
) -> None:
    case = db.run_here(build.asked, now)
    with pytest.raises(InputError, match=problem):
        db.run_here(put, now, case, **changes)
    assert db.read_here(lambda session: session.exec(select(Delivery)).all()) == []


def test_a_mail_larger_than_the_relay_takes_is_never_queued(db: Database, now: datetime) -> None:
    case = db.run_here(build.asked, now)
    db.run_here(note_size, SHIPPED, len(RAW) - 1, now=now)
    with pytest.raises(InputError, match=f"the relay takes {len(RAW) - 1}"):
        db.run_here(put, now, case)
    db.run_here(note_size, SHIPPED, len(RAW), now=now)
    assert db.run_here(put, now, case).state == DeliveryState.UNDOABLE
