"""What each mail led to: a draft, or a reason, or it is unexplained."""

import pytest
from sqlmodel import Session

from mailer.db import Database
from mailer.demo.outcome import by_intent, by_language, outcomes
from mailer.model import Conversation, ConversationState, Mailbox, Message, RawMail, RawMailState
from tests import build
from tests.conftest import NOW


def asked(session: Session) -> Message:
    """A mail that came through a mailbox, and its draft."""
    case = build.asked(session, NOW)
    message = session.get_one(Message, case.mail)
    session.add(Mailbox(id=1, name="support"))
    session.flush()
    raw_mail = RawMail(
        mailbox_id=1, uidvalidity=1, uid=1, sha256=message.sha256, size=1, internal_date=NOW, stored_at=NOW,
        state=RawMailState.RECEIVED,
    )  # fmt: skip
    session.add(raw_mail)
    session.flush()
    message.raw_mail_id = raw_mail.id
    return message


def told(db: Database) -> list[str]:
    return [str(one) for one in db.read_here(outcomes)]


@pytest.mark.parametrize(
    ("state", "reason", "outcome"),
    [
        (ConversationState.NEEDS_PERSON, "Needs facts: shop.since", "needs_person: Needs facts: shop.since"),
        (ConversationState.CLOSED, "an offer", "silent: an offer"),
        (ConversationState.NEEDS_PERSON, "", "unexplained: its conversation is needs_person without a reason"),
        (ConversationState.NEEDS_ANSWER, "why", "unexplained: its conversation is needs_answer without a reason"),
        (ConversationState.NEEDS_PERSON, "drafting failed: KeyError", "unexplained: drafting failed: KeyError"),
    ],
)
def test_a_mail_without_a_draft_has_its_reason(
    db: Database, state: ConversationState, reason: str, outcome: str
) -> None:
    def end(session: Session) -> None:
        message = asked(session)
        conversation = session.get_one(Conversation, message.conversation_id)
        message.draft_id, conversation.state, conversation.reason = None, state, reason

    db.run_here(end)
    assert told(db) == [outcome]


def test_a_mail_with_a_draft_is_one(db: Database) -> None:
    db.run_here(asked)
    assert told(db) == ["drafts"]
    assert db.read_here(by_intent) == {"order_status": 1}
    assert sum(db.read_here(by_language).values()) == 1
