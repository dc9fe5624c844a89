"""The kind of a mail decides its room; complaint comes before bounce, bounce before auto-reply, list before person."""

import pytest

from mailer.inbound.automated import is_listed, kind_of, may_auto_answer
from mailer.inbound.shape import MailKind, Piece, Shape

K = MailKind
ANA = "ana@customer.test"
BOUNCE = Piece("message/delivery-status", f"Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; {ANA}\nAction: failed")
COMPLAINT = Piece("message/feedback-report", "Feedback-Type: abuse\nVersion: 1\nUser-Agent: x")


def shape(*pieces: Piece, sender: str = ANA, subject: str = "My order", **headers: str) -> Shape:
    lines = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Shape(lines, subject, (sender,) if sender else (), pieces or (Piece("text/plain", "Where is it?"),))


@pytest.mark.parametrize(
    ("mail", "kind", "route"),
    [
        (shape(), K.PERSON, "triage"),
        (shape(list_id="<care.shop.test>"), K.LIST, "triage"),
        (shape(precedence="bulk"), K.LIST, "triage"),
        (shape(auto_submitted="auto-replied"), K.AUTO_REPLY, "none"),
        (shape(auto_submitted="auto-replied", list_id="<x.test>"), K.AUTO_REPLY, "none"),
        (shape(auto_submitted="auto-generated", list_id="<x.test>"), K.LIST, "none"),
        (shape(BOUNCE), K.BOUNCE, "bounce"),
        (shape(BOUNCE, auto_submitted="auto-replied", precedence="bulk"), K.BOUNCE, "bounce"),
        (shape(COMPLAINT), K.COMPLAINT, "complaint"),
        (shape(COMPLAINT, BOUNCE), K.COMPLAINT, "complaint"),
        (shape(content_type="multipart/report; report-type=delivery-status"), K.BOUNCE, "bounce"),
        (shape(content_type="multipart/report; report-type=feedback-report"), K.COMPLAINT, "complaint"),
        (shape(content_type="multipart/report; report-type=disposition-notification"), K.AUTO_REPLY, "none"),
        (shape(x_failed_recipients=ANA), K.BOUNCE, "bounce"),
        (Shape((), "", (), ()), K.PERSON, "triage"),
    ],
)
def test_the_strongest_sign_decides(mail: Shape, kind: MailKind, route: str) -> None:
    found = kind_of(mail)
    assert (found.kind, found.route) == (kind, route)
    assert (found.reason is None) == (route == "triage")
    assert found.may_auto_answer == (kind is K.PERSON and bool(mail.senders))
    assert found.is_auto_reply == (kind is K.AUTO_REPLY)


def test_addresses_of_ours_never_fail() -> None:
    assert kind_of(shape(BOUNCE), frozenset({ANA})).bounces == ()
    assert [one.recipient for one in kind_of(shape(BOUNCE)).bounces] == [ANA]


@pytest.mark.parametrize("count", [3_000])
def test_a_mail_of_many_parts_and_headers_is_judged_soon(count: int) -> None:
    headers = tuple((f"x-{number}", "550 a@b.test unknown") for number in range(count))
    pieces = tuple(Piece("text/plain", f"<c{number}@b.test>: 550 unknown\n" * 20) for number in range(count // 10))
    found = kind_of(Shape(headers, "failure notice", ("mailer-daemon@mx.test",), pieces))
    assert found.kind is K.BOUNCE
    assert len(found.bounces) <= 100


def test_the_two_answers_differ() -> None:
    listed = shape(precedence="list")
    assert is_listed(listed)
    assert not may_auto_answer(listed)
    assert not kind_of(listed).is_auto_reply
