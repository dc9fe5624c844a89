"""Spam reports, by RFC 5965 and by the forms of those who do without it."""

import pytest

from tests.inbound.reports import OUR_ID, OURS, mail, parts, read

FIELDS = (
    "Feedback-Type: abuse\nUser-Agent: Box/1.0\nVersion: 1\nOriginal-Mail-From: <care@shop.test>\nSource-IP: 192.0.2.1"
)
BY_THE_BOOK = "report; report-type=feedback-report"
WORDS = "This is an email abuse report for an email message received from IP 192.0.2.1"
FBL = "Feedback <fbl@provider.test>"


@pytest.mark.parametrize("kind", ["abuse", "fraud", "virus", "opt-out", "auth-failure", "not-spam", "other"])
def test_a_report_by_the_book_tells_its_type_and_whose_mail_it_means(kind: str) -> None:
    fields = FIELDS.replace("abuse", kind)
    leaves = (("text/plain", WORDS), ("message/feedback-report", fields), ("message/rfc822", OURS))
    found = read(parts(*leaves, kind=BY_THE_BOOK, From=FBL, Subject="FW: Your parcel"))
    assert (found.kind, found.route, found.feedback_type) == ("complaint", "complaint", kind)
    assert found.reported_message_id == OUR_ID
    assert not found.may_auto_answer


@pytest.mark.parametrize(
    "raw",
    [
        parts(("text/plain", WORDS), ("message/rfc822", OURS), kind=BY_THE_BOOK, From=FBL),
        parts(("text/plain", WORDS), ("message/feedback-report", FIELDS), ("text/rfc822-headers", OURS), From=FBL),
        parts(("text/plain", FIELDS), ("message/rfc822", OURS), From=FBL),
        parts(("text/plain", f"{WORDS}\n\n{FIELDS}"), ("message/rfc822", OURS), From=FBL),
        mail(f"{WORDS}\n\n{FIELDS}\n\n{OURS}", FBL, "Abuse report"),
        parts(
            ("message/rfc822", OURS.replace("Message-ID", "X-HmXmrOriginalRecipient: <ana@customer.test>\nMessage-ID")),
            From="staff@hotmail.com",
            Subject="complaint about message from 192.0.2.1",
        ),
        parts(
            ("text/plain", "This is an email abuse report for an email message from amazonses.com"),
            ("message/rfc822", OURS),
            From="complaints@email-abuse.amazonses.com",
            Subject="Abuse report",
        ),
        parts(
            ("text/plain", "A user marked this."), ("message/rfc822", OURS), From="scomp@aol.net", Subject="Client TOS"
        ),
        parts(
            ("text/plain", "Email Feedback Report for IP 192.0.2.1"),
            ("message/rfc822", OURS),
            From="feedbackloop@feedback.provider.test",
            Subject="Email Feedback Report for IP 192.0.2.1",
        ),
    ],
    ids=range(9),
)
def test_the_forms_of_providers_are_complaints_too(raw: bytes) -> None:
    found = read(raw)
    assert (found.kind, found.feedback_type, found.reported_message_id) == ("complaint", "abuse", OUR_ID)


@pytest.mark.parametrize(
    ("sender", "subject", "text"),
    [
        ("Ana <ana@customer.test>", "Complaint about message from Monday", "Complaint about message from May."),
        ("Ana <ana@customer.test>", "Your mail was marked as spam by my provider", "Please send the invoice again."),
        ("Ana <ana@customer.test>", "Re: abuse report for the shoes", "I considered spam to be a joke."),
        ("Ana <ana@customer.test>", "Feedback", "Feedback-Type: happy. I like the linen!"),
        ("Shop <fb@host.test>", "Your feedback report for May", "Version: 3\nNew reviews: 7"),
    ],
)  # fmt: skip
def test_a_customer_who_complains_is_a_person(sender: str, subject: str, text: str) -> None:
    assert read(mail(text, sender, subject)).kind == "person"


def test_a_customer_who_forwards_our_mail_and_calls_it_spam_is_a_person() -> None:
    leaves = (("text/plain", "This was reported as spam, did you send it?"), ("message/rfc822", OURS))
    assert read(parts(*leaves, From="Ana <ana@customer.test>", Subject="Fwd: Your parcel")).kind == "person"


@pytest.mark.parametrize("text", ["Feedback-Type: abuse\n" * 50_000, "Feedback-Type:" + "a" * 300_000, ":\n" * 100_000])
def test_hostile_reports_are_read_to_a_bound(text: str) -> None:
    found = read(parts(("message/feedback-report", text), kind=BY_THE_BOOK, From=FBL))
    assert found.kind == "complaint"
    assert len(found.feedback_type) <= 40
