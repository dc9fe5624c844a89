"""Whoever is not the one sender on the order's address learns nothing of it: not a fact, not even that it exists."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from mailer.config import Shop
from mailer.db import Database
from mailer.model import (
    BY_WORDS,
    Conversation,
    Disclosure,
    Draft,
    Intent,
    Order,
    OrderLine,
    Product,
    Shipment,
)
from mailer.rendering.facts import Subject, read_facts
from mailer.rendering.shop_facts import sync_shop_facts
from mailer.replies.policy import speaks_of_orders
from tests import build

ANA = "anabel.quist@zandvoort.test"
INTENTS = [intent.value for intent in BY_WORDS if intent is not Intent.SPAM_SALES]
# How a mail may come that is not hers alone: its From addresses.
STRANGERS = {
    "another": ["eve@evil.test"],
    "hers first": [ANA, "eve@evil.test"],
    "hers last": ["eve@evil.test", ANA],
    "none": [],
    "look-alike": ["anabel.quist@zandvo0rt.test"],
    "plus": ["anabel.quist+x@zandvoort.test"],
}
# Told of every customer alike, or too short to tell anything.
COMMON = {"order.state", "order.currency", "order.payment_state", "order.country", "order.refund_state"}


@dataclass(frozen=True)
class Secret:
    """An order whose every value is recognised where it is read, and the product in it."""

    order: int
    product: int
    words: frozenset[str]


def secret(session: Session, now: datetime) -> Secret:
    """Anabel's order, the only one of the shop."""
    placed = now - timedelta(days=9)
    parcel = {
        **build.parcel(placed, "carrier_picked_up", "in_transit"),
        "tracking_company": "Quickgoose",
        "tracking_number": "QG8820031777",
        "tracking_url": "https://quickgoose.test/QG8820031777",
    }
    order = build.shop_order(
        session,
        now,
        name="#77431",
        email=ANA,
        customer={"id": "71", "first_name": "Anabel", "last_name": "Quist"},
        shipping_address={"name": "Anabel Quist", "country_code": "NL", "address1": "Havenstraat 9"},
        line_items=[
            {"id": "900", "title": "Zebrafell blanket", "variant_title": "Ochre", "quantity": 7, "sku": "ZB-7"}
        ],
        total_price="8431.17",
        customer_locale="nl",
        fulfillments=[parcel],
    )
    product = Product(sku="ZB-7", title="Zebrafell blanket", url="https://shop.test/zebrafell", changed_at=now)
    product.details = "Woven in Oaxaca"
    session.add(product)
    session.flush()
    return Secret(order, product.id or 0, words_of(session, order, now))


def words_of(session: Session, order: int, now: datetime) -> frozenset[str]:
    """Everything that our tables and facts hold of an order and that a reader would recognise."""
    facts = read_facts(session, Subject(order_id=order), now=now).facts
    about = ("order", "customer", "items", "parcels", "product")
    told = [
        str(one.value)
        for one in facts
        if one.path.split(".")[0] in about and one.path not in COMMON and not isinstance(one.value, bool)
    ]
    row = session.get_one(Order, order)
    lines = session.exec(select(OrderLine).where(OrderLine.order_id == order)).all()
    parcels = session.exec(select(Shipment).where(Shipment.order_id == order)).all()
    told += [row.number, row.number.strip("#"), row.email, row.customer_name, "Anabel", "Quist", "Havenstraat", "NL,"]
    told += [word for line in lines for word in (line.title, line.variant, line.sku)]
    told += [word for one in parcels for word in (one.carrier, one.tracking_number, one.tracking_url)]
    # Dates are told as a day; none of this order's is one that we promise.
    return frozenset(word.lower() for word in told if len(word) > 2 and not word.startswith("2026-"))


def asks(session: Session, now: datetime, intent: str, senders: list[str], order: int | None, **judged: object) -> int:
    """A mail with one wish; its conversation."""
    sender = next((one for one in senders if one != ANA), senders[0] if senders else "")
    names = {"order_numbers": ["#77431"], "unknown_number": None if order else "#77431"}
    mail = build.customer_mail(
        session, now, sender=sender, senders=senders, order=order, intent=intent, judged={**names, **judged}
    )
    return mail.conversation_id


def answers(session: Session, now: datetime, senders: list[str], *, known: bool) -> dict[str, tuple[object, ...]]:
    """What each intent gets from these senders: the draft, or why there is none. The order is there, or is not."""
    sync_shop_facts(session, Shop(name="Linen & Co"), now=now)
    hidden = secret(session, now) if known else None
    talks = {}
    for intent in INTENTS:
        mine = {} if speaks_freely(intent) else {"entities": {"product": "Zebrafell blanket", "size": "Ochre"}}
        if hidden and mine:
            mine["entities"]["product_ids"] = [hidden.product]  # type: ignore[assignment]
        talks[intent] = asks(session, now, intent, senders, hidden.order if hidden else None, **mine)
    while build.draft_all(session, now):
        pass
    return {intent: outcome(session, talk) for intent, talk in talks.items()}


def speaks_freely(intent: str) -> bool:
    """Whether the mail is about what the shop offers to anybody."""
    return not speaks_of_orders([intent])


def outcome(session: Session, talk: int) -> tuple[object, ...]:
    found = session.get_one(Conversation, talk)
    drafts = session.exec(select(Draft).where(Draft.conversation_id == talk)).all()
    return (found.state, found.reason, *((one.text, one.recipient, one.locale, one.before) for one in drafts))


@pytest.mark.parametrize("senders", STRANGERS.values(), ids=STRANGERS)
def test_no_word_to_a_stranger_names_anything_of_the_order(db: Database, now: datetime, senders: list[str]) -> None:
    db.run_here(answers, now, senders, known=True)
    order = db.read_here(lambda session: session.exec(select(Order.id)).one())
    words = db.read_here(words_of, order, now)
    assert {"#77431", "anabel", "zebrafell blanket (ochre)", "qg8820031777", "8431.17", "quickgoose"} <= words
    drafts = db.read_here(lambda session: session.exec(select(Draft)).all())
    assert len(drafts) >= len(INTENTS) // 2 or not senders
    for draft in drafts:
        text = draft.text.lower()
        assert [word for word in words if word in text] == [], draft.template
        assert (draft.order_id, draft.rests_on["order_id"], draft.rests_on["product_ids"]) == (None, None, [])
        assert draft.disclosure is Disclosure.NEUTRAL
        assert draft.recipient == next((one for one in senders if one != ANA), "")
        assert not [path for path in draft.facts if path.split(".")[0] in ("order", "customer", "items", "parcels")]


@pytest.mark.parametrize("senders", [["eve@evil.test"], [ANA, "eve@evil.test"]], ids=["another", "two"])
def test_an_order_of_somebody_else_s_is_answered_like_one_that_does_not_exist(
    db: Database, now: datetime, senders: list[str]
) -> None:
    """Not the words, not the language, not whether a person is asked tells the one from the other."""
    results = []
    for known in (True, False):
        with Session(db.engine) as session, session.begin() as transaction:
            results.append(answers(session, now, senders, known=known))
            transaction.rollback()
    there, nowhere = results
    for intent in INTENTS:
        assert there[intent] == nowhere[intent], intent


def test_the_owner_hears_all_of_it(db: Database, now: datetime) -> None:
    """The counterpart: the same words do find what is told, so the search above is no blind one."""

    def verb(session: Session) -> tuple[str, frozenset[str]]:
        hidden = secret(session, now)
        talk = asks(session, now, "order_status", [ANA], hidden.order)
        build.draft_all(session, now)
        return build.pending(session, talk).text.lower(), hidden.words

    text, words = db.run_here(verb)
    assert {"#77431", "anabel", "qg8820031777", "quickgoose"} <= {word for word in words if word in text}


def test_the_answer_goes_to_the_address_on_the_order_as_it_is_written_there(db: Database, now: datetime) -> None:
    def verb(session: Session) -> str:
        order = build.shop_order(session, now, email="ana@xn--mller-kva.test")
        mail = build.customer_mail(session, now, sender="ana@müller.test", order=order, reply_to="eve@evil.test")
        build.draft_all(session, now)
        return build.pending(session, mail.conversation_id).recipient

    assert db.run_here(verb) == "ana@xn--mller-kva.test"


def test_a_forged_wish_is_not_the_customer_s_because_a_later_mail_of_hers_is_true(db: Database, now: datetime) -> None:
    def verb(session: Session) -> Draft:
        order = build.shop_order(session, now)
        forged = build.customer_mail(session, now, order=order, intent="change_order", dmarc="none")
        build.customer_mail(session, now, order=order, conversation=forged.conversation_id, dmarc="pass")
        build.draft_all(session, now)
        return build.pending(session, forged.conversation_id)

    draft = db.run_here(verb)
    assert any("confirm_sender" in name for name in draft.made_from)
    assert not any("change_order" in name for name in draft.made_from)


def test_a_customer_who_names_another_s_order_is_answered_as_if_it_were_none(db: Database, now: datetime) -> None:
    """Else the numbers of other people's orders could be tried one by one."""

    def verb(session: Session, *, known: bool) -> tuple[str, Disclosure]:
        if known:
            secret(session, now)
        build.shop_order(session, now, name="#2", id="2", email="eve@evil.test")
        other = session.exec(select(Order.id).where(Order.number == "#77431" if known else Order.number == "#2")).one()
        judged = {"order_numbers": ["#77431"], "unknown_number": None if known else "#77431"}
        mail = build.customer_mail(session, now, sender="eve@evil.test", order=other, judged=judged)
        build.draft_all(session, now)
        draft = build.pending(session, mail.conversation_id)
        return draft.text, draft.disclosure

    results = []
    for known in (True, False):
        with Session(db.engine) as session, session.begin() as transaction:
            results.append(verb(session, known=known))
            transaction.rollback()
    assert results[0] == results[1]
    assert "#77431" in results[0][0]
    assert "#2" in results[0][0]
