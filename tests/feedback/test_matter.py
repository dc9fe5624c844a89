"""What a person has to look at, in the house's other rooms: it is read, timed and answered like a mail."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from mailer.feedback.matter import Matter, open_matter
from mailer.feedback.subjects import subject_of
from mailer.model import Conversation, ConversationState, Customer, Order, ReplyClock
from mailer.replies.approve import write_own
from mailer.replies.due import start_missing
from mailer.replies.queue import Tab, counts, item, waiting
from tests import build
from tests.feedback.build import ANA, bought, events

MATTERS = ("rating", "arrived", "choice", "return")


def told(session: Session, now: datetime, *, key: str = "return:1", words: str = "too small") -> int:
    order = session.exec(select(Order)).first() or session.get_one(Order, bought(session, now, language="de").order)
    return open_matter(session, Matter(key, "return", ANA, order, f"needs a decision: {words}", words), now=now)


def test_it_stands_in_the_queue_with_its_clock(session: Session, now: datetime) -> None:
    number = told(session, now)
    assert counts(session)[Tab.NEEDS_PERSON] == 1
    [line] = waiting(session, Tab.NEEDS_PERSON)
    assert (line.conversation_id, line.subject, line.order_number) == (number, "Rücksendung (#1001)", "#1001")
    assert start_missing(session, build.CLOCKS, now=now + timedelta(minutes=2)) == 1
    clock = session.exec(select(ReplyClock)).one()
    assert (clock.conversation_id, clock.kind, clock.started_at) == (number, "first_answer", now)


def test_the_same_matter_comes_back_to_its_conversation_and_another_does_not(session: Session, now: datetime) -> None:
    first = told(session, now)
    assert told(session, now + timedelta(hours=1), words="and torn") == first
    assert told(session, now, key="return:11") != first
    assert [event.subject_id for event in events(session, "conversation.opened")][:2] == [first, first]


def test_a_closed_one_is_open_again(session: Session, now: datetime) -> None:
    number = told(session, now)
    talk = session.get_one(Conversation, number)
    talk.state, talk.closed_at = ConversationState.CLOSED, now
    told(session, now, words="still")
    assert talk.state is ConversationState.NEEDS_PERSON
    assert talk.closed_at is None


def test_an_agent_writes_to_the_address_of_the_order(session: Session, now: datetime) -> None:
    number = told(session, now)
    write_own(session, number, text="Hello", agent_id=build.agent(session, now), now=now)
    draft = item(session, number).draft
    assert draft is not None
    assert (draft.recipient, draft.recipient_name) == (ANA, "Ana Cruz")


def test_a_customer_that_nobody_knew_is_made_once(session: Session, now: datetime) -> None:
    order = session.get_one(Order, bought(session, now).order)
    order.email = "New@Customer.test"
    for key in ("return:1", "return:2"):
        open_matter(session, Matter(key, "return", order.email, order, "why", "words"), now=now)
    found = session.exec(select(Customer).where(Customer.address == "new@customer.test")).one()
    assert found.name == "Ana Cruz"


@pytest.mark.parametrize("language", ["en", "de-AT", "zh", "fr", "es", "it", "nl", "ja", "xx", None])
@pytest.mark.parametrize("matter", MATTERS)
def test_every_matter_has_a_subject_in_every_language(language: str | None, matter: str) -> None:
    subject = subject_of(matter, language, "#1001")
    assert subject.endswith(" (#1001)")
    english = subject_of(matter, "en", "#1001")
    assert (subject == english) is (language in ("en", "xx", None))
