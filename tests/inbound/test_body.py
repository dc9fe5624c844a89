"""The tree of parts becomes what a person sees: one text, one HTML, and files."""

import pytest

from mailer.inbound.body import read_body
from mailer.inbound.parse import parse
from mailer.inbound.parsed import ParsedMail
from mailer.inbound.walk import Walker
from tests.build import mail_bytes
from tests.inbound.test_parse import with_body

PLAIN = "Content-Type: text/plain\n\nplain"
HTML = "Content-Type: text/html\n\n<p>rich</p>"
PICTURE = "Content-Type: image/png; name=photo.png\n\nx"


def multipart(kind: str, *parts: str, boundary: str = "b") -> str:
    inner = "".join(f"--{boundary}\n{part}\n" for part in parts)
    return f"Content-Type: multipart/{kind}; boundary={boundary}\n\n{inner}--{boundary}--"


RELATED = multipart("related", HTML, PICTURE, boundary="d")
FORWARDED = "Content-Type: message/rfc822\n\nSubject: x\n\ninner"


def read(whole: str) -> ParsedMail:
    return parse(f"From: a@b.test\n{whole}".replace("\n", "\r\n").encode())


@pytest.mark.parametrize(
    ("whole", "text", "html", "files"),
    [
        (PLAIN, "plain", None, []),
        (HTML, "rich", "<p>rich</p>", []),
        (multipart("alternative", PLAIN, HTML), "plain", "<p>rich</p>", []),
        (multipart("alternative", HTML, PLAIN), "plain", "<p>rich</p>", []),
        (multipart("alternative", "\n  ", HTML), "rich", "<p>rich</p>", []),
        (multipart("mixed", PLAIN, PICTURE, "\nmore"), "plain\n\nmore", None, ["photo.png"]),
        (multipart("mixed", PLAIN, HTML), "plain\n\nrich", "<pre>plain</pre>\n<p>rich</p>", []),
        (multipart("related", HTML, PICTURE), "rich", "<p>rich</p>", ["photo.png"]),
        (
            multipart("mixed", multipart("alternative", PLAIN, RELATED, boundary="c"), "\nend"),
            "plain\n\nend", "<p>rich</p>\n<pre>end</pre>", ["photo.png"],
        ),
        (multipart("mixed", PLAIN, "Content-Type: text/plain; name=log.txt\n\nlog"), "plain", None, ["log.txt"]),
        (multipart("mixed", PLAIN, "Content-Disposition: attachment\n\nlog"), "plain", None, ["attachment.txt"]),
        (multipart("alternative", PLAIN, "Content-Type: text/calendar\n\nBEGIN"), "plain", None, ["attachment.ics"]),
        (multipart("mixed", PLAIN, FORWARDED), "plain", None, ["attachment.eml"]),
        (multipart("digest", "\nSubject: x\n\ninner"), "", None, ["attachment.eml"]),
        (PICTURE, "", None, ["photo.png"]),
        ("Content-Type: text/x-unknown\n\nwords", "words", None, []),
        ("Content-Type: nonsense\n\nwords", "words", None, []),
        ("Content-Type: multipart/mixed\n\nwords", "words", None, []),
    ],
)  # fmt: skip
def test_text_html_and_files_are_found(whole: str, text: str, html: str | None, files: list[str]) -> None:
    mail = read(whole)
    assert mail.text == text
    assert mail.html == html
    assert [file.name for file in mail.attachments] == files


def test_of_html_what_is_quoted_is_told_apart() -> None:
    mail = read("Content-Type: text/html\n\n<p>mine</p><blockquote type=cite><p>yours</p></blockquote>")
    assert mail.own_words == "mine"
    assert "yours" in mail.quoted
    assert "yours" in mail.text


def test_the_words_of_all_parts_are_the_senders() -> None:
    assert read(multipart("mixed", PLAIN, PICTURE, "\nmore")).own_words.split() == ["plain", "more"]


def test_the_rules_about_kinds_see_every_text_and_every_report_whole() -> None:
    report = "Content-Type: message/delivery-status\n\nStatus: 5.1.1"
    raw = multipart("report", PLAIN, HTML, report, "Content-Disposition: attachment\n\nfile").encode()
    pieces = read_body(Walker(raw).walk(), []).pieces
    assert [(piece.content_type, piece.text, piece.attached) for piece in pieces] == [
        ("text/plain", "plain", False),
        ("text/html", "rich", False),
        ("message/delivery-status", "Status: 5.1.1", False),
        ("text/plain", "file", True),
    ]


@pytest.mark.parametrize(
    ("said", "date"),
    [
        ("Mon, 2 Nov 2026 10:00:00 +0100", "Mon, 2 Nov 2026 10:00:00 +0100"),
        ("Thu, 1 Jan 1970 00:00:00 +0000", "Thu, 1 Jan 1970 00:00:00 +0000"),
        ("in the year 9999", "in the year 9999"),
        ("x" * 300, "x" * 100),
        ("", None),
    ],
)
def test_a_date_is_kept_as_it_was_said(said: str, date: str | None) -> None:
    assert parse(mail_bytes(Date=said)).date == date


def test_a_charset_that_nobody_knows_is_noted_once() -> None:
    part = "Content-Type: text/plain; charset=no-such\n\nhi"
    assert read(multipart("mixed", part, part)).defects == ("unknown charset no-such, read as utf-8",)


def test_more_html_than_anybody_reads_is_cut_and_noted() -> None:
    mail = parse(with_body("text/html", b"<p>word</p>" * 200_000))
    assert mail.text.startswith("word")
    assert mail.defects == ("its HTML is too long; the end was not read",)
