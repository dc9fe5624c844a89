"""Answers that come as mail to an address with a token."""

from datetime import date, datetime

import pytest
from sqlmodel import Session, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.feedback.by_mail import set_aside, take, take_answers, value_in, waiting_answers
from mailer.links import Link
from mailer.model import Conversation, ConversationState, Message, MessageState, Rating, Route, Suppression
from mailer.signing import Keys
from tests import build
from tests.feedback.build import bought, kinds


def answer(
    session: Session, now: datetime, keys: Keys, link: Link, *, subject: str = "4", words: str = "", purpose: str = ""
) -> int:
    """A mail as the intake leaves it: in a closed conversation of its own."""
    route = Route.UNSUBSCRIBE if (purpose or link.purpose) == "unsubscribe" else Route.RATING
    message = build.customer_mail(
        session, now, state=MessageState.RECEIVED, route=route, subject=subject, own_words=words, text=words,
        to_address=f"care+{purpose or link.purpose}-{link.token(keys)}@shop.test",
    )  # fmt: skip
    session.get_one(Conversation, message.conversation_id).state = ConversationState.CLOSED
    session.flush()
    return message.id or 0


def test_a_rating_is_taken_with_its_words(session: Session, now: datetime, keys: Keys) -> None:
    link = bought(session, now).link("rate", "satisfaction")
    number = answer(session, now, keys, link, subject="Re: 4 of 5", words="nice linen")
    assert waiting_answers(session, 9) == [number]
    take(session, [number], keys, now=now)
    rating = session.exec(select(Rating)).one()
    assert (rating.value, rating.comment, rating.channel, rating.suspected_robot) == (4, "nice linen", "mail", False)
    message = session.get_one(Message, number)
    assert message.state is MessageState.AUTOMATED
    assert session.get_one(Conversation, message.conversation_id).state is ConversationState.CLOSED
    assert waiting_answers(session, 9) == []
    take(session, [number], keys, now=now)
    assert kinds(session) == ["rating.received"]


def test_a_low_one_opens_a_conversation(session: Session, now: datetime, keys: Keys) -> None:
    link = bought(session, now).link("rate", "satisfaction")
    take(session, [answer(session, now, keys, link, subject="1", words="torn")], keys, now=now)
    open_now = select(Conversation).where(Conversation.state == ConversationState.NEEDS_PERSON)
    assert session.exec(open_now).one().reason == "rated 1 of 5: torn"


def test_a_goodbye_stops_its_stream(session: Session, now: datetime, keys: Keys) -> None:
    link = bought(session, now).way_out("marketing")
    take(session, [answer(session, now, keys, link, subject="unsubscribe")], keys, now=now)
    assert [one.stream.value for one in session.exec(select(Suppression))] == ["marketing"]
    assert kinds(session) == ["customer.opted_out"]


@pytest.mark.parametrize("case", ["expired", "forged", "no number", "other purpose"])
def test_what_cannot_be_taken_is_read_by_people(session: Session, now: datetime, keys: Keys, case: str) -> None:
    order = bought(session, now)
    last_day = date(2026, 1, 1) if case == "expired" else date(2027, 1, 1)
    link = order.link("rate", "satisfaction", last_day=last_day)
    signed = Keys((b"z" * 32,)) if case == "forged" else keys
    subject = "I have a question" if case == "no number" else "4"
    purpose = "unsubscribe" if case == "other purpose" else ""
    number = answer(session, now, signed, link, subject=subject, purpose=purpose)
    take(session, [number], keys, now=now)
    message = session.get_one(Message, number)
    assert (message.route, message.state) == (Route.TRIAGE, MessageState.RECEIVED)
    assert session.get_one(Conversation, message.conversation_id).state is ConversationState.NEEDS_ANSWER
    assert session.exec(select(Rating)).all() == []
    assert session.exec(select(Suppression)).all() == []
    assert kinds(session) == ["conversation.opened"]


def test_what_breaks_is_set_aside_for_people(session: Session, now: datetime, keys: Keys) -> None:
    number = answer(session, now, keys, bought(session, now).link("rate", "satisfaction"))
    set_aside(session, number, "ValueError: x")
    assert session.get_one(Message, number).error == "ValueError: x"
    assert waiting_answers(session, 9) == []


async def test_the_loop_takes_all_and_then_rests(db: Database, clock: FrozenClock, keys: Keys) -> None:
    def two(session: Session) -> None:
        for name in ("#1", "#2"):
            link = bought(session, clock.now(), number=name).link("rate", "satisfaction")
            answer(session, clock.now(), keys, link, subject="5")

    await db.run(two)
    assert await take_answers(db, clock, keys)
    assert not await take_answers(db, clock, keys)
    assert len(await db.read(lambda session: session.exec(select(Rating)).all())) == 2


@pytest.mark.parametrize(
    ("subject", "question", "value"),
    [
        ("4", "satisfaction", 4),
        ("Re: 4", "satisfaction", 4),
        ("Re: 4 of 5", "satisfaction", 4),
        ("AW: 5 von 5", "satisfaction", 5),
        ("3/5", "satisfaction", 3),
        ("10", "recommend", 10),
        ("0", "arrived", 0),
        ("4 or 5", "satisfaction", None),
        ("7", "satisfaction", None),
        ("order 1001", "satisfaction", None),
        ("", "satisfaction", None),
        ("4 stars for order 12345", "satisfaction", 4),
    ],
)
def test_the_value_in_a_subject(subject: str, question: str, value: int | None) -> None:
    assert value_in(subject, question) == value
