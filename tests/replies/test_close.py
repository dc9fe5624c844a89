"""Conversations that nobody goes on with are closed, and flows hear of it."""

from datetime import timedelta

from sqlmodel import Session, select

from mailer.clock import FrozenClock
from mailer.model import Conversation, ConversationState, Event
from mailer.replies.close import close_answered
from tests.build import ANA, customer_mail, draft_all, shop_order

C = ConversationState
THREE_DAYS = timedelta(days=3)


def waiting(session: Session, clock: FrozenClock, state: C = C.WAITING) -> Conversation:
    order = shop_order(session, clock.now())
    talk = session.get_one(Conversation, customer_mail(session, clock.now(), order=order).conversation_id)
    talk.state = state
    session.flush()
    return talk


def test_what_waits_for_the_customer_long_enough_is_closed(session: Session, clock: FrozenClock) -> None:
    talk = waiting(session, clock)
    early, late = clock.now() + timedelta(days=2), clock.now() + THREE_DAYS
    assert close_answered(session, after=THREE_DAYS, now=early) == 0
    assert close_answered(session, after=THREE_DAYS, now=late) == 1
    assert close_answered(session, after=THREE_DAYS, now=late) == 0
    assert (talk.state, talk.closed_at, talk.reason) == (C.CLOSED, late, "no new mail within 3 d after our answer")
    [event] = session.exec(select(Event).where(Event.kind == "conversation.closed")).all()
    assert (event.subject_id, event.order_id, event.address) == (talk.id, talk.order_id, ANA)
    assert event.data == {"answered": True}


def test_what_waits_for_us_is_never_closed(session: Session, clock: FrozenClock) -> None:
    waiting(session, clock, C.NEEDS_PERSON)
    assert close_answered(session, after=THREE_DAYS, now=clock.now() + timedelta(days=90)) == 0


def test_a_conversation_that_was_opened_again_closes_again(session: Session, clock: FrozenClock) -> None:
    talk = waiting(session, clock)
    for days in (4, 9):
        talk.state = C.WAITING
        assert close_answered(session, after=THREE_DAYS, now=clock.now() + timedelta(days=days)) == 1
    assert len(session.exec(select(Event.id).where(Event.kind == "conversation.closed")).all()) == 2


def test_who_needs_no_answer_is_closed_as_not_answered(session: Session, clock: FrozenClock) -> None:
    customer_mail(session, clock.now(), intent="spam_sales")
    draft_all(session, clock.now())
    [talk] = session.exec(select(Conversation)).all()
    [event] = session.exec(select(Event).where(Event.kind == "conversation.closed")).all()
    assert (talk.state, talk.closed_at, event.data) == (C.CLOSED, clock.now(), {"answered": False})
