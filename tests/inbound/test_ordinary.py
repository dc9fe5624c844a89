"""Mails that look like machines' reports and are none: nobody's mail may be lost to a rule."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.inbound.reports import DAEMON, OURS, dsn, mail, parts, read

ANA = "Ana Costa <ana@customer.test>"
REPORT = "<bob@friend.test>: host mx.friend.test said: 550 5.1.1 User unknown"

KNOWN = tomllib.loads(Path(__file__).with_name("ordinary.toml").read_text(encoding="utf-8"))
PEOPLE = [(one["subject"], one["text"]) for one in KNOWN["person"]]
PASTED = [
    ("Your emails bounce", f"Hi, when I write to care@ I get this:\n\n{REPORT}\n\nWhat is wrong?"),
    ("mail problem", f"Dear shop, I got the text below and do not understand it.\n\n> {REPORT}\n\nThanks, Ana"),
]


@pytest.mark.parametrize(("subject", "text"), PEOPLE + PASTED)
def test_a_customer_is_a_person_whatever_they_write_about(subject: str, text: str) -> None:
    found = read(mail(text, ANA, subject))
    assert (found.kind, found.route, found.automatic) == ("person", "triage", None)
    assert found.may_auto_answer


@pytest.mark.parametrize("mark", ["Re", "Fwd", "FW", "AW", "WG", "TR", "RV", "SV"])
def test_a_customer_who_asks_about_a_report_is_a_person(mark: str) -> None:
    quoted = "\n".join(f"> {line}" for line in (*REPORT.split("\n"), *OURS.split("\n")))
    subject = f"{mark}: Undelivered Mail Returned to Sender"
    assert read(mail(f"What is this?\n\n{quoted}", ANA, subject)).kind == "person"
    assert read(mail(f"I got this.\n\n{REPORT}\n\n{OURS}", ANA, subject, In_Reply_To="<a@mx.test>")).kind == "person"


def test_a_report_as_an_attachment_of_a_customer_is_theirs() -> None:
    report = dsn("Final-Recipient: rfc822; bob@friend.test\nAction: failed\nStatus: 5.1.1").decode()
    for subject in ("Please look at this", "Undelivered Mail Returned to Sender"):
        raw = parts(
            ("text/plain", "Why did my mail not arrive?"), ("message/rfc822", report), From=ANA, Subject=subject
        )
        assert read(raw).kind == "person"


@pytest.mark.parametrize("one", KNOWN["machine"], ids=[one["subject"] for one in KNOWN["machine"]])
def test_ordinary_mail_of_machines_is_no_report(one: dict[str, Any]) -> None:
    found = read(mail(one["text"], one["sender"], one["subject"], **one["headers"]))
    assert found.kind in ("person", "list")
    assert found.route == "triage"


def test_a_customer_behind_a_group_is_triaged_and_never_answered_by_a_machine() -> None:
    group = {"Precedence": "list", "List_Id": "<care.shop.test>", "X_Google_Group_Id": "7", "Sender": "care@shop.test"}
    found = read(mail("Where is my order 1001?", ANA, "My order", **group))
    assert (found.kind, found.route, found.automatic, found.may_auto_answer) == ("list", "triage", None, False)


def test_a_postmaster_who_writes_as_a_person_is_one() -> None:
    found = read(mail("Hello, where is my order 1001? Regards, Pete", "Pete <postmaster@tiny.test>", "My order"))
    assert (found.kind, found.route, found.may_auto_answer) == ("person", "triage", False)


def test_a_daemon_that_says_so_is_a_bounce_among_all_these() -> None:
    assert read(mail(REPORT, DAEMON)).kind == "bounce"
