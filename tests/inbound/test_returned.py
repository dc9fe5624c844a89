"""The copy that a report appends is told from the server's own words; its headers say whose mail it was."""

import pytest

from mailer.inbound.returned import Returned, header_name, split_copy
from mailer.inbound.shape import Piece, Shape
from tests.inbound.reports import OUR_ID, OURS

SAID = ["It failed.", "", "<ana@customer.test>: 550 unknown", ""]


@pytest.mark.parametrize(
    "mark",
    [
        "--- Below this line is a copy of the message.",
        "------ This is a copy of the message, including all the headers. ------",
        "   ----- Original message follows -----",
        "Original message headers:",
        "|------------------------- Message text follows: (body too large) -------|",
        "=== Returned message follows ===",
        "Received: from a by b",
    ],
)
def test_the_copy_begins_at_its_mark_or_its_headers(mark: str) -> None:
    copy = [mark, "Message-ID: <x@y.test>", "From: care@shop.test", "To: ana@customer.test"]
    assert split_copy([*SAID, *copy]) == (SAID, copy)


@pytest.mark.parametrize(
    "line",
    [
        "The following addresses did NOT receive a copy of your message:",
        "  To: ana@customer.test",
        "The original message was received at noon",
        "Message-ID: <x@y.test>",
        "a copy of the message",
    ],
)
def test_what_only_speaks_of_a_copy_is_no_copy(line: str) -> None:
    assert split_copy([*SAID, line, "> ana@customer.test"]) == ([*SAID, line, "> ana@customer.test"], [])


@pytest.mark.parametrize("kind", ["message/rfc822", "text/rfc822-headers", "message/global", "message/rfc822-headers"])
def test_the_headers_of_the_returned_mail_are_read_wherever_they_stand(kind: str) -> None:
    returned = Returned(Shape((), "", (), (Piece(kind, OURS),)))
    assert returned.message_id == OUR_ID
    assert returned.senders == {"care@shop.test"}
    assert returned.recipients == ("ana@customer.test",)
    assert Returned(Shape((), "", (), ()), [OURS.split("\n")]).message_id == OUR_ID


def test_a_quoted_or_folded_header_is_read_too() -> None:
    lines = [
        "> Received: from a",
        "> Message-ID:",
        ">  <our.7@shop.test>",
        "To: ana@customer.test,",
        "\tbob@customer.test",
    ]
    returned = Returned(Shape((), "", (), ()), [lines])
    assert returned.recipients == ("ana@customer.test", "bob@customer.test")


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("Message-ID: <x>", "message-id"),
        (">To: x", "to"),
        ("To whom: x", ""),
        ("no colon", ""),
        (": x", ""),
        ("a@b.test: no", ""),
        (f"{'x' * 50}: no", ""),
    ],
)
def test_a_header_line_has_a_name_without_spaces(line: str, name: str) -> None:
    assert header_name(line) == name
