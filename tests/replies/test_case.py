"""What a conversation holds when it is drafted: all mails that wait, whose wishes they are, what we had asked."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from mailer.config import SenderConfig, Settings, Shop
from mailer.db import Database
from mailer.model import ConversationState, Draft, DraftState, Level, Message
from mailer.outbound.outcome import Accepted
from mailer.outbound.settle import settle
from mailer.replies.case import Case, House, case_of, templates_of
from mailer.signing import Keys
from tests import build

MINUTE = timedelta(minutes=1)


def case_in(session: Session, conversation: int, now: datetime) -> Case:
    found = case_of(session, build.conversation_of(session, conversation), build.HOUSE, now=now)
    assert found is not None
    return found


def answer(session: Session, conversation: int, now: datetime) -> tuple[Draft, str]:
    """Draft, approve and send what waits; the draft, and the Message-ID under which it went."""
    build.draft_all(session, now)
    draft = build.pending(session, conversation)
    person = build.agent(session, now)
    asked = build.Asked(0, 0, conversation, draft.id or 0, person)
    delivery = build.delivery(session, build.approve_again(session, asked, now))
    settle(session, delivery, Accepted("250"), now=now)
    session.flush()
    return draft, session.get_one(Message, delivery.message_id).internet_message_id


def test_all_mails_that_wait_are_one_case(db: Database, now: datetime) -> None:
    def verb(session: Session) -> Case:
        order = build.shop_order(session, now)
        first = build.customer_mail(
            session, now, order=order, intent="exchange", judged={"entities": {"size": "L", "colour": "red"}},
            files=[{"name": "a.jpg", "content_type": "image/jpeg", "size": 90_000}],
        )  # fmt: skip
        more: dict[str, Any] = {"conversation": first.conversation_id, "intent": "other", "dmarc": "pass"}
        build.customer_mail(session, now + MINUTE, judged={"entities": {"size": "M"}}, **more)
        return case_in(session, first.conversation_id, now)

    case = db.run_here(verb)
    assert case.intents == ("other", "exchange")
    assert case.received_at == now
    assert (case.values["asked.size"], case.values["asked.colour"]) == ("M", "red")
    assert case.values["asked.has_photo"] is True
    assert case.subject.order_id is not None


def test_what_was_answered_waits_no_more(db: Database, now: datetime) -> None:
    def verb(session: Session) -> Case:
        order = build.shop_order(session, now)
        first = build.customer_mail(session, now, order=order)
        answer(session, first.conversation_id, now)
        build.customer_mail(session, now + MINUTE, conversation=first.conversation_id, intent="invoice")
        return case_in(session, first.conversation_id, now)

    case = db.run_here(verb)
    assert case.intents == ("invoice",)
    assert case.subject.order_id is not None


@pytest.mark.parametrize(
    ("facts", "sure"),
    [
        ({"in_reply_to": "ours"}, ["cancel_order"]),
        ({"dmarc": "pass"}, ["cancel_order"]),
        ({}, ["cancel_order"]),
    ],
    ids=["answers our mail", "its domain vouches", "nothing"],
)
def test_a_yes_to_our_question_takes_up_the_wish_before_it(
    db: Database, now: datetime, facts: dict[str, str], sure: list[str]
) -> None:
    def verb(session: Session) -> tuple[Draft, Case]:
        order = build.shop_order(session, now)
        first = build.customer_mail(session, now, order=order, intent="cancel_order")
        asking, identifier = answer(session, first.conversation_id, now)
        told = {name: identifier if value == "ours" else value for name, value in facts.items()}
        build.customer_mail(
            session, now + MINUTE, conversation=first.conversation_id, order=order, intent="other", **told
        )
        return asking, case_in(session, first.conversation_id, now)

    asking, case = db.run_here(verb)
    assert templates_of(asking) == {"confirm_sender"}
    assert asking.asks
    assert [wish.intent for wish in case.asked.sure] == sure
    assert case.asked.sure[0].confirmed is bool(facts)
    assert "we had asked" in case.note


def test_a_number_sent_after_our_question_is_about_the_wish_before_it(db: Database, now: datetime) -> None:
    def verb(session: Session) -> Draft:
        first = build.customer_mail(session, now)
        asking, _ = answer(session, first.conversation_id, now)
        assert templates_of(asking) == {"order_unknown"}
        order = build.shop_order(session, now)
        build.customer_mail(session, now + MINUTE, conversation=first.conversation_id, order=order, level=Level.LOW)
        build.draft_all(session, now + MINUTE)
        return build.pending(session, first.conversation_id)

    draft = db.run_here(verb)
    assert (templates_of(draft), draft.intents) == ({"order_status"}, ["order_status"])


def test_asked_once_and_answered_without_an_order_a_person_looks(db: Database, now: datetime) -> None:
    def verb(session: Session) -> int:
        first = build.customer_mail(session, now)
        answer(session, first.conversation_id, now)
        build.customer_mail(session, now + MINUTE, conversation=first.conversation_id)
        build.draft_all(session, now + MINUTE)
        return first.conversation_id

    found = db.read_here(build.conversation_of, db.run_here(verb))
    assert found.state == ConversationState.NEEDS_PERSON
    assert "asked for the order already" in found.reason


@pytest.mark.parametrize(
    ("own", "order_language", "shop", "chain"),
    [
        ("de", "fr", "es", ("de", "fr", "es", "en")),
        (None, "fr", "es", ("fr", "es", "en")),
        (None, None, "es", ("es", "en")),
        ("en", None, "en", ("en",)),
    ],
)
def test_the_language_is_the_mail_s_then_the_order_s_then_the_shop_s(
    db: Database, now: datetime, own: str | None, order_language: str | None, shop: str, chain: tuple[str, ...]
) -> None:
    def verb(session: Session) -> tuple[str, ...]:
        order = build.shop_order(session, now, customer_locale=order_language)
        mail = build.customer_mail(session, now, order=order, judged={"language": own})
        talk = build.conversation_of(session, mail.conversation_id)
        house = House("Linen & Co", shop, build.CLOCKS)
        case = case_of(session, talk, house, now=now)
        assert case is not None
        assert case.subject.language == chain[0]
        return case.languages

    assert db.run_here(verb) == chain


def test_a_second_order_of_the_sender_s_is_told_to_the_agent(db: Database, now: datetime) -> None:
    def verb(session: Session) -> str:
        one = build.shop_order(session, now)
        other = build.shop_order(session, now, name="#1002", id="5002")
        first = build.customer_mail(session, now, order=one)
        build.customer_mail(session, now + MINUTE, order=other, conversation=first.conversation_id)
        return case_in(session, first.conversation_id, now).note

    assert db.run_here(verb) == "the mails are also about #1001; this answers for #1002 only"


def test_what_a_person_wrote_is_never_drafted_over(db: Database, now: datetime) -> None:
    """Not even when somebody corrects what the mail wants: the words stay, one click away."""

    def verb(session: Session) -> list[Draft]:
        from mailer.replies.approve import edit
        from mailer.triage.learn import correct

        case = build.asked(session, now)
        edit(session, case.draft, version=1, text="Mine.", agent_id=case.agent, now=now)
        correct(session, case.mail, "invoice", case.agent, now=now + MINUTE)
        build.draft_all(session, now + MINUTE)
        return build.drafts(session, case.conversation)

    old, new = db.run_here(verb)
    assert (old.text, old.state, old.reason) == ("Mine.\n", DraftState.STALE, "it was drafted anew")
    assert (new.state, new.intents) == (DraftState.PENDING, ["invoice"])


def test_the_house_comes_from_config(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILER_CONFIG", "nowhere.toml")
    settings = Settings(
        shop=Shop(name="Linen & Co", language="de"),
        senders={"care": SenderConfig(address="care@shop.test", name="Mia")},
        outbound={"host": "127.0.0.1"},
    )
    house = House.of(settings, Keys((b"k" * 32,)))
    assert (house.name, house.language, house.agent) == ("Linen & Co", "de", "Mia")
    assert house.keys is not None


def test_the_country_that_is_asked_about_decides_over_the_order_s(db: Database, now: datetime) -> None:
    def verb(session: Session) -> Case:
        order = build.shop_order(session, now)
        words = {"own_words": "Do you also ship to Norway?", "intent": "shipping_question"}
        mail = build.customer_mail(session, now, order=order, **words)
        return case_in(session, mail.conversation_id, now)

    case = db.run_here(verb)
    assert (case.values["asked.country"], case.subject.country) == ("NO", "NO")
