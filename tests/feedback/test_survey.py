"""Ratings: the last of a day counts, later words stand beside it, and low ones open a conversation once."""

from datetime import datetime, timedelta
from itertools import accumulate

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from mailer.errors import InputError
from mailer.feedback.survey import Answer, is_low, rate, rating_of
from mailer.links import Link
from mailer.model import (
    Conversation,
    ConversationState,
    Draft,
    DraftState,
    Event,
    Message,
    Rating,
)
from mailer.outbound.open_matters import open_matters
from tests.feedback.build import ANA, Bought, bought, events, kinds

HOUR = timedelta(hours=1)


@pytest.fixture
def order(session: Session, now: datetime) -> Bought:
    return bought(session, now)


@pytest.fixture
def link(order: Bought) -> Link:
    return order.link("rate", "satisfaction")


def test_an_answer_is_kept_once_and_told(session: Session, now: datetime, order: Bought, link: Link) -> None:
    for _ in range(3):
        rate(session, link, Answer(4, "nice"), now=now)
    assert [(one.value, one.comment, one.address) for one in session.exec(select(Rating))] == [(4, "nice", ANA)]
    [event] = events(session)
    assert (event.kind, event.subject_kind, event.subject_id) == ("rating.received", "order", order.order)
    assert (event.order_id, event.address) == (order.order, ANA)
    told = {"question": "satisfaction", "value": 4, "enrollment_id": None, "suspected_robot": False}
    assert event.data == told


def test_within_a_day_the_last_one_counts_and_keeps_what_was_written(
    session: Session, now: datetime, link: Link
) -> None:
    rate(session, link, Answer(5, "first words"), now=now)
    rate(session, link, Answer(3), now=now + 23 * HOUR)
    found = rating_of(session, link)
    assert found is not None
    assert (found.value, found.comment, found.rated_at, found.changed_at) == (3, "first words", now, now + 23 * HOUR)


def test_later_ones_stand_beside_it(session: Session, now: datetime, link: Link) -> None:
    rate(session, link, Answer(5, "lovely"), now=now)
    for _ in range(2):
        found = rate(session, link, Answer(2, "it tore"), now=now + 48 * HOUR)
    assert found.value == 5
    assert found.comment == "lovely\n2026-11-24: 2, it tore"
    assert kinds(session) == ["rating.received"]


@pytest.mark.parametrize(("value", "low"), [(1, True), (2, True), (3, False), (5, False)])
def test_a_low_one_opens_a_conversation_whatever_else(
    session: Session, now: datetime, order: Bought, link: Link, value: int, low: bool
) -> None:
    rate(session, link, Answer(value, "hm"), now=now)
    talks = session.exec(select(Conversation)).all()
    assert len(talks) == int(low)
    assert ("rating.low" in kinds(session)) is low
    assert is_low("satisfaction", value) is low
    opened = "conversation.open" in open_matters(session, order_id=order.order, address=ANA)
    assert opened is low


def test_a_low_one_carries_what_an_agent_needs(session: Session, now: datetime, order: Bought, link: Link) -> None:
    rate(session, link, Answer(1, "torn <script>alert(1)</script>"), now=now)
    talk = session.exec(select(Conversation)).one()
    assert (talk.state, talk.order_id, talk.language) == (ConversationState.NEEDS_PERSON, order.order, "en")
    assert talk.reason == "rated 1 of 5: torn <script>alert(1)</script>"
    assert talk.subject == "Rating (#1001)"
    said = session.exec(select(Message)).one()
    assert (said.from_address, said.from_name, said.state.value) == (ANA, "Ana Cruz", "triaged")
    assert said.internet_message_id == ""
    assert said.warnings


def test_a_second_word_comes_into_the_same_conversation(session: Session, now: datetime, link: Link) -> None:
    rate(session, link, Answer(2), now=now)
    talk = session.exec(select(Conversation)).one()
    talk.state = ConversationState.WAITING
    session.flush()
    rate(session, link, Answer(1, "and it is torn"), now=now + HOUR)
    assert session.exec(select(Conversation)).one().state is ConversationState.NEEDS_PERSON
    assert [one.own_words for one in session.exec(select(Message))] == ["★★☆☆☆", "and it is torn"]
    assert [event.kind for event in events(session, "conversation.opened")] == ["conversation.opened"] * 2


def test_what_waits_there_is_overtaken(session: Session, now: datetime, link: Link) -> None:
    rate(session, link, Answer(2), now=now)
    talk, said = session.exec(select(Conversation)).one(), session.exec(select(Message)).one()
    draft = Draft(conversation_id=talk.id or 0, answers_id=said.id or 0, text="Sorry", created_at=now, updated_at=now)
    session.add(draft)
    talk.state = ConversationState.DRAFTED
    session.flush()
    rate(session, link, Answer(1, "worse"), now=now + HOUR)
    session.refresh(draft)
    assert (draft.state, draft.reason) == (DraftState.STALE, "the customer told us more")


def test_whoever_improves_their_rating_opens_nothing_more(session: Session, now: datetime, link: Link) -> None:
    rate(session, link, Answer(1), now=now)
    rate(session, link, Answer(5, "solved"), now=now + HOUR)
    assert len(session.exec(select(Message)).all()) == 1
    assert [event.data["value"] for event in events(session, "rating.received")] == [1, 5]


def test_a_person_clears_a_robots_mark_and_no_robot_sets_it_again(session: Session, now: datetime, link: Link) -> None:
    assert rate(session, link, Answer(5, suspected_robot=True), now=now).suspected_robot
    assert not rate(session, link, Answer(5), now=now + HOUR).suspected_robot
    assert not rate(session, link, Answer(4, suspected_robot=True), now=now + HOUR).suspected_robot


def test_a_survey_about_a_conversation(session: Session, now: datetime, order: Bought) -> None:
    talk = Conversation(customer_id=order.customer, state=ConversationState.CLOSED, language="de", created_at=now)
    talk.updated_at = now
    session.add(talk)
    session.flush()
    link = Link("rate", "conversation", talk.id or 0, order.customer, "satisfaction")
    rate(session, link, Answer(2), now=now)
    event = session.exec(select(Event).where(Event.kind == "rating.low")).one()
    assert (event.subject_kind, event.subject_id, event.order_id) == ("conversation", talk.id, None)
    opened = session.exec(select(Conversation).where(Conversation.id != talk.id)).one()
    assert opened.subject == "Rating"


@pytest.mark.parametrize(
    ("question", "value"), [("satisfaction", 0), ("satisfaction", 6), ("arrived", 2), ("review", 3)]
)
def test_what_answers_nothing_is_refused(
    session: Session, now: datetime, order: Bought, question: str, value: int
) -> None:
    with pytest.raises(InputError, match="is no answer"):
        rate(session, order.link("rate", question), Answer(value), now=now)


def test_a_marketplace_takes_no_ratings_from_us(session: Session, now: datetime) -> None:
    order = bought(session, now, number="#2", marketplace=True)
    with pytest.raises(InputError):
        rate(session, order.link("rate", "satisfaction"), Answer(5), now=now)


STEPS = st.lists(st.tuples(st.integers(1, 5), st.integers(0, 40)), min_size=1, max_size=8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(STEPS)
def test_whatever_comes_there_is_one_rating_of_the_first_day(
    session: Session, now: datetime, steps: list[tuple[int, int]]
) -> None:
    with session.begin_nested() as inner:
        link = bought(session, now).link("rate", "satisfaction")
        moments = list(accumulate((hours for _, hours in steps), initial=0))[1:]
        for (value, _), hours in zip(steps, moments, strict=True):
            rate(session, link, Answer(value), now=now + hours * HOUR)
        counted = [value for (value, _), hours in zip(steps, moments, strict=True) if hours - moments[0] <= 24]
        assert [one.value for one in session.exec(select(Rating))] == counted[-1:]
        inner.rollback()
