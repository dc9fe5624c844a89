"""Reports by RFC 3464: whom they name, what became of the mail, and whose fault it was, however servers write it."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.inbound.dsn import read_dsn, typed_address
from tests.inbound.reports import DAEMON, OUR_ID, OURS, dsn, parts, read, said

ANA = "ana@customer.test"


def group(
    recipient: str = f"rfc822; {ANA}", action: str = "failed", status: str = "5.1.1", diagnostic: str = ""
) -> str:
    lines = [f"Final-Recipient: {recipient}", f"Action: {action}", f"Status: {status}"]
    return "\n".join(lines + ([f"Diagnostic-Code: {diagnostic}"] if diagnostic else []))


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        (group(), "hard"),
        (group(status="5.1.2"), "hard"),
        (group(status="5.1.10"), "hard"),
        (group(status="5.2.1"), "hard"),
        (group(status="5.4.4"), "hard"),
        (group(status="5.2.2"), "soft"),
        (group(status="4.2.2"), "soft"),
        (group(status="5.4.7"), "soft"),
        (group(status="4.4.1"), "soft"),
        (group(status="5.4.6"), "soft"),
        (group(status="5.0.0"), "soft"),
        (group(status="5.7.1"), "policy"),
        (group(status="5.7.26"), "policy"),
        (group(status="5.2.3"), "policy"),
        (group(status="5.3.4"), "policy"),
        (group(status="5.6.1"), "policy"),
        (group(action="delayed", status="4.4.1"), "delayed"),
        (group(action="Delayed (will retry)", status="4.0.0"), "delayed"),
        # The words say more than the number (FAILURES D3).
        (group(status="5.0.0", diagnostic="smtp; 550 User unknown"), "hard"),
        (group(status="5.7.1", diagnostic="smtp; 550 5.7.1 No such user here"), "hard"),
        (group(status="5.1.1", diagnostic="smtp; 552 mailbox full"), "soft"),
        (group(status="5.1.1", diagnostic="smtp; 550 blocked by our spam filter"), "policy"),
        (group(status="5.2.2", diagnostic="smtp; 552 message size exceeds the limit"), "policy"),
        (group(status="5.1.8", diagnostic="smtp; 550 sender domain does not exist"), "policy"),
        (group(status="5.3.0", diagnostic="X-Unix; 550 account has been discontinued"), "hard"),
        (group(status="5.4.1", diagnostic="smtp;550 5.4.1 Recipient address rejected: Access denied"), "hard"),
        (group(status="4.4.3", diagnostic="dns; host not found, try again"), "soft"),
        (group(status="5.7.0", diagnostic="smtp; 553 relaying denied"), "policy"),
        (group(status="5.5.0 (mailbox for user is full)"), "soft"),
    ],
)
def test_the_class_comes_from_action_words_and_status(fields: str, kind: str) -> None:
    mail = read(dsn(fields))
    assert (mail.kind, mail.route) == ("bounce", "bounce")
    assert said(mail) == [(ANA, kind)]
    assert mail.reported_message_id == OUR_ID


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("rfc822; ana@customer.test", ANA),
        ("rfc822;ana@customer.test", ANA),
        ("RFC822; <ana@customer.test>", ANA),
        ("ana@customer.test", ANA),
        ("rfc822; ana@customer.test (Ana)", ANA),
        ("rfc822; mailto:ana@customer.test", ANA),
        ("rfc822; ana+40customer.test", ANA),
        ("utf-8; jürgen@bücher.test", "jürgen@bücher.test"),
        ("rfc822; a+b=c@customer.test", "a+b=c@customer.test"),
        ("rfc822; ana@customer.test.", ANA),
        ("x400; /G=Ana/S=Costa/", ""),
        ("rfc822; ana", ""),
        ("rfc822; @customer.test", ""),
        ("", ""),
        (";", ""),
        ("rfc822; ana@[192.0.2.1]", ""),
    ],
)
def test_a_typed_address_is_read_however_it_is_written(value: str, address: str) -> None:
    assert typed_address(value) == address


def test_the_address_that_we_wrote_to_wins_over_the_one_behind_a_forwarding() -> None:
    fields = (
        f"Original-Recipient: rfc822;{ANA}\nFinal-Recipient: rfc822;box7@elsewhere.test\nAction: failed\nStatus: 5.1.1"
    )
    assert said(read(dsn(fields))) == [(ANA, "hard")]


def test_each_recipient_has_its_own_fate() -> None:
    mail = read(
        dsn(
            group(),
            group("rfc822; bob@customer.test", "delayed", "4.4.1"),
            group("rfc822; eve@customer.test", "delivered", "2.0.0"),
        )
    )
    assert said(mail) == [(ANA, "hard"), ("bob@customer.test", "delayed")]


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded"])
def test_a_report_of_success_is_no_bounce(action: str) -> None:
    mail = read(dsn(group(action=action, status="2.0.0"), Subject="Delivery Status Notification (Success)"))
    assert (mail.kind, mail.bounces) == ("auto_reply", ())
    assert not mail.may_auto_answer


def test_recipients_without_blank_lines_between_them_are_told_apart() -> None:
    fields = f"{group()}\n{group('rfc822; bob@customer.test', status='5.2.2')}"
    assert said(read(dsn(fields))) == [(ANA, "hard"), ("bob@customer.test", "soft")]


def test_folded_fields_are_one() -> None:
    fields = (
        f"Final-Recipient: rfc822;\n {ANA}\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 user\n unknown"
    )
    (one,) = read(dsn(fields)).bounces
    assert (one.recipient, one.kind, one.diagnostic) == (ANA, "hard", "550 user unknown")


def test_fields_of_a_report_in_its_text_are_read_too() -> None:
    text = f"Your mail failed.\n\nReporting-MTA: dns; mx.test\n\n{group()}\n"
    assert said(read(parts(("text/plain", text)))) == [(ANA, "hard")]


def test_a_report_that_a_gateway_wrapped_is_opened() -> None:
    inner = dsn(group()).decode()
    raw = parts(("message/rfc822", inner), ("text/plain", "scanned"), Subject="Delivery Status Notification (Failure)")
    assert said(read(raw)) == [(ANA, "hard")]


def test_a_report_without_readable_recipients_takes_them_from_its_text() -> None:
    fields = "Final-Recipient: x400; /S=Costa/\nAction: failed\nStatus: 5.1.1"
    mail = read(dsn(fields, text=f"<{ANA}>: 550 no such user"))
    assert said(mail) == [(ANA, "hard")]


def test_a_report_without_status_part_but_declared_so_is_a_bounce() -> None:
    raw = parts(
        ("text/plain", "The mail failed."), ("message/rfc822", OURS), kind="report; report-type=delivery-status"
    )
    mail = read(raw)
    assert (mail.kind, said(mail), mail.reported_message_id) == ("bounce", [(ANA, "soft")], OUR_ID)


def test_headers_only_are_enough_to_know_whose_it_was() -> None:
    head = OURS.partition("\n\n")[0]
    leaves = (("text/plain", "failed"), ("message/delivery-status", f"Reporting-MTA: dns; x\n\n{group()}"))
    mail = read(parts(*leaves, ("text/rfc822-headers", head), kind="report; report-type=delivery-status"))
    assert mail.reported_message_id == OUR_ID


def test_the_message_id_may_stand_in_the_fields() -> None:
    raw = dsn(group() + f"\nOriginal-Message-ID: {OUR_ID}", returned="")
    assert read(raw).reported_message_id == OUR_ID


def test_a_customer_who_forwards_a_report_is_a_person() -> None:
    report = dsn(group()).decode()
    raw = parts(
        ("text/plain", "I got this from you, what does it mean?"),
        ("message/rfc822", report),
        From="Ana <ana@customer.test>",
        Subject="Fwd: Undelivered Mail Returned to Sender",
    )
    assert read(raw).kind == "person"


def test_a_report_in_the_senders_own_name_is_still_a_report() -> None:
    assert read(dsn(group(), From="Server <root@mx.test>", Subject="hello")).kind == "bounce"


@pytest.mark.parametrize("count", [1, 50, 5_000])
def test_recipients_are_counted_up_to_a_bound(count: int) -> None:
    fields = [group(f"rfc822; c{number}@customer.test") for number in range(count)]
    assert len(read_dsn("\n\n".join(fields)).failed) == min(count, 100)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n" * 100_000,
        ":" * 100_000,
        "Final-Recipient:" * 50_000,
        "Final-Recipient: rfc822; " + "a" * 200_000 + "@b.test\nAction: failed",
        "Final-Recipient: rfc822; a@b.test\n" + " x\n" * 100_000,
        "Action: failed\nStatus: " + "5." * 100_000,
        "Diagnostic-Code: " + "550 " * 100_000 + "\nAction: failed",
        "\x00\ud800\n: :\n \t",
    ],
)
def test_hostile_fields_end_soon(text: str) -> None:
    found = read_dsn(text, text)
    assert len(found.failed) <= 1
    assert read(dsn(text[:200_000].encode("utf-8", "replace").decode())).kind == "bounce"


FIELD = st.sampled_from(
    ["Final-Recipient", "Original-Recipient", "Action", "Status", "Diagnostic-Code", "Reporting-MTA", "", " ", ":", "X"]
)
LINES = st.lists(st.tuples(FIELD, st.text(max_size=60)).map(": ".join), max_size=40)


@settings(max_examples=300, deadline=10_000)
@given(lines=LINES, text=st.text(max_size=300))
def test_any_fields_are_read_without_an_error(lines: list[str], text: str) -> None:
    found = read_dsn("\n".join(lines), text)
    assert all("@" in one.recipient for one in found.failed)
    assert all(one.kind in ("hard", "soft", "policy", "delayed") for one in (*found.failed, *found.nameless))


@settings(max_examples=200, deadline=10_000)
@given(text=st.text(max_size=400), subject=st.text(max_size=40), fields=st.binary(max_size=400))
def test_any_report_is_read_without_an_error(text: str, subject: str, fields: bytes) -> None:
    line = " ".join(subject.encode("utf-8", "replace").decode().split())
    raw = dsn(fields.decode("latin-1"), text=text.encode("utf-8", "replace").decode(), From=DAEMON, Subject=line or "x")
    mail = read(raw)
    assert mail.kind in ("bounce", "auto_reply", "complaint")


def test_many_reports_in_one_mail_are_read_to_a_bound() -> None:
    fields = "\n\n".join(group(f"rfc822; c{number}@customer.test", status="5.0.0") for number in range(50))
    leaves = [("message/delivery-status", fields)] * 300
    began = time.process_time()
    assert len(read(parts(*leaves, kind="report; report-type=delivery-status")).bounces) == 50
    assert time.process_time() - began < 3
