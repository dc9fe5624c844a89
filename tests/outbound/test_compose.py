"""The bytes of a reply: in the right thread, in seven bits, and nobody's header but ours."""

import email.headerregistry
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mailer.errors import InputError
from mailer.outbound.compose import Letter, compose, references, reply_subject

WRITTEN = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
OUTLOOKS = "<AM0PR04MB5412A1B2C3D4E5F60718293A4B5C6D7E8F90@AM0PR04MB5412.eurprd04.prod.outlook.com>"


def letter(**changes: Any) -> Letter:
    facts: dict[str, Any] = {
        "message_id": "<ours@shop.test>",
        "sender_address": "care@shop.test",
        "sender_name": "Linen & Co",
        "recipient": "ana@customer.test",
        "recipient_name": "Ana Costa",
        "subject": "Where is my order?",
        "text": "Hello Ana,\n\nit is on its way.\n",
        "html": "<p>Hello Ana,</p>\n",
        "in_reply_to": "<asked@customer.test>",
        "reference_ids": [],
        "written_at": WRITTEN,
    }
    return Letter(**{**facts, **changes})


def read(raw: bytes) -> EmailMessage:
    mail = message_from_bytes(raw, policy=default)
    assert isinstance(mail, EmailMessage)
    assert mail.defects == []
    return mail


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def lone_addresses(mail: EmailMessage, name: str) -> list[tuple[str, str]]:
    header = mail[name]
    assert isinstance(header, email.headerregistry.AddressHeader)
    return [(one.display_name, one.addr_spec) for one in header.addresses]


def test_a_reply_stands_in_the_thread_as_mail_programs_see_it() -> None:
    mail = read(compose(letter(reference_ids=["<first@customer.test>", "<ours.1@shop.test>"])))
    assert mail["Message-ID"] == "<ours@shop.test>"
    assert mail["In-Reply-To"] == "<asked@customer.test>"
    assert mail["References"] == "<first@customer.test> <ours.1@shop.test> <asked@customer.test>"
    assert mail["Subject"] == "Re: Where is my order?"
    assert mail["Date"].datetime == WRITTEN


def test_text_and_html_are_the_same_mail_twice() -> None:
    mail = read(compose(letter()))
    assert mail.get_content_type() == "multipart/alternative"
    assert part(mail, "plain") == "Hello Ana,\n\nit is on its way.\n"
    assert part(mail, "html") == "<p>Hello Ana,</p>\n"


@pytest.mark.parametrize("length", [1, 60, 200, 490])
def test_a_long_identifier_is_written_whole(length: int) -> None:
    known, answered = f"<{'a' * length}@customer.test>", f"<{'b' * length}@customer.test>"
    raw = compose(letter(reference_ids=[known], in_reply_to=answered))
    assert raw.count(known.encode()) == 1
    assert raw.count(answered.encode()) == 2
    assert b"=?" not in raw.split(b"MIME-Version")[0]


def test_outlook_finds_its_own_identifier() -> None:
    mail = read(compose(letter(reference_ids=[OUTLOOKS] * 3, in_reply_to=OUTLOOKS)))
    assert mail["In-Reply-To"] == mail["References"] == OUTLOOKS


def test_an_identifier_that_looks_like_an_encoded_word_is_no_way_in() -> None:
    odd = "<=?utf-8?q?x=0D=0ABcc:_all@evil.test?=>"
    raw = compose(letter(in_reply_to=odd, reference_ids=[odd, odd.upper()]))
    assert f"\r\nIn-Reply-To: {odd}\r\nReferences: {odd.upper()}\r\n {odd}\r\n".encode() in raw


@pytest.mark.parametrize("identifier", ["<ü@customer.test>", "<a\x00b@customer.test>", ""])
def test_an_identifier_that_cannot_be_written_in_seven_bits_is_left_out(identifier: str) -> None:
    mail = read(compose(letter(in_reply_to=identifier, reference_ids=["<first@customer.test>", identifier])))
    assert mail["In-Reply-To"] is None
    assert mail["References"] == "<first@customer.test>"


@pytest.mark.parametrize(
    ("subject", "ours"),
    [
        ("Where is it?", "Re: Where is it?"),
        ("Re: Where is it?", "Re: Where is it?"),
        ("RE : Where is it?", "RE : Where is it?"),
        ("re:re: Where is it?", "re:re: Where is it?"),
        ("AW: Wo ist es?", "AW: Wo ist es?"),
        ("Antw: Waar is het?", "Antw: Waar is het?"),
        ("SV: Hvor?", "SV: Hvor?"),
        ("Return", "Re: Return"),
        ("Read me: now", "Re: Read me: now"),
        ("Fwd: Where is it?", "Re: Fwd: Where is it?"),
        ("", "Re:"),
        ("   \t ", "Re:"),
        ("two\r\nlines", "Re: two lines"),
        ("注文はどこですか", "Re: 注文はどこですか"),
    ],
)
def test_a_reply_s_subject_has_one_mark(subject: str, ours: str) -> None:
    assert reply_subject(subject) == ours
    assert reply_subject(ours) == ours


def test_a_subject_is_cut_before_it_becomes_a_burden() -> None:
    assert len(reply_subject("x" * 5000)) <= 304


@pytest.mark.parametrize(
    ("known", "answered", "expected"),
    [
        ([], "<z>", ["<z>"]),
        (["<a>", "<b>"], "<z>", ["<a>", "<b>", "<z>"]),
        (["<a>", "<z>"], "<z>", ["<a>", "<z>"]),
        (["<z>", "<a>"], "<z>", ["<a>", "<z>"]),
        (["<a>", "<a>", "<b>"], "<z>", ["<a>", "<b>", "<z>"]),
        ([], "", []),
    ],
)
def test_references_end_with_the_mail_that_is_answered(known: list[str], answered: str, expected: list[str]) -> None:
    assert references(known, answered) == expected


@pytest.mark.parametrize("count", [19, 20, 21, 500])
def test_of_many_references_the_first_and_the_last_are_kept(count: int) -> None:
    known = [f"<{number}@customer.test>" for number in range(count)]
    kept = references(known, "<z@customer.test>")
    assert len(kept) == min(count + 1, 20)
    assert (kept[0], kept[-1]) == (known[0], "<z@customer.test>")
    assert kept[1:-1] == known[count + 2 - len(kept) :]


INJECTIONS = [
    "x\r\nBcc: all@evil.test",
    "x\nBcc: all@evil.test",
    "x\r\n\r\nBcc: all@evil.test",
    "x\rBcc: all@evil.test",
    "x\x0bBcc: all@evil.test",
    "x\x85Bcc: all@evil.test",
    "x\u2028Bcc: all@evil.test",
    "=?utf-8?q?x=0D=0ABcc:_all@evil.test?=",
    "==??utf-8?b?eA0KQmNjOiBhbGxAZXZpbC50ZXN0?=",
    "=?utf-8?b?eA0KQmNjOiBhbGxAZXZpbC50ZXN0?=",
]


@pytest.mark.parametrize("field", ["subject", "recipient_name", "sender_name"])
@pytest.mark.parametrize("text", INJECTIONS)
def test_no_words_of_a_customer_become_a_header(field: str, text: str) -> None:
    mail = read(compose(letter(**{field: text})))
    assert mail["Bcc"] is None
    assert lone_addresses(mail, "To")[0][1] == "ana@customer.test"
    assert len(lone_addresses(mail, "To")) == len(lone_addresses(mail, "From")) == 1
    assert part(mail, "plain").startswith("Hello Ana")


@pytest.mark.parametrize(
    "address",
    [
        "ana@customer.test\r\nBcc: x@evil.test", "ana@customer.test,x@evil.test", "ana customer.test", "", "@b.test",
        "ana@", "a b@customer.test", "<ana@customer.test>", "án a@b.test", "ana@c&ü.test", "ana@[127.0.0.1]",
        '"a b"@customer.test', "ana@customer.test>", f"{'a' * 65}@customer.test", "a@b@customer.test",
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(InputError, match="cannot be written to"):
        compose(letter(recipient=address))


def test_an_international_domain_is_written_in_ascii() -> None:
    raw = compose(letter(recipient="ana@straße.test"))
    assert raw.isascii()
    assert b"<ana@xn--strae-oqa.test>" in raw


def test_an_international_name_before_the_at_is_written_as_it_is() -> None:
    raw = compose(letter(recipient="ána@bücher.test"))
    assert "<ána@xn--bcher-kva.test>".encode() in raw
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))


def test_an_automatic_mail_says_so_and_a_person_s_does_not() -> None:
    mail = read(compose(letter(automatic=True)))
    marks = {"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All", "X-Loop": "mailer"}
    assert {name: mail[name] for name in marks} == marks
    by_hand = read(compose(letter()))
    assert [by_hand[name] for name in (*marks, "Precedence")] == [None] * 4


@pytest.mark.parametrize(
    "name",
    [
        "Ana Costa",
        "Chloé Martin",
        "田中 ひろ",
        'Ana "the" Costa',
        "Costa, Ana",
        "Ana <x@evil.test>",
        "a@b",
        "\\",
        "",
        "(Ana)",
        "ana;",
    ],
)
def test_a_name_of_any_script_comes_back_as_it_was(name: str) -> None:
    mail = read(compose(letter(recipient_name=name)))
    assert lone_addresses(mail, "To") == [(name, "ana@customer.test")]


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=2_000)


@settings(max_examples=60, deadline=None)
@example(text="x" * 5000, subject="ä" * 300, name="Ünï" * 90)
@example(text=".\n..\nFrom here\n.\r\n.\r", subject="", name="")
@given(text=TEXT, subject=TEXT, name=TEXT)
def test_any_words_are_lines_of_seven_bits_that_read_as_they_were(text: str, subject: str, name: str) -> None:
    raw = compose(letter(text=text, html=f"<p>{text}</p>", subject=subject, recipient_name=name))
    assert raw.isascii()
    assert raw.replace(b"\r\n", b"").count(b"\n") == raw.replace(b"\r\n", b"").count(b"\r") == 0
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    mail = read(raw)
    assert " ".join(str(mail["Subject"]).split()) == reply_subject(subject)
    assert lone_addresses(mail, "To")[0][1] == "ana@customer.test"
    assert _lines(part(mail, "plain")) == _lines(text)


def _lines(text: str) -> list[str]:
    whole = text.replace("\r\n", "\n").replace("\r", "\n")
    return whole.rstrip("\n").split("\n")


LOCAL = st.text("abcdefghijklmnopqrstuvwxyz0123456789.!#$%&'*+/=?^_`{|}~-", min_size=1, max_size=64)
DOMAIN = st.text("abcdefghijklmnopqrstuvwxyz0123456789.-", min_size=1, max_size=200)


@settings(max_examples=60, deadline=None)
@example(local="a" * 64, domain="b" * 250 + ".de", name="Ana")
@example(local="a..b", domain="x.test", name="")
@example(local=".", domain="-", name="é")
@given(local=LOCAL, domain=DOMAIN, name=st.text(max_size=40))
def test_any_address_that_is_taken_is_written_as_it_is(local: str, domain: str, name: str) -> None:
    raw = compose(letter(recipient=f"{local}@{domain}", recipient_name=name))
    head = raw.split(b"\r\nSubject:")[0].replace(b"\r\n ", b"")
    assert f"{local}@{domain}".encode() in head.replace(b'"', b"")
