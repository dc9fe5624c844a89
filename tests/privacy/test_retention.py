"""What is old is forgotten by its intents; the rest is kept."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from mailer.model import Conversation, ConversationState, Message
from mailer.privacy.retention import Terms, forget_old, old
from tests.web.build import case

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("usual", "by_intent", "intents", "span"),
    [
        (None, {}, ["order_status"], None),
        (90 * DAY, {}, ["order_status"], 90 * DAY),
        (90 * DAY, {"order_status": 30 * DAY}, ["order_status"], 30 * DAY),
        (90 * DAY, {"order_status": 30 * DAY}, ["order_status", "refund_status"], 90 * DAY),
        (None, {"order_status": 30 * DAY}, ["order_status", "refund_status"], None),
        (90 * DAY, {}, [], 90 * DAY),
    ],
)
def test_the_longest_of_the_intents_counts(
    usual: timedelta | None, by_intent: dict[str, timedelta], intents: list[str], span: timedelta | None
) -> None:
    assert Terms(usual, by_intent).of(intents) == span


def test_closed_and_old_ones_go_in_batches(session: Session, now: datetime) -> None:
    for number in range(3):
        case(session, now, number=f"#{number}", address=f"c{number}@shop.test", letter=f"Hello {number}")
    first, second, third = session.exec(select(Conversation).order_by(Conversation.id)).all()
    first.state, first.updated_at = ConversationState.CLOSED, now - 40 * DAY
    second.state, second.updated_at = ConversationState.CLOSED, now - 20 * DAY
    third.updated_at = now - 90 * DAY
    session.flush()
    terms = Terms(30 * DAY, {})
    assert [one.conversation_id for one in old(session, terms, now=now)] == [first.id]
    assert [forget_old(session, terms, now=now) for _ in range(2)] == [1, 0]
    session.expire_all()
    texts = {message.conversation_id: message.text for message in session.exec(select(Message)).all()}
    assert texts[first.id or 0] == ""
    assert "Hello 1" in texts[second.id or 0]
    assert "Hello 2" in texts[third.id or 0]
    assert old(session, Terms(None, {}), now=now) == []
