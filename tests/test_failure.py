"""Whose fault it was: definite words win, then the enhanced status; what is unknown is never the person's."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.failure import FailureKind, enhanced, failure_kind

H, S, P, D = FailureKind.HARD, FailureKind.SOFT, FailureKind.POLICY, FailureKind.DELAYED


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("550 5.1.1 The email account that you tried to reach does not exist", H),
        ("550 No such user here", H),
        ("553 sorry, that domain isn't in my list; unknown user", H),
        ("550 5.1.10 RESOLVER.ADR.RecipientNotFound", H),
        ("550 account has been disabled", H),
        ("550 Unrouteable address", H),
        ("5.4.4 Host or domain name not found. Name service error", H),
        ("556 5.1.10 domain does not accept mail (null MX)", H),
        ("550 Empfänger existiert nicht", H),
        ("550 utilisateur inconnu", H),
        ("550 usuario desconocido", H),
        ("450 4.1.1 user unknown", S),
        ("552 5.2.2 over quota", S),
        ("452 4.2.2 mailbox full", S),
        ("554 mailbox for user is full", S),
        ("451 4.7.1 greylisted, come back later", S),
        ("421 4.4.2 connection timed out", S),
        ("554 5.4.6 too many hops", S),
        ("554 transaction failed", S),
        ("", S),
        ("550 5.7.1 message blocked as spam", P),
        ("550 5.7.26 not authenticated by SPF or DKIM", P),
        ("554 5.7.1 listed at a block list, user x", P),
        ("550 relaying denied", P),
        ("553 5.1.8 sender domain must resolve", P),
        ("552 5.3.4 message size exceeds fixed maximum message size", P),
        ("550 5.6.0 content rejected", P),
        ("550 virus found", P),
    ],
)
def test_a_servers_words_have_a_class(words: str, kind: FailureKind) -> None:
    assert failure_kind("failed", "", words) is kind


def test_a_delay_is_a_delay_whatever_it_says() -> None:
    assert failure_kind("delayed", "5.1.1", "user unknown") is D


def test_the_better_text_is_asked_first() -> None:
    assert failure_kind("failed", "5.0.0", "mailbox full", "user unknown") is S
    assert failure_kind("failed", "5.0.0", "", "user unknown") is H


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("550 5.1.1 no", (5, 1, 1)),
        ("#5.7.26#", (5, 7, 26)),
        ("5.0.0 then 5.2.2", (5, 2, 2)),
        ("from 192.5.1.1", None),
        ("version 5.1.1.2", None),
        ("5.0.0", None),
        ("3.1.1", None),
        ("", None),
    ],
)
def test_an_enhanced_status_is_no_ip_address(text: str, code: tuple[int, int, int] | None) -> None:
    assert enhanced(text) == code


@given(action=st.text(max_size=20), status=st.text(max_size=20), words=st.lists(st.text(max_size=200), max_size=3))
def test_anything_has_a_class(action: str, status: str, words: list[str]) -> None:
    assert failure_kind(action, status, *words) in FailureKind


@pytest.mark.parametrize("text", ["5." * 500_000, "unknown " * 200_000, "\n" * 1_000_000])
def test_long_words_end_soon(text: str) -> None:
    began = time.process_time()
    assert failure_kind("failed", text, text, text) in (H, S)
    assert time.process_time() - began < 0.5
