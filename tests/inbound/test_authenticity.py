"""Who vouches for a sender: only the topmost line of the server that config.toml names; and what else is odd."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.clock import monotonic
from mailer.inbound.authenticity import Ourselves, look_alike, read_results
from mailer.inbound.parse import parse
from mailer.inbound.parsed import Authenticity

OURS = Ourselves(frozenset({"care@linen-shop.example"}), "mx.shop.example")
GOOD = (
    "Authentication-Results: mx.shop.example; spf=pass smtp.mailfrom=x@customer.example; "
    "dkim=fail; dkim=pass header.d=c; dmarc=pass header.from=customer.example"
)


def judged(*lines: str, sender: str = "ana@customer.example", ours: Ourselves = OURS) -> Authenticity:
    head = [*lines, f"From: {sender}", "Subject: s", "", "hi"]
    return parse("\r\n".join(head).encode(), ours).authenticity


def test_the_trusted_servers_word_is_believed() -> None:
    found = judged(GOOD)
    assert (found.dmarc, found.spf, found.dkim, found.from_count, found.warnings) == ("pass", "pass", "pass", 1, ())


@pytest.mark.parametrize(
    "line",
    [
        "Authentication-Results: attacker.example; dmarc=pass",
        "Authentication-Results: mx.shop.example.evil.test; dmarc=pass",
        "Authentication-Results: mx.shop.example",
        "Authentication-Results: mx.shop.example; none",
        "Authentication-Results: (mx.shop.example;) evil.test; dmarc=pass",
        'Authentication-Results: "; mx.shop.example; dmarc=pass"',
        "Authentication-Results: mx.shop.example; (dmarc=pass)",
        'Authentication-Results: mx.shop.example; spf=fail reason="; dmarc=pass"',
        "Authentication-Results: mx.shop.example; dmarc=pass header.from=evil.test",
        "Authentication-Results: mx.shop.example; x-dmarc=pass",
        "Authentication-Results: mx.shop.example; dmarc=none",
        "Authentication-Results: mx.shop.example; dmarc=permerror",
        "X-Authentication-Results: mx.shop.example; dmarc=pass",
        "ARC-Authentication-Results: i=1; mx.shop.example; dmarc=pass",
        "Authentication-Results: ; dmarc=pass",
        "Received-SPF: pass",
    ],
)
def test_nobody_else_is_believed(line: str) -> None:
    assert judged(line).dmarc == "none"


def test_a_line_below_the_topmost_came_with_the_mail() -> None:
    assert judged("Authentication-Results: relay.example; dmarc=fail", GOOD).dmarc == "none"
    assert judged(GOOD, "Authentication-Results: mx.shop.example; dmarc=fail").dmarc == "pass"


def test_without_configuration_nobody_is_trusted() -> None:
    assert judged(GOOD, ours=Ourselves()).dmarc == "none"
    assert judged("Authentication-Results: ; dmarc=pass", ours=Ourselves()).dmarc == "none"


def test_a_mail_with_two_senders_is_vouched_for_by_nobody() -> None:
    assert judged(GOOD, "From: evil@customer.example").dmarc == "none"
    assert judged(GOOD, sender="ana@customer.example <x@evil.test>").dmarc == "none"


@pytest.mark.parametrize(
    ("line", "dmarc"),
    [
        ("Authentication-Results: MX.shop.example 1; dmarc=PASS", "pass"),
        (
            "Authentication-Results: mx.shop.example;\r\n\tdmarc = pass (p=none; q) header.from=customer.example",
            "pass",
        ),
        ("Authentication-Results: mx.shop.example; dmarc/1 = pass", "pass"),
        ("Authentication-Results: mx.shop.example; dmarc=fail header.from=customer.example", "fail"),
        ("Authentication-Results: mx.shop.example; dmarc=fail; dmarc=pass", "fail"),
        ("Authentication-Results: mx.shop.example; dmarc=pass header.from=example", "pass"),
    ],
)
def test_the_line_is_read_as_the_standard_writes_it(line: str, dmarc: str) -> None:
    assert judged(line).dmarc == dmarc


def test_a_failed_check_is_told_to_the_agent() -> None:
    assert any(
        "DMARC failed" in words for words in judged("Authentication-Results: mx.shop.example; dmarc=fail").warnings
    )


@pytest.mark.parametrize(
    ("lines", "sender", "words"),
    [
        (["From: bo@customer.example"], "ana@customer.example", "2 From lines"),
        ([], "victim@example.com <x@evil.test>", "names 2 senders"),
        ([], '"victim@example.com" <x@evil.test>', "name shows another address (victim@example.com)"),
        ([], "=?utf-8?q?victim=40example.com?= <x@evil.test>", "name shows another address (victim@example.com)"),
        (["Reply-To: elsewhere@evil.test"], "ana@customer.example", "Reply-To: elsewhere@evil.test"),
        ([], "care@1inen-shop.example", "looks like linen-shop.example"),
        ([], "care@linenshop.example", "looks like linen-shop.example"),
    ],
)
def test_what_should_make_an_agent_look_twice(lines: list[str], sender: str, words: str) -> None:
    assert any(words in warning for warning in judged(*lines, sender=sender).warnings)


@pytest.mark.parametrize(
    ("lines", "sender"),
    [
        ([], "Ana Costa <ana@customer.example>"),
        ([], '"ana@customer.example" <ana@customer.example>'),
        (["Reply-To: Ana <ANA@customer.example>"], "ana@customer.example"),
        ([], "bo@linen-shop.example"),
        ([], "bo@news.linen-shop.example"),
    ],
)
def test_ordinary_senders_are_not_suspected(lines: list[str], sender: str) -> None:
    assert judged(*lines, sender=sender).warnings == ()


@pytest.mark.parametrize(
    ("domain", "like"),
    [
        ("paypa1.com", "paypal.com"),
        ("paypai.com", "paypal.com"),
        ("pаypal.com", "paypal.com"),
        ("xn--pypal-4ve.com", "paypal.com"),
        ("rnodern.example", "modern.example"),
        ("paypall.com", "paypal.com"),
        ("papyal.com", "paypal.com"),
        ("paypl.com", "paypal.com"),
        ("PAYPAL.com", None),
        ("mail.paypal.com", None),
        ("paypal.com", None),
        ("ymail.com", None),
        ("customer.example", None),
        ("", None),
        ("xn--", None),
    ],
)
def test_a_domain_that_could_be_taken_for_another(domain: str, like: str | None) -> None:
    assert look_alike(domain, ["paypal.com", "modern.example", "gmail.com", ""]) == like


@given(st.text(alphabet=st.sampled_from('mx.shop.example;=() "\\dmarcpass/1\t')))
def test_any_line_is_read(value: str) -> None:
    assert isinstance(read_results([("authentication-results", value)], "mx.shop.example", "a.b"), dict)


@pytest.mark.parametrize(
    "piece", ["(", ")", '"', ";", "dmarc=pass;", "\\", "a/1=b;", "=", " ", "header.from=a ", "xn--"]
)
def test_crafted_lines_take_no_time(piece: str) -> None:
    start = monotonic()
    read_results([("authentication-results", "mx.shop.example;" + piece * 16_000)], "mx.shop.example", "a.b")
    look_alike(piece * 10_000, ["paypal.com"])
    assert monotonic() - start < 1
