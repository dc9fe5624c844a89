"""Who may hear of an order, and who may change it: a table over From headers, authentication and wishes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.inbound.authenticity import Ourselves
from mailer.inbound.parse import parse
from mailer.model import Disclosure
from mailer.replies.authorise import authorise, is_confirmed, same_address

HERS = "ana@shop.example"
MINE, NEUTRAL = Disclosure.ORDER, Disclosure.NEUTRAL

# From headers as they come over the wire, and whether their sender may hear of the order of ana@shop.example.
FROM = {
    "plain": ("From: ana@shop.example", True),
    "with a name": ("From: Ana Costa <ana@shop.example>", True),
    "upper case": ("From: ANA@SHOP.EXAMPLE", True),
    "quoted name": ('From: "Costa, Ana" <ana@shop.example>', True),
    "encoded name": ("From: =?utf-8?q?=C3=81na?= <ana@shop.example>", True),
    "a comment": ("From: ana@shop.example (bo@evil.test)", True),
    "reply-to elsewhere": ("From: ana@shop.example\r\nReply-To: bo@evil.test", True),
    "sender elsewhere": ("From: ana@shop.example\r\nSender: bo@evil.test", True),
    "another": ("From: bo@shop.example", False),
    "none": ("Subject: no From at all", False),
    "empty": ("From: ", False),
    "null": ("From: <>", False),
    "her address as a name": ('From: "ana@shop.example" <bo@evil.test>', False),
    "her address as an encoded name": ("From: =?utf-8?q?ana=40shop=2Eexample?= <bo@evil.test>", False),
    "her address as a comment": ("From: bo@evil.test (ana@shop.example)", False),
    "two in one header": ("From: ana@shop.example, bo@evil.test", False),
    "two, hers last": ("From: bo@evil.test, ana@shop.example", False),
    "hers twice": ("From: ana@shop.example, ana@shop.example", True),
    "two headers": ("From: ana@shop.example\r\nFrom: bo@evil.test", False),
    "two headers, hers last": ("From: bo@evil.test\r\nFrom: ana@shop.example", False),
    "a group": ("From: us: ana@shop.example, bo@evil.test;", False),
    "longer domain": ("From: ana@shop.example.evil.test", False),
    "subdomain": ("From: ana@mail.shop.example", False),
    "parent domain": ("From: ana@example", False),
    "look-alike domain": ("From: ana@sh0p.example", False),
    "cyrillic domain": ("From: =?utf-8?q?Ana?= <ana@sh\u043ep.example>", False),
    "plus address": ("From: ana+shop@shop.example", False),
    "dotted": ("From: a.na@shop.example", False),
    "reply-to is hers": ("From: bo@evil.test\r\nReply-To: ana@shop.example", False),
    "sender is hers": ("From: bo@evil.test\r\nSender: ana@shop.example", False),
}


@pytest.fixture(params=FROM)
def sender(request: pytest.FixtureRequest) -> tuple[tuple[str, ...], bool]:
    """The addresses that we read out of a From header, and whether they are hers alone."""
    header, hers = FROM[request.param]
    raw = f"{header}\r\nMessage-ID: <a@b.test>\r\nSubject: My order\r\n\r\nWhere is it?\r\n".encode()
    mail = parse(raw, Ourselves(frozenset({"care@linen.test"})))
    return tuple(one.address for one in mail.senders), hers


@pytest.mark.parametrize("dmarc", ["pass", "fail", "none", ""])
@pytest.mark.parametrize("proven", [True, False], ids=["proven", "unproven"])
def test_hearing_needs_her_address_alone_and_changing_a_confirmed_sender_too(
    sender: tuple[tuple[str, ...], bool], dmarc: str, proven: bool
) -> None:
    addresses, hers = sender
    told = {"dmarc": dmarc, "proven": proven}
    assert authorise(addresses, HERS, **told) == (MINE if hers else NEUTRAL)
    confirmed = dmarc == "pass" or (proven and dmarc != "fail")
    assert authorise(addresses, HERS, changes=True, **told) == (MINE if hers and confirmed else NEUTRAL)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("ana@shop.example", "Ana@Shop.Example", True),
        ("ana@müller.example", "ana@xn--mller-kva.example", True),
        ("ana@MÜLLER.example", "ana@xn--mller-kva.example", True),
        ("ana@straße.example", "ana@strasse.example", False),
        ("straße@shop.example", "strasse@shop.example", False),
        ("\u212aim@shop.example", "kim@shop.example", False),
        ("ana@muller.example", "ana@müller.example", False),
        ("ana+1@shop.example", "ana@shop.example", False),
        ("", "", False),
        ("ana", "ana", False),
    ],
)
def test_two_addresses_are_one_mailbox_only_when_they_are_written_alike(one: str, other: str, same: bool) -> None:
    assert same_address(one, other) is same
    assert same_address(other, one) is same


@pytest.mark.parametrize(
    ("senders", "dmarc", "proven", "confirmed"),
    [
        (["a@b.test"], "pass", False, True),
        (["a@b.test"], "none", True, True),
        (["a@b.test"], "none", False, False),
        (["a@b.test"], "fail", True, False),
        (["a@b.test"], "PASS", False, False),
        (["a@b.test", "c@d.test"], "pass", True, False),
        ([], "pass", True, False),
    ],
)
def test_a_sender_is_confirmed_by_his_domain_or_by_answering_us(
    senders: list[str], dmarc: str, proven: bool, confirmed: bool
) -> None:
    assert is_confirmed(senders, dmarc=dmarc, proven=proven) is confirmed


@given(st.lists(st.emails(), max_size=3), st.emails(), st.sampled_from(["pass", "fail", "none"]), st.booleans())
def test_who_may_not_hear_may_never_change(senders: list[str], address: str, dmarc: str, proven: bool) -> None:
    hears = authorise(senders, address, dmarc=dmarc, proven=proven)
    changes = authorise(senders, address, changes=True, dmarc=dmarc, proven=proven)
    assert hears is MINE or changes is NEUTRAL
    assert len(senders) == 1 or hears is NEUTRAL


@pytest.mark.parametrize(("senders", "address"), [([""], ""), ([], ""), (["ana@shop.example"], "")])
def test_an_order_without_an_address_is_nobody_s(senders: list[str], address: str) -> None:
    assert authorise(senders, address) is NEUTRAL
