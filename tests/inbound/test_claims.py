"""Answers by link and orders by mail: proven, out of the way of customers' mail, and never lost."""

import json
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from mailer.config import Inbound, Settings
from mailer.inbound.authenticity import Ourselves
from mailer.inbound.order_block import sign_block
from mailer.inbound.parse import parse
from mailer.inbound.receive import Letter, _not_our_own, receive
from mailer.inbound.thread import Rules
from mailer.links import Link
from mailer.model import (
    Blob,
    Conversation,
    ConversationState,
    Event,
    Message,
    MessageState,
    PayloadState,
    RawMail,
    RawMailState,
    Refusal,
    Route,
    SourcePayload,
)
from mailer.signing import Keys
from mailer.sources_config import SourceConfig
from tests import build

OWN = frozenset({"care@shop.test"})
RULES = Rules(keys=build.KEYS, order_secrets={"shop": ("new", "s3cret")})
RATE = Link("rate", "order", 17, 3, "satisfaction", 9)
ORDER = json.dumps({"name": "#1001", "email": "ana@customer.test", "created_at": "2026-11-20T09:00:00Z"}).encode()


def arrive(session: Session, now: datetime, raw: bytes, *, history: bool = False) -> RawMail:
    """Store a mail and read it; what became of its bytes."""
    count = len(session.exec(select(RawMail.id)).all())
    number = build.raw_mail(session, now, raw, uid=count + 1)
    stored = session.get_one(RawMail, number)
    stored.history = history
    mail = _not_our_own(parse(raw, Ourselves(OWN)), OWN)
    receive(session, [Letter(number, mail)], now=now, rules=RULES)
    return stored


def messages(session: Session) -> list[Message]:
    return list(session.exec(select(Message).order_by(col(Message.id))))


def address(link: Link, purpose: str = "", keys: Keys = build.KEYS) -> str:
    return f"care+{purpose or link.purpose}-{link.token(keys)}@shop.test"


def order_mail(payload: bytes = ORDER, secret: str = "s3cret", source: str = "shop", **headers: str) -> bytes:
    told = {
        "From": "Linen & Co <store@platform.test>",
        "Subject": "[Linen & Co] Order #1001 placed",
        "Auto_Submitted": "auto-generated",
        "Message_ID": f"<{len(payload)}.{secret}@platform.test>",
    }
    return build.mail_bytes(f"A new order\r\n{sign_block(source, payload, secret)}", **{**told, **headers})


@pytest.mark.parametrize(
    ("link", "route"),
    [(RATE, Route.RATING), (Link("unsubscribe", "customer", 3, 3, "feedback"), Route.UNSUBSCRIBE)],
)
def test_an_answer_by_link_waits_for_its_room(session: Session, now: datetime, link: Link, route: Route) -> None:
    arrive(session, now, build.mail_bytes("very nice", To=address(link), Subject="5"))
    (message,) = messages(session)
    assert (message.route, message.state) == (route, MessageState.RECEIVED)
    assert (message.to_address, message.subject, message.own_words) == (address(link), "5", "very nice")
    conversation = session.get_one(Conversation, message.conversation_id)
    assert conversation.state == ConversationState.CLOSED
    assert "by link" in conversation.reason
    assert session.exec(select(Event)).all() == []


@pytest.mark.parametrize(
    ("to", "defect"),
    [
        (address(RATE, keys=Keys((b"x" * 32,))), "not ours"),
        (address(RATE, "unsubscribe"), "not ours"),
        ("care+rate-nonsense@shop.test", "not ours"),
        (address(replace(RATE, last_day=date(2026, 1, 1))), "time is over"),
    ],
    ids=["forged", "for something else", "nonsense", "expired"],
)
def test_what_no_link_of_ours_says_is_a_customers_mail(session: Session, now: datetime, to: str, defect: str) -> None:
    arrive(session, now, build.mail_bytes("5", To=to, Subject="5"))
    (message,) = messages(session)
    assert (message.route, message.state, message.to_address) == (Route.TRIAGE, MessageState.RECEIVED, "")
    assert any(defect in one for one in message.defects)
    assert session.get_one(Conversation, message.conversation_id).state == ConversationState.NEEDS_ANSWER


def test_an_answer_by_link_never_wakes_what_it_names(session: Session, now: datetime) -> None:
    arrive(session, now, build.mail_bytes("Where is it?"))
    (first,) = messages(session)
    session.get_one(Conversation, first.conversation_id).state = ConversationState.WAITING
    session.flush()
    named = {"In_Reply_To": first.internet_message_id, "Message_ID": "<two@customer.test>"}
    arrive(session, now, build.mail_bytes("5", To=address(RATE), Subject="5", **named))
    assert session.get_one(Conversation, first.conversation_id).state == ConversationState.WAITING
    assert len({message.conversation_id for message in messages(session)}) == 2


@pytest.mark.parametrize(
    "headers",
    [{}, {"From": "care@shop.test"}, {"Auto_Submitted": ""}],
    ids=["of the platform", "in our name", "unmarked"],
)
def test_a_signed_order_is_kept_for_the_orders_room(session: Session, now: datetime, headers: dict[str, str]) -> None:
    stored = arrive(session, now, order_mail(**headers))
    assert stored.state == RawMailState.RECEIVED
    (message,) = messages(session)
    assert (message.route, message.state) == (Route.ORDER, MessageState.AUTOMATED)
    conversation = session.get_one(Conversation, message.conversation_id)
    assert (conversation.state, conversation.reason) == (
        ConversationState.CLOSED,
        "an order of the shop, read by a machine",
    )
    payload = session.exec(select(SourcePayload)).one()
    assert (payload.source, payload.kind, payload.state) == ("shop", "mail", PayloadState.STORED)
    assert session.get_one(Blob, payload.sha256).unpack() == ORDER


def test_an_old_secret_holds_beside_the_new(session: Session, now: datetime) -> None:
    arrive(session, now, order_mail(secret="new"))
    arrive(session, now, order_mail(ORDER + b" ", secret="s3cret"))
    assert len(session.exec(select(SourcePayload)).all()) == 2


def test_the_same_order_in_two_mails_is_told_once(session: Session, now: datetime) -> None:
    for number in range(3):
        arrive(session, now, order_mail(Message_ID=f"<{number}@platform.test>"))
    assert len(session.exec(select(SourcePayload)).all()) == 1
    assert {message.route for message in messages(session)} == {Route.ORDER}


def test_a_customer_who_sends_the_block_on_is_heard(session: Session, now: datetime) -> None:
    """Some mail programs forward without a sign of it: the shop's mail came first, so this one is the customer's."""
    arrive(session, now, order_mail())
    forwarded = {
        "From": build.ANA,
        "Subject": "Where is this?",
        "Auto_Submitted": "",
        "Message_ID": "<x@customer.test>",
    }
    arrive(session, now, order_mail(**forwarded))
    message = messages(session)[-1]
    assert (message.route, message.state) == (Route.TRIAGE, MessageState.RECEIVED)
    assert "it quotes an order mail of the shop" in message.defects
    assert session.get_one(Conversation, message.conversation_id).state == ConversationState.NEEDS_ANSWER


@pytest.mark.parametrize(
    ("mail", "error", "reason"),
    [
        (order_mail(secret="forged"), "signature is not that of [sources.shop]", "wrong signature of an order mail"),
        (order_mail(source="other"), "there is no [sources.other]", "an order mail of no such source"),
    ],
)
def test_what_the_shop_did_not_sign_is_in_quarantine(
    session: Session, now: datetime, mail: bytes, error: str, reason: str
) -> None:
    stored = arrive(session, now, mail)
    assert stored.state == RawMailState.QUARANTINED
    assert error in (stored.error or "")
    assert messages(session) == []
    assert session.exec(select(SourcePayload)).all() == []
    arrive(session, now + timedelta(hours=1), mail)
    refusal = session.exec(select(Refusal).execution_options(populate_existing=True)).one()
    assert (refusal.reason, refusal.count) == (reason, 2)
    assert (refusal.first_at, refusal.last_at) == (now, now + timedelta(hours=1))


def test_history_is_no_order_and_no_answer(session: Session, now: datetime) -> None:
    arrive(session, now, order_mail(), history=True)
    arrive(session, now, build.mail_bytes("5", To=address(RATE), Subject="5"), history=True)
    assert session.exec(select(SourcePayload)).all() == []
    assert messages(session)[-1].state == MessageState.FILED


def test_settings_say_which_secrets_sign_orders() -> None:
    sources = {
        "shop": SourceConfig.model_validate({"kind": "mail", "secrets": "one"}),
        "hook": SourceConfig.model_validate({"kind": "shopify", "secrets": "two"}),
    }
    settings = Settings.model_construct(sources=sources, inbound=Inbound(relays=("members.ebay.*",)))
    rules = Rules.of(settings, build.KEYS)
    assert (rules.order_secrets, rules.relays) == ({"shop": ("one",)}, ("members.ebay.*",))
