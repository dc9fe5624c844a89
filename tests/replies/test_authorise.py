"""Who may hear of an order: the single From address that the order was placed with, and nobody else."""

import pytest

from mailer.model import Disclosure
from mailer.replies.authorise import authorise

ORDER, NEUTRAL = Disclosure.ORDER, Disclosure.NEUTRAL


@pytest.mark.parametrize(
    ("senders", "order_address", "expected"),
    [
        (["ana@shop.example"], "ana@shop.example", ORDER),
        (["Ana@Shop.Example"], "ana@shop.example", ORDER),
        (["ana@shop.example"], "ANA@SHOP.EXAMPLE", ORDER),
        (["bo@shop.example"], "ana@shop.example", NEUTRAL),
        (["ana@shop.example.evil.test"], "ana@shop.example", NEUTRAL),
        (["ana+x@shop.example"], "ana@shop.example", NEUTRAL),
        (["ana@shop.example", "bo@shop.example"], "ana@shop.example", NEUTRAL),
        (["bo@shop.example", "ana@shop.example"], "ana@shop.example", NEUTRAL),
        (["ana@shop.example", "ana@shop.example"], "ana@shop.example", NEUTRAL),
        ([], "ana@shop.example", NEUTRAL),
        ([""], "", NEUTRAL),
        ([], "", NEUTRAL),
        (["ana@shop.example"], "", NEUTRAL),
    ],
)
def test_order_facts_go_to_the_single_sender_whose_order_it_is(
    senders: list[str], order_address: str, expected: Disclosure
) -> None:
    assert authorise(senders, order_address) == expected


@pytest.mark.parametrize(
    ("senders", "dmarc", "to_hear", "to_change"),
    [
        (["ana@shop.example"], "pass", ORDER, ORDER),
        (["ana@shop.example"], "none", ORDER, NEUTRAL),
        (["ana@shop.example"], "fail", ORDER, NEUTRAL),
        (["ana@shop.example"], "", ORDER, NEUTRAL),
        (["ana@shop.example"], "PASS", ORDER, NEUTRAL),
        (["bo@shop.example"], "pass", NEUTRAL, NEUTRAL),
        (["ana@shop.example", "bo@shop.example"], "pass", NEUTRAL, NEUTRAL),
        ([], "pass", NEUTRAL, NEUTRAL),
    ],
)
def test_what_changes_an_order_needs_a_sender_whom_his_domain_confirms(
    senders: list[str], dmarc: str, to_hear: Disclosure, to_change: Disclosure
) -> None:
    assert authorise(senders, "ana@shop.example", dmarc=dmarc) == to_hear
    assert authorise(senders, "ana@shop.example", changes=True, dmarc=dmarc) == to_change
