"""What a broken or stolen mail looks like before it is queued, and that a good one never does."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.outbound.compose import compose, reply_subject
from mailer.outbound.proofread import Meant, proofread
from tests.outbound.test_compose import INJECTIONS, letter

GOOD = compose(letter())
MEANT = Meant("<ours@shop.test>", "ana@customer.test", "Re: Where is my order?", "Hello Ana,\n\nit is on its way.\n")
HEAD, _, BODY = GOOD.partition(b"\r\n\r\n")


def test_a_mail_as_it_was_meant_has_no_problems() -> None:
    assert proofread(GOOD, MEANT) == []


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (GOOD.replace(b"\r\n", b"\n"), "bare CR or LF"),
        (GOOD + b"\r", "bare CR or LF"),
        (GOOD + b"\n.\n", "bare CR or LF"),
        (GOOD + b"\x00", "control character"),
        (GOOD + b"x" * 999 + b"\r\n", "longer than 998"),
        (b"Bcc: all@evil.test\r\n" + GOOD, "did not write: bcc"),
        (b"Sender: x@evil.test\r\n" + GOOD, "did not write: sender"),
        (b"Received: from x\r\n" + GOOD, "did not write: received"),
        (b"To: x@evil.test\r\n" + GOOD, "the header to twice"),
        (b"X\r\n" + GOOD, "no header"),
        (b" folded\r\n" + GOOD, "no header"),
        (b"B\xc3\xa4d: x\r\n" + GOOD, "no header"),
        (GOOD.replace(b"Message-ID: <ours", b"Message-ID: <yours"), "Message-ID is another"),
        (GOOD.replace(b"<ana@customer.test>", b"<x@evil.test>"), "To is not the recipient"),
        (GOOD.replace(b"<ana@customer.test>", b"<ana@customer.test>, x@evil.test"), "To is not the recipient"),
        (GOOD.replace(b"Subject: Re: Where", b"Subject: Re: When"), "subject is another"),
        (GOOD.replace(b"it is on its way", b"it is on my way"), "another than the one approved"),
        (HEAD + b"\r\n\r\nno boundary at all\r\n", "its parts are not"),
        (GOOD.replace(b"text/html", b"application/x-sh"), "its parts are not"),
        (HEAD, "its parts are not"),
        (b"", "it lacks the header"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(raw: bytes, problem: str) -> None:
    assert any(problem in words for words in proofread(raw, MEANT)), proofread(raw, MEANT)


@pytest.mark.parametrize("limit", [None, len(GOOD), 25_000_000])
def test_a_mail_within_the_relay_s_limit_is_fine(limit: int | None) -> None:
    assert proofread(GOOD, Meant(**{**vars(MEANT), "size_limit": limit})) == []


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=500)


@settings(max_examples=100, deadline=None)
@given(text=TEXT, subject=st.one_of(TEXT, st.sampled_from(INJECTIONS)), name=TEXT)
def test_whatever_customers_wrote_our_own_mail_passes(text: str, subject: str, name: str) -> None:
    raw = compose(letter(text=text, subject=subject, recipient_name=name, html="<p>x</p>\n"))
    meant = Meant("<ours@shop.test>", "ana@customer.test", reply_subject(subject), text)
    assert proofread(raw, meant) == []


@settings(max_examples=100, deadline=None)
@given(raw=st.binary(max_size=400))
def test_any_bytes_are_judged(raw: bytes) -> None:
    assert proofread(raw, MEANT)


def test_an_address_with_characters_of_its_own_passes_too() -> None:
    raw = compose(letter(recipient="ána@bücher.test", subject="Größe"))
    assert proofread(raw, Meant("<ours@shop.test>", "ána@xn--bcher-kva.test", "Re: Größe", MEANT.text)) == []
