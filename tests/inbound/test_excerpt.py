"""The text of a large mail is found by its structure, whatever the structure looks like."""

from typing import Any

import pytest

from mailer.inbound.excerpt import TextPart, assemble, text_part
from mailer.inbound.parse import parse

TEXT = (b"text", b"plain", (b"charset", b"utf-8"), None, None, b"7bit", 20, 2)
HTML = (b"TEXT", b"HTML", None, None, None, b"base64", 20, 2)
PICTURE = (b"image", b"png", None, None, None, b"base64", 30_000_000)
OUTER = (b"boundary", b"outer")


@pytest.mark.parametrize(
    ("structure", "part"),
    [
        (TEXT, TextPart("1", "")),
        (([TEXT, PICTURE], b"mixed", OUTER, None), TextPart("1", "outer")),
        (([PICTURE, TEXT], b"mixed", (b"BOUNDARY", b"outer"), None), TextPart("2", "outer")),
        (
            ([([HTML, TEXT], b"alternative", (b"boundary", b"inner")), PICTURE], b"mixed", OUTER),
            TextPart("1.2", "outer"),
        ),
        (([HTML, PICTURE], b"mixed", OUTER), TextPart("1", "outer")),
        (([PICTURE], b"mixed", OUTER), None),
        (PICTURE, None),
        (None, None),
        ((), None),
        (([], b"mixed"), None),
        (([None, 7, (b"text",)], b"mixed"), None),
        (b"text", None),
    ],
)
def test_the_first_plain_text_else_the_first_html(structure: Any, part: TextPart | None) -> None:
    assert text_part(structure) == part


def test_a_structure_nested_without_end_ends() -> None:
    nested: Any = TEXT
    for _ in range(500):
        nested = ([nested], b"mixed", OUTER)
    assert text_part(nested) is None


def test_the_excerpt_is_a_mail_with_the_original_header() -> None:
    header = b'From: ana@customer.test\r\nContent-Type: multipart/mixed; boundary="outer"\r\nMessage-ID: <1@x>\r\n\r\n'
    mime = b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
    mail = parse(assemble(header, TextPart("2", "outer"), mime, "Wo ist mein Päckchen?".encode()))
    assert (mail.message_id, mail.text.strip()) == ("<1@x>", "Wo ist mein Päckchen?")
