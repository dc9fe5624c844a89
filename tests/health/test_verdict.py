"""What a mail to ourselves says by its headers: tables of cases."""

from datetime import timedelta

import pytest

from mailer.health.verdict import Arrival, Finding, is_aligned, signatures, verdict

WAY_OUT = [("list-unsubscribe", "<https://shop.test/u>"), ("list-unsubscribe-post", "List-Unsubscribe=One-Click")]
SIGNED = (
    "dkim-signature",
    "v=1; a=rsa-sha256; d=shop.test; s=k;\r\n h=From : List-Unsubscribe:\r\n List-Unsubscribe-Post; b=x",
)
GOOD = {"spf": "pass", "dkim": "pass", "dmarc": "pass"}


def judged(
    *headers: tuple[str, str], results: dict[str, str] | None = None, folder: str = "INBOX", took: float = 4
) -> dict[str, Finding]:
    arrival = Arrival(headers, folder, timedelta(seconds=took))
    found = verdict(arrival, GOOD if results is None else results, from_domain="shop.test", authserv_id="mx.test")
    return {one.name: one for one in found}


def test_a_mail_as_it_should_be_is_well() -> None:
    found = judged(SIGNED, *WAY_OUT)
    assert all(one.ok for one in found.values())
    assert list(found) == ["folder", "delay", "SPF", "DKIM", "DMARC", "alignment", "way out"]


@pytest.mark.parametrize(
    ("name", "headers", "more", "words"),
    [
        ("folder", (SIGNED, *WAY_OUT), {"folder": "[Gmail]/Spam"}, "put into [Gmail]/Spam"),
        ("delay", (SIGNED, *WAY_OUT), {"took": 400}, "6 min 40 s"),
        ("SPF", (SIGNED, *WAY_OUT), {"results": {**GOOD, "spf": "softfail"}}, "softfail; add the relay"),
        ("DMARC", (SIGNED, *WAY_OUT), {"results": {"spf": "pass", "dkim": "pass"}}, "none; publish a DMARC record"),
        ("alignment", WAY_OUT, {}, "no DKIM signature"),
        ("alignment", (("dkim-signature", "d=relay.example; h=from"), *WAY_OUT), {}, "which is not shop.test"),
        ("way out", (SIGNED,), {}, "did not arrive"),
        ("way out", (("dkim-signature", "d=shop.test; h=from:subject"), *WAY_OUT), {}, "no signature covers"),
        ("way out", (("dkim-signature", "d=shop.test; h=list-unsubscribe"), *WAY_OUT), {}, "no signature covers"),
    ],
)
def test_each_fault_is_told_with_what_to_do(
    name: str, headers: tuple[tuple[str, str], ...], more: dict[str, object], words: str
) -> None:
    found = judged(*headers, **more)  # type: ignore[arg-type]
    assert found[name].ok is False
    assert words in found[name].words


def test_without_a_trusted_server_nothing_is_known() -> None:
    found = judged(SIGNED, *WAY_OUT, ("authentication-results", "mx.google.com; spf=pass"), results={})
    assert found["SPF"].ok is found["DKIM"].ok is found["DMARC"].ok is None
    assert 'set authserv_id = "mx.google.com"' in found["SPF"].words


@pytest.mark.parametrize(
    ("signer", "sender", "aligned"),
    [
        ("shop.test", "shop.test", True),
        ("mail.shop.test", "shop.test", True),
        ("shop.test", "care.shop.test", True),
        ("SHOP.test.", "shop.test", True),
        ("myshop.test", "shop.test", False),
        ("test", "shop.test", False),
        ("a.co.uk", "b.co.uk", False),
        ("", "shop.test", False),
    ],
)
def test_alignment_is_relaxed(signer: str, sender: str, aligned: bool) -> None:
    assert is_aligned(signer, sender) is aligned


def test_signatures_are_read_whatever_their_white_space() -> None:
    assert [tags["h"] for tags in signatures([SIGNED])] == ["From:List-Unsubscribe:List-Unsubscribe-Post"]
    assert list(signatures([("dkim-signature", ";;=; d"), ("subject", "d=x")])) == [{"d": ""}]
