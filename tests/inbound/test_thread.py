"""A mail joins the conversation that it answers, and never one of another customer; a person joins and parts them."""

from datetime import UTC, datetime

import pytest
from sqlmodel import Session, select

from mailer.inbound.thread import Place, Rules, place_of, relay_key
from mailer.model import Conversation, Customer, Message
from mailer.signing import Keys
from tests import build

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
OTHER = "bo@customer.test"
RELAYS = ("marketplace.amazon.*", "members.ebay.*")
ALIAS = "a1b2c3@marketplace.amazon.de"


@pytest.fixture
def talks(session: Session) -> dict[str, Message]:
    """Two conversations of Ana and one of Bo, each begun by one mail."""
    return {
        "first": build.customer_mail(session, NOW, internet_message_id="<first@x>"),
        "second": build.customer_mail(session, NOW, internet_message_id="<second@x>"),
        "others": build.customer_mail(session, NOW, sender=OTHER, internet_message_id="<others@x>"),
    }


@pytest.mark.parametrize(
    ("in_reply_to", "references", "found"),
    [
        ("<first@x>", (), "first"),
        ("", ("<first@x>",), "first"),
        ("<gone@x>", ("<first@x>", "<gone@x>"), "first"),
        ("<first@x>", ("<second@x>",), "first"),
        ("", ("<first@x>", "<second@x>"), "second"),
        ("<second@x>", ("<first@x>", "<second@x>"), "second"),
        ("", (), None),
        ("<gone@x>", ("<never@x>",), None),
        ("<others@x>", (), None),
        ("<others@x>", ("<first@x>",), "first"),
    ],
)
def test_in_reply_to_is_asked_first_then_references_from_the_newest(
    session: Session, talks: dict[str, Message], in_reply_to: str, references: tuple[str, ...], found: str | None
) -> None:
    place = place_of(session, _customer(session, talks["first"]), in_reply_to, references)
    conversation = place.conversation
    assert (conversation.id if conversation else None) == (talks[found].conversation_id if found else None)


def test_one_message_id_in_two_conversations_is_told_apart_by_the_customer(session: Session) -> None:
    ana = build.customer_mail(session, NOW, internet_message_id="<same@x>")
    bo = build.customer_mail(session, NOW, sender=OTHER, internet_message_id="<same@x>")
    for mail in (ana, bo):
        assert _found(place_of(session, _customer(session, mail), "<same@x>", ())) == mail.conversation_id


def test_a_sender_who_takes_no_part_is_told_to_belong_possibly(session: Session, talks: dict[str, Message]) -> None:
    place = place_of(session, _customer(session, talks["others"]), "<first@x>", ())
    assert (place.conversation, place.possibly_of) == (None, talks["first"].conversation_id)


def test_whoever_wrote_in_a_conversation_takes_part_in_it(session: Session, talks: dict[str, Message]) -> None:
    talks["others"].conversation_id = talks["first"].conversation_id
    session.flush()
    bo = session.exec(select(Customer).where(Customer.address == OTHER)).one()
    assert _found(place_of(session, bo, "<first@x>", ())) == talks["first"].conversation_id


def test_our_identifier_counts_only_with_our_signature(session: Session, keys: Keys) -> None:
    case, delivery = build.approved(session, NOW)
    ours = session.get_one(Message, build.delivery(session, delivery).message_id)
    customer = session.get_one(Customer, build.conversation_of(session, case.conversation).customer_id)
    signed = Rules(keys=Keys((b"newer" * 8, *keys.keys)))
    assert _found(place_of(session, customer, ours.internet_message_id, (), rules=signed)) == case.conversation
    strangers = Rules(keys=Keys((b"stranger" * 4,)))
    assert place_of(session, customer, ours.internet_message_id, (), rules=strangers) == Place(None)


@pytest.mark.parametrize(
    ("address", "subject", "key"),
    [
        (ALIAS, "Order 302-1234567-7654321: where is it?", f"{ALIAS}|302-1234567-7654321"),
        ("order-302-1234567-7654321@marketplace.amazon.fr", "?", None),
        (
            "302-1234567-7654321@marketplace.amazon.fr",
            "?",
            "302-1234567-7654321@marketplace.amazon.fr|302-1234567-7654321",
        ),
        ("u_7@members.ebay.com", "Re: item 11-22333-44555", "u_7@members.ebay.com|11-22333-44555"),
        (ALIAS, "Where is my parcel?", None),
        ("ana@customer.test", "Order 302-1234567-7654321", None),
        (
            "ana@marketplace.amazon.evil.test.",
            "Order 302-1234567-7654321",
            "ana@marketplace.amazon.evil.test.|302-1234567-7654321",
        ),
    ],
)
def test_a_marketplaces_alias_with_an_order_number_is_a_key(address: str, subject: str, key: str | None) -> None:
    assert relay_key(address, subject, RELAYS) == key


def test_same_alias_and_same_order_are_one_conversation(session: Session) -> None:
    first = build.customer_mail(session, NOW, sender=ALIAS)
    known = session.get_one(Conversation, first.conversation_id)
    known.relay_key = relay_key(ALIAS, "Order 302-1234567-7654321", RELAYS)
    session.flush()
    rules = Rules(relays=RELAYS)
    buyer = _customer(session, first)
    again = place_of(session, buyer, "", (), subject="Re: Order 302-1234567-7654321", rules=rules)
    other = place_of(session, buyer, "", (), subject="Order 302-9999999-7654321", rules=rules)
    assert (_found(again), _found(other)) == (first.conversation_id, None)
    assert other.relay_key


def _found(place: Place) -> int | None:
    return place.conversation.id if place.conversation else None


def _customer(session: Session, mail: Message) -> Customer:
    return session.get_one(Customer, build.conversation_of(session, mail.conversation_id).customer_id)
