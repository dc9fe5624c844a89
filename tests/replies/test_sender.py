"""Whom we know, and who proves to read the mailbox that he writes from."""

from datetime import datetime

import pytest
from sqlmodel import Session

from mailer.db import Database
from mailer.model import DeliveryState, Message
from mailer.outbound.outcome import Accepted
from mailer.outbound.settle import settle
from mailer.replies.sender import controls_mailbox, is_known
from mailer.signing import Keys
from tests import build


def ours(session: Session, now: datetime, state: DeliveryState = DeliveryState.SENT) -> str:
    """An answer of ours to Ana that left us; its Message-ID."""
    _, number = build.approved(session, now)
    delivery = build.delivery(session, number)
    delivery.state = state
    session.flush()
    return session.get_one(Message, delivery.message_id).internet_message_id


def reply(session: Session, now: datetime, **facts: object) -> Message:
    return build.customer_mail(session, now, **{"sender": build.ANA, **facts})  # type: ignore[arg-type]


@pytest.mark.parametrize("field", ["in_reply_to", "reference_ids"])
@pytest.mark.parametrize(
    ("state", "sender", "proves"),
    [
        (DeliveryState.SENT, {}, True),
        (DeliveryState.UNKNOWN, {}, True),
        (DeliveryState.CANCELED, {}, False),
        (DeliveryState.QUEUED, {}, False),
        (DeliveryState.SENT, {"sender": "eve@evil.test"}, False),
        (DeliveryState.SENT, {"senders": [build.ANA, "eve@evil.test"]}, False),
        (DeliveryState.SENT, {"senders": []}, False),
    ],
)
def test_who_answers_a_mail_of_ours_reads_the_mailbox_that_it_went_to(
    db: Database, now: datetime, field: str, state: DeliveryState, sender: dict[str, object], proves: bool
) -> None:
    def verb(session: Session) -> bool:
        identifier = ours(session, now, state)
        named = {field: [identifier] if field == "reference_ids" else identifier}
        return controls_mailbox(session, reply(session, now, **named, **sender), build.KEYS)

    assert db.run_here(verb) is proves


def test_an_identifier_without_our_signature_proves_nothing(db: Database, now: datetime) -> None:
    def verb(session: Session) -> list[bool]:
        identifier = ours(session, now)
        answer = reply(session, now, in_reply_to=identifier)
        others = Keys((b"other" * 8,))
        older = Keys((b"newer" * 8, *build.KEYS.keys))
        return [controls_mailbox(session, answer, keys) for keys in (build.KEYS, older, others, None)]

    assert db.run_here(verb) == [True, True, False, False]


def test_a_customer_s_own_identifier_proves_nothing(db: Database, now: datetime) -> None:
    def verb(session: Session) -> bool:
        first = reply(session, now)
        return controls_mailbox(session, reply(session, now, in_reply_to=first.internet_message_id), build.KEYS)

    assert db.run_here(verb) is False


def test_who_has_an_order_or_an_answer_is_known(db: Database, now: datetime) -> None:
    def verb(session: Session) -> None:
        build.shop_order(session, now, email="bo@customer.test")
        _, number = build.approved(session, now, number="#2", id="2", sender="cy@customer.test")
        settle(session, build.delivery(session, number), Accepted("250"), now=now)

    db.run_here(verb)
    known = {name: db.read_here(is_known, f"{name}@customer.test") for name in ("bo", "BO", "cy", "eve")}
    assert known == {"bo": True, "BO": True, "cy": True, "eve": False}
