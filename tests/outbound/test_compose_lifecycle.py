"""The bytes of a mail of a flow: a machine wrote it, everybody can be rid of it, and our own proofreading agrees."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.errors import InputError
from mailer.outbound.compose import LifecycleLetter, compose_lifecycle, feedback_id
from mailer.outbound.proofread import Meant, proofread

WRITTEN = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
TOKEN = "rcs2s-1a-3f-9x.k7q4m2p6r8t1v3w5y7z9b2d4f6"
PAGE = f"https://care.shop.example/unsubscribe/{TOKEN * 3}"
MAIL = f"mailto:care+unsubscribe-{TOKEN}@shop.example?subject=unsubscribe"
ALWAYS = {"Message-ID", "Date", "From", "To", "Subject", "MIME-Version", "Content-Type"}
AUTOMATIC = {"Auto-Submitted", "X-Auto-Response-Suppress", "X-Loop", "Feedback-ID"}


def letter(**changes: Any) -> LifecycleLetter:
    facts: dict[str, Any] = {
        "message_id": "<ours@shop.test>",
        "sender_address": "care@shop.test",
        "sender_name": "Linen & Co",
        "recipient": "ana@customer.test",
        "recipient_name": "Ana Costa",
        "subject": "Your order #1001 is on its way",
        "text": "Hello Ana,\n\nit is on its way. 您好\n",
        "html": "<p>Hello Ana,</p>\n",
        "written_at": WRITTEN,
        "kind": "transactional",
        "flow": "shipping_notice",
        "locale": "en",
        "shop_id": "linen",
        "unsubscribe": PAGE,
        "unsubscribe_mail": MAIL,
    }
    return LifecycleLetter(**{**facts, **changes})


def read(raw: bytes) -> EmailMessage:
    mail = message_from_bytes(raw, policy=default)
    assert isinstance(mail, EmailMessage)
    assert mail.defects == []
    return mail


def meant(one: LifecycleLetter) -> Meant:
    return Meant(one.message_id, one.recipient, one.subject, one.text, None, one.kind)


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("transactional", set()),
        ("feedback", {"List-Unsubscribe", "List-Unsubscribe-Post"}),
        ("marketing", {"List-Unsubscribe", "List-Unsubscribe-Post", "Precedence"}),
    ],
)
def test_each_kind_has_its_headers_and_no_others(kind: str, more: set[str]) -> None:
    one = letter(kind=kind)
    raw = compose_lifecycle(one)
    mail = read(raw)
    assert set(mail.keys()) == ALWAYS | AUTOMATIC | more
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["Feedback-ID"] == f"shipping_notice:{kind}:en:linen"
    assert mail["Subject"] == one.subject
    if more:
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    if kind == "marketing":
        assert mail["Precedence"] == "bulk"
    assert proofread(raw, meant(one)) == []


def test_a_long_way_out_stands_whole_on_the_wire() -> None:
    raw = compose_lifecycle(letter(kind="feedback"))
    assert f"List-Unsubscribe: <{PAGE}>,\r\n <{MAIL}>\r\n".encode() in raw
    only_mail = compose_lifecycle(letter(kind="feedback", unsubscribe=""))
    assert f"List-Unsubscribe: <{MAIL}>\r\n".encode() in only_mail
    assert b"List-Unsubscribe-Post" not in only_mail
    assert proofread(only_mail, meant(letter(kind="feedback"))) == []


@pytest.mark.parametrize("kind", ["feedback", "marketing"])
def test_nobody_has_to_bear_a_survey_or_an_offer(kind: str) -> None:
    with pytest.raises(InputError, match="needs a link to unsubscribe"):
        compose_lifecycle(letter(kind=kind, unsubscribe="", unsubscribe_mail=""))


@pytest.mark.parametrize(
    ("shop", "sent_as"),
    [
        ("linen", "linen"),
        ("main", "shop-main"),
        ("Linen & Co, Hamburg", "LinenCoHamburg"),
        ("", "shop-"),
        ("x" * 40, "x" * 15),
    ],
)
def test_the_shop_of_a_feedback_id_has_five_to_fifteen_letters(shop: str, sent_as: str) -> None:
    made = feedback_id(letter(shop_id=shop, flow="my flow", locale="pt-BR"))
    assert made == f"my-flow:transactional:pt-BR:{sent_as}"
    assert 5 <= len(made.split(":")[3]) <= 15


def test_a_notice_in_a_conversation_stands_in_its_thread() -> None:
    mail = read(compose_lifecycle(letter(in_reply_to="<asked@customer.test>", reference_ids=["<first@customer.test>"])))
    assert mail["In-Reply-To"] == "<asked@customer.test>"
    assert mail["References"].split() == ["<first@customer.test>", "<asked@customer.test>"]
    assert mail["Subject"] == "Your order #1001 is on its way"


@pytest.mark.parametrize(
    ("kind", "change", "said"),
    [
        ("transactional", (b"Auto-Submitted: auto-generated\r\n", b""), "it lacks the header auto-submitted"),
        ("feedback", (b"List-Unsubscribe: ", b"X-Other: "), "it lacks the header list-unsubscribe"),
        ("marketing", (b"Precedence: bulk\r\n", b""), "it lacks the header precedence"),
        ("transactional", (b"X-Loop", b"Precedence: bulk\r\nX-Loop"), "a header that we did not write: precedence"),
        ("transactional", (b"X-Loop", b"Bcc: a@b.test\r\nX-Loop"), "a header that we did not write: bcc"),
    ],
)
def test_what_is_missing_or_strange_is_found(kind: str, change: tuple[bytes, bytes], said: str) -> None:
    one = letter(kind=kind)
    problems = proofread(compose_lifecycle(one).replace(*change, 1), meant(one))
    assert any(said in problem for problem in problems), problems


def test_a_reply_has_no_business_with_these_headers() -> None:
    one = letter(kind="marketing")
    problems = proofread(compose_lifecycle(one), Meant(one.message_id, one.recipient, one.subject, one.text))
    assert {problem.rpartition(" ")[2] for problem in problems} == {
        *("feedback-id", "list-unsubscribe", "list-unsubscribe-post", "precedence"),
    }


@settings(max_examples=150, deadline=None)
@given(
    st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=400),
    st.text(max_size=60),
    st.text(max_size=40),
)
def test_whatever_is_said_arrives_as_it_was_said(text: str, subject: str, name: str) -> None:
    printable = "".join(char for char in text if char.isprintable() or char == "\n")
    one = letter(text=f"{printable}\n", subject="".join(c for c in subject if c.isprintable()), recipient_name=name)
    raw = compose_lifecycle(one)
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")
    body = read(raw).get_body(("plain",))
    assert body is not None
    assert str(body.get_content()).replace("\r\n", "\n").rstrip("\n") == one.text.rstrip("\n")
