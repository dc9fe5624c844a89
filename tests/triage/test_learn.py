"""A person's word for what a mail wants is kept, counts, and has the conversation drafted anew."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, select

from mailer.errors import Conflict, InputError, NotFound
from mailer.model import Classification, Conversation, ConversationState, Correction, Level
from mailer.triage.learn import correct
from tests import build

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)


def mail_in(session: Session, state: ConversationState) -> tuple[int, Conversation]:
    mail = build.customer_mail(session, NOW)
    talk = session.get_one(Conversation, mail.conversation_id)
    talk.state, talk.reason = state, "no template for order_status"
    session.flush()
    return mail.id or 0, talk


def test_it_is_kept_and_takes_the_place_of_the_judgement(session: Session) -> None:
    mail, _ = mail_in(session, ConversationState.NEEDS_PERSON)
    found = session.exec(select(Classification)).one()
    found.intents = [
        {"intent": "order_status", "confidence": 0.9, "level": "high", "evidence": ["where"]},
        {"intent": "invoice", "confidence": 0.7, "level": "medium", "evidence": ["bill"]},
    ]
    agent = build.agent(session, NOW)
    correct(session, mail, "refund_status", agent, now=LATER)
    session.flush()
    assert (found.intent, found.level, found.confidence) == ("refund_status", Level.HIGH, 1.0)
    assert [wish["intent"] for wish in found.intents] == ["refund_status", "invoice"]
    kept = session.exec(select(Correction)).one()
    assert (kept.judged, kept.intent, kept.classifier) == ("order_status", "refund_status", "test")
    assert (kept.message_id, kept.agent_id, kept.corrected_at) == (mail, agent, LATER)


@pytest.mark.parametrize(
    ("state", "after"),
    [
        (ConversationState.NEEDS_PERSON, ConversationState.NEEDS_ANSWER),
        (ConversationState.CLOSED, ConversationState.NEEDS_ANSWER),
        (ConversationState.NEEDS_ANSWER, ConversationState.NEEDS_ANSWER),
        (ConversationState.WAITING, ConversationState.WAITING),
        (ConversationState.DRAFTED, ConversationState.DRAFTED),
    ],
)
def test_the_conversation_is_drafted_anew_unless_an_answer_left(
    session: Session, state: ConversationState, after: ConversationState
) -> None:
    mail, talk = mail_in(session, state)
    correct(session, mail, "invoice", build.agent(session, NOW), now=LATER)
    assert talk.state == after
    assert (talk.reason == "") == (after == ConversationState.NEEDS_ANSWER)


def test_a_draft_that_waits_gives_way(session: Session) -> None:
    case = build.asked(session, NOW)
    correct(session, case.mail, "invoice", case.agent, now=LATER)
    assert build.conversation_of(session, case.conversation).state == ConversationState.NEEDS_ANSWER


@pytest.mark.parametrize(
    ("message", "intent", "error"),
    [
        (1, "weather", InputError),
        (1, "bounce", InputError),
        (1, "auto_reply", InputError),
        (99, "invoice", NotFound),
        (1, "order_status", Conflict),
    ],
)
def test_what_cannot_be_corrected_is_refused(session: Session, message: int, intent: str, error: type) -> None:
    mail, _ = mail_in(session, ConversationState.NEEDS_PERSON)
    with pytest.raises(error):
        correct(session, mail if message == 1 else message, intent, build.agent(session, NOW), now=LATER)
    assert session.exec(select(Correction)).all() == []
