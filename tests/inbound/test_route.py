"""Which room a mail is for, told by its structure before any word is read."""

import pytest

from mailer.inbound.authenticity import Ourselves
from mailer.inbound.headers import Address
from mailer.inbound.order_block import sign_block
from mailer.inbound.parse import parse
from mailer.inbound.parsed import ParsedMail, from_json, to_json
from mailer.inbound.route import claim_of, recipients_of
from tests import build

BLOCK = sign_block("shop", b'{"name": "#1001"}', "s3cret")
RATE, LEAVE = "care+rate-ros1-2-3-4x.abcd@shop.test", "care+unsubscribe-uuf1-2-3-x.abcd@shop.test"


@pytest.mark.parametrize(
    ("judged", "recipients", "text", "subject", "answers", "route"),
    [
        ("triage", ["care@shop.test"], "hello", "Hi", False, "triage"),
        ("triage", ["care@shop.test", RATE], "good", "4", False, "rating"),
        ("triage", [RATE.upper()], "good", "4", True, "rating"),
        ("triage", [LEAVE], "", "unsubscribe", False, "unsubscribe"),
        ("triage", ["care+other@shop.test"], "", "Hi", False, "triage"),
        ("none", [RATE], "I am away", "Out of office", True, "none"),
        ("bounce", [RATE], "could not be delivered", "Failure", False, "bounce"),
        ("complaint", [LEAVE], BLOCK, "Report", False, "complaint"),
        ("bounce", ["care@shop.test"], BLOCK, "Failure", False, "bounce"),
        ("triage", ["care@shop.test"], BLOCK, "[Shop] Order #1001", False, "order"),
        ("none", ["care@shop.test"], BLOCK, "[Shop] Order #1001", False, "order"),
        ("triage", ["care@shop.test"], BLOCK, "Re: [Shop] Order #1001", False, "triage"),
        ("triage", ["care@shop.test"], BLOCK, "AW: Bestellung", False, "triage"),
        ("triage", ["care@shop.test"], BLOCK, "回复: 订单", False, "triage"),
        ("triage", ["care@shop.test"], BLOCK, "Where is it?", True, "triage"),
        ("triage", ["care@shop.test"], f"Where is it?\n> {BLOCK}", "Where is it?", False, "triage"),
        ("none", ["care@shop.test"], "I am away", "Out of office", False, "none"),
    ],
)
def test_structure_decides(
    judged: str, recipients: list[str], text: str, subject: str, answers: bool, route: str
) -> None:
    claim = claim_of(judged, recipients, text, subject=subject, answers=answers)
    assert claim.route == route
    assert (claim.mailed_to != "") is (route in ("rating", "unsubscribe"))
    assert (claim.block is not None) is (route == "order")


def test_the_envelope_is_asked_before_to_and_cc() -> None:
    headers = [("to", RATE), ("x-original-to", f"<{LEAVE}>"), ("subject", "4"), ("delivered-to", "care@shop.test")]
    named = [Address(name="", address=RATE)]
    assert recipients_of(headers, named) == [LEAVE, "care@shop.test", RATE]


def read(text: str, **headers: str) -> ParsedMail:
    return parse(build.mail_bytes(text, **headers), Ourselves(frozenset({"care@shop.test"})))


def test_an_answer_by_link_keeps_the_address_that_it_came_to() -> None:
    mail = read("it was great", To=RATE, Subject="5")
    assert (mail.route, mail.mailed_to, mail.subject, mail.own_words) == ("rating", RATE, "5", "it was great")
    assert from_json(to_json(mail)) == mail


def test_the_block_survives_html_and_the_way_through_the_child() -> None:
    page = f"<p>New order</p><p style='font-size:8px'>{BLOCK.replace(' ', '<br>')}</p>"
    mail = read(page, To="care@shop.test", Subject="[Shop] Order #1001", Content_Type="text/html; charset=utf-8")
    assert mail.route == "order"
    assert mail.order_block is not None
    assert mail.order_block.source == "shop"
    assert from_json(to_json(mail)) == mail


def test_what_machines_of_others_send_there_is_no_rating() -> None:
    mail = read("I am away", To=RATE, Subject="Out of office", Auto_Submitted="auto-replied")
    assert (mail.route, mail.mailed_to) == ("none", "")
