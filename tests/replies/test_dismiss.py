"""Rejecting by one of five faults, and taking it back."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from mailer.errors import Conflict, NotFound
from mailer.model import Conversation, ConversationState, Dismissal, Draft, DraftState, Event, Fault, ReplyClock
from mailer.replies.approve import write_own
from mailer.replies.dismiss import dismiss, take_back
from tests.build import Asked, asked, customer_mail

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=5)


@pytest.fixture
def case(session: Session) -> Asked:
    return asked(session, NOW)


def talk(session: Session) -> Conversation:
    return session.exec(select(Conversation)).one()


def running(session: Session) -> int:
    return len(session.exec(select(ReplyClock).where(col(ReplyClock.stopped_at).is_(None))).all())


def reject(session: Session, case: Asked, fault: Fault, reason: str = "") -> int:
    return dismiss(session, case.draft, version=1, agent_id=case.agent, fault=fault, reason=reason, now=NOW)


@pytest.mark.parametrize("fault", [Fault.WRONG_INTENT, Fault.WRONG_FACTS, Fault.TONE, Fault.OWN_WORDS])
def test_a_person_is_to_write(session: Session, case: Asked, fault: Fault) -> None:
    reject(session, case, fault, "the day is old")
    row = session.exec(select(Dismissal)).one()
    assert (row.fault, row.reason) == (fault, "the day is old")
    assert talk(session).state is ConversationState.NEEDS_PERSON
    assert f"{fault.value.replace('_', ' ')}: the day is old" in talk(session).reason
    assert running(session) > 0


def test_no_answer_closes_and_says_so(session: Session, case: Asked) -> None:
    reject(session, case, Fault.NO_ANSWER)
    assert (talk(session).state, talk(session).closed_at) == (ConversationState.CLOSED, NOW)
    assert running(session) == 0
    kinds = session.exec(select(Event.kind).where(Event.subject_kind == "conversation")).all()
    assert "conversation.closed" in kinds


@pytest.mark.parametrize("fault", list(Fault))
def test_it_is_taken_back(session: Session, case: Asked, fault: Fault) -> None:
    before, clocks = talk(session).reason, running(session)
    number = reject(session, case, fault)
    assert take_back(session, number, now=LATER) == case.conversation
    draft = session.get_one(Draft, case.draft)
    assert (draft.state, draft.reason, draft.version) == (DraftState.PENDING, "", 1)
    assert (talk(session).state, talk(session).reason) == (ConversationState.DRAFTED, before)
    assert (talk(session).closed_at, running(session)) == (None, clocks)
    session.flush()
    with pytest.raises(NotFound):
        take_back(session, number, now=LATER)
    assert reject(session, case, Fault.TONE) > 0


def test_not_when_the_customer_wrote_again(session: Session, case: Asked) -> None:
    number = reject(session, case, Fault.NO_ANSWER)
    customer_mail(session, LATER, conversation=case.conversation)
    with pytest.raises(Conflict, match="something newer"):
        take_back(session, number, now=LATER)


def test_not_when_another_answer_stands(session: Session, case: Asked) -> None:
    number = reject(session, case, Fault.OWN_WORDS)
    write_own(session, case.conversation, text="Mine", agent_id=case.agent, now=LATER)
    with pytest.raises(Conflict, match="another answer"):
        take_back(session, number, now=LATER)
