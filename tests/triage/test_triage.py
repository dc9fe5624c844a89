"""What was received is judged once, with its order and the evidence; what cannot be judged goes to a person."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import (
    Classification,
    Conversation,
    ConversationState,
    Level,
    Message,
    MessageState,
    Product,
    Route,
)
from mailer.triage.classifier import Judgement, OrderView
from mailer.triage.phrases import PhraseClassifier
from mailer.triage.triage import received, triage, triage_received
from tests import build

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
SHIPPED = PhraseClassifier.shipped()


def wrote(session: Session, words: str, *, subject: str = "My order", **facts: object) -> int:
    mail = build.customer_mail(session, NOW, state=MessageState.RECEIVED, subject=subject, own_words=words, **facts)
    return mail.id or 0


def judged(session: Session, words: str, **facts: object) -> Classification:
    mail = wrote(session, words, **facts)
    triage(session, [mail], SHIPPED, now=NOW)
    session.flush()
    return session.exec(select(Classification).where(Classification.message_id == mail)).one()


def test_a_mail_that_names_its_order_is_judged_with_its_evidence(session: Session) -> None:
    order = build.shop_order(session, NOW)
    found = judged(session, "Where is my order #1001?")
    assert (found.intent, found.level, found.classifier) == ("order_status", Level.HIGH, "phrases")
    assert found.evidence == ["where is my order"]
    assert (found.order_numbers, found.order_id, found.unknown_number) == (["1001"], order, None)
    message = session.get_one(Message, found.message_id)
    assert message.state == MessageState.TRIAGED
    assert build.conversation_of(session, message.conversation_id).order_id == order


def test_everything_that_a_mail_tells_is_kept(session: Session) -> None:
    build.shop_order(session, NOW)
    words = "Please cancel my order #1001! I paid 59.00 EUR for size M on 3 November 2026. And where is my refund?"
    found = judged(session, f"{words} Parcel RB123456785GB.")
    assert [wish["intent"] for wish in found.intents][:2] == ["cancel_order", "refund_status"]
    assert found.intents[0].keys() == {"intent", "confidence", "level", "evidence"}
    assert len(found.top) == 3
    assert (found.language, found.urgency, found.tracking_number) == ("en", "high", "RB123456785GB")
    assert found.entities == {"size": "M", "amounts": ["59.00 EUR"], "dates": ["3 November 2026"]}


@pytest.mark.parametrize(
    ("words", "language", "known", "kept"),
    [
        ("Wo ist mein Paket?", "de", None, "de"),
        ("Wo ist mein Paket?", "de", "en", "de"),
        ("#1001", None, "de", "de"),
        ("#1001", None, None, None),
    ],
)
def test_a_conversation_speaks_its_newest_mails_language(
    session: Session, words: str, language: str | None, known: str | None, kept: str | None
) -> None:
    mail = build.customer_mail(session, NOW, state=MessageState.RECEIVED, subject="", own_words=words)
    talk = session.get_one(Conversation, mail.conversation_id)
    talk.language = known
    triage(session, [mail.id or 0], SHIPPED, now=NOW)
    found = session.exec(select(Classification).where(Classification.message_id == mail.id)).one()
    assert (found.language, talk.language) == (language, kept)


def test_a_product_is_named_by_the_mail_and_not_by_the_order(session: Session) -> None:
    build.shop_order(session, NOW)
    ids = [build_product(session, sku, title) for sku, title in (("LS-1", "Linen shirt"), ("V-1", "Glass vase"))]
    assert judged(session, "The glass vase of order #1001 came broken").entities["product_ids"] == ids[1:]
    assert "product_ids" not in judged(session, "Where is my order #1001?").entities


def build_product(session: Session, sku: str, title: str) -> int:
    product = Product(sku=sku, title=title, changed_at=NOW)
    session.add(product)
    session.flush()
    return product.id or 0


@pytest.mark.parametrize(("sender", "intent"), [(build.ANA, "delivery_delay"), ("stranger@x.test", "order_status")])
def test_the_order_speaks_only_for_its_own_customer(session: Session, sender: str, intent: str) -> None:
    shipped = NOW - timedelta(days=20)
    build.shop_order(session, NOW, fulfillments=[build.parcel(shipped)])
    assert judged(session, "Where is my order #1001?", sender=sender).intent == intent


def test_an_unknown_number_is_noted_and_the_senders_own_order_taken(session: Session) -> None:
    order = build.shop_order(session, NOW)
    found = judged(session, "Where is my order #9999?")
    assert (found.order_id, found.unknown_number) == (order, "9999")


def test_a_number_that_nobody_called_an_order_number_is_not_noted(session: Session) -> None:
    order = build.shop_order(session, NOW)
    found = judged(session, "Where is my order? My phone number 01715550000, tracking number 123456789012.")
    assert (found.order_id, found.unknown_number) == (order, None)


def test_a_year_that_is_anothers_order_number_does_not_hide_the_senders_own(session: Session) -> None:
    own = build.shop_order(session, NOW)
    build.shop_order(session, NOW, id="6", name="#2026", email="bo@customer.test", fulfillments=[])
    assert judged(session, "I ordered on 3 November 2026. Where is my order?").order_id == own


def test_a_later_mail_without_a_number_is_about_the_order_of_its_conversation(session: Session) -> None:
    first = build.shop_order(session, NOW)
    build.shop_order(session, NOW, id="7", name="#1007", fulfillments=[])
    talk = session.get_one(Message, judged(session, "Where is my order #1001?").message_id).conversation_id
    assert judged(session, "And where is it now?", conversation=talk).order_id == first


def test_a_later_mail_that_names_another_order_changes_the_conversation(session: Session) -> None:
    build.shop_order(session, NOW)
    second = build.shop_order(session, NOW, id="7", name="#1007", fulfillments=[])
    talk = session.get_one(Message, judged(session, "Where is my order #1001?").message_id).conversation_id
    assert judged(session, "Sorry, order 1007.", conversation=talk).order_id == second
    assert build.conversation_of(session, talk).order_id == second


def test_a_mail_is_judged_once(session: Session) -> None:
    mail = wrote(session, "Where is my order?")
    for _ in range(2):
        triage(session, [mail, mail], SHIPPED, now=NOW)
    session.flush()
    assert len(session.exec(select(Classification)).all()) == 1


def test_only_received_mails_of_people_wait_and_the_oldest_is_first(session: Session) -> None:
    first = wrote(session, "one")
    second = wrote(session, "two")
    wrote(session, "bounce", route=Route.BOUNCE)
    wrote(session, "broken", error="ValueError: a bug")
    build.customer_mail(session, NOW)
    build.customer_mail(session, NOW, state=MessageState.AUTOMATED, route=Route.NONE)
    assert received(session, 10) == [first, second]
    assert received(session, 1) == [first]


class Breaking:
    """A classifier with a bug."""

    name = "breaking"

    def classify(self, subject: str, own_words: str, language: str, order: OrderView | None) -> Judgement:
        if "break" in own_words:
            raise ZeroDivisionError("a bug")
        return SHIPPED.classify(subject, own_words, language, order)


async def test_a_mail_that_breaks_the_classifier_goes_to_a_person_and_the_others_are_judged(
    db: Database, clock: FrozenClock
) -> None:
    ids = await db.run(lambda session: [wrote(session, words) for words in ("fine", "break", "Where is my order?")])
    assert await triage_received(db, clock, Breaking())
    assert not await triage_received(db, clock, Breaking())

    def look(session: Session) -> list[tuple[MessageState, str | None, ConversationState, str]]:
        messages = [session.get_one(Message, one) for one in ids]
        talks = [build.conversation_of(session, message.conversation_id) for message in messages]
        return [(m.state, m.error, talk.state, talk.reason) for m, talk in zip(messages, talks, strict=True)]

    fine, broken, asked = await db.read(look)
    assert fine[0] == asked[0] == MessageState.TRIAGED
    assert broken[:2] == (MessageState.RECEIVED, "ZeroDivisionError: a bug")
    assert broken[2:] == (ConversationState.NEEDS_PERSON, "triage failed: ZeroDivisionError: a bug")


@pytest.mark.parametrize("workers", [2, 4])
async def test_many_workers_judge_each_mail_once(db: Database, clock: FrozenClock, workers: int) -> None:
    await db.run(lambda session: [wrote(session, f"Where is my order {number}?") for number in range(20)])
    await asyncio.gather(*(triage_received(db, clock, SHIPPED) for _ in range(workers)))
    while await triage_received(db, clock, SHIPPED):
        pass
    assert len(await db.read(lambda session: session.exec(select(Classification.id)).all())) == 20
