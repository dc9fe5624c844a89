"""A mail joins the conversation that it answers, and never one of another customer."""

from datetime import UTC, datetime

import pytest
from sqlmodel import Session

from mailer.inbound.thread import find_conversation
from mailer.model import Message
from tests import build

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
OTHER = "bo@customer.test"


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
    customer = _customer(session, talks["first"])
    conversation = find_conversation(session, customer, in_reply_to, references)
    assert (conversation.id if conversation else None) == (talks[found].conversation_id if found else None)


def test_one_message_id_in_two_conversations_is_told_apart_by_the_customer(session: Session) -> None:
    ana = build.customer_mail(session, NOW, internet_message_id="<same@x>")
    bo = build.customer_mail(session, NOW, sender=OTHER, internet_message_id="<same@x>")
    for mail in (ana, bo):
        found = find_conversation(session, _customer(session, mail), "<same@x>", ())
        assert found is not None
        assert found.id == mail.conversation_id


def _customer(session: Session, mail: Message) -> int:
    return build.conversation_of(session, mail.conversation_id).customer_id
