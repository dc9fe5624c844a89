"""Mails made to hurt (FAILURES, facts 5 to 8, B8 to B11): each ends within 5 s and 512 MB, read or refused."""

import base64
from collections.abc import Iterator

import pytest

from mailer.clock import monotonic
from mailer.errors import InputError
from mailer.inbound.child import SECONDS, Reader
from tests.build import mail_bytes
from tests.inbound.test_parse import nested, parts, with_body

MIXED = "multipart/mixed; boundary=b"


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    made = Reader()
    yield made
    made.close()


def encoded(content_type: str, data: bytes) -> bytes:
    return with_body(content_type, base64.encodebytes(data), Content_Transfer_Encoding="base64")


def many(count: int, head: bytes, body: bytes) -> bytes:
    return with_body(MIXED, b"".join(b"--b\r\n" + head + b"\r\n\r\n" + body + b"\r\n" for _ in range(count)))


def header(name: str, value: bytes) -> bytes:
    return f"{name}: ".encode() + value + b"\r\n" + mail_bytes("hi")


def hostile() -> Iterator[tuple[str, bytes]]:
    yield "8 KB of quotes in From", header("From", b'"' * 8_000)
    yield "16 KB of quotes in From", header("From", b'"' * 16_000)
    yield "20,000 encoded words", header("Subject", b"=?utf-8?q?a?= " * 17_000)
    yield "20,000 addresses", header("To", b"a@b.test, " * 20_000)
    yield "500 nested comments", header("From", b"(" * 500 + b")" * 500)
    yield "500 nested multiparts", nested(500, "multipart/mixed; boundary=b{}")
    yield "20,000 parts", parts(20_000)
    yield "499 parts of HTML", many(499, b"Content-Type: text/html", b"<div><p>x" * 2_000)
    yield "480 parts in no charset", many(480, b"Content-Type: text/plain; charset=x", b"\xe4\xf6\xc0 " * 5_000)
    name = b'attachment; filename="' + b"\xe4=?utf-8?q?a?=/.\\" * 3_000 + b'"'
    yield "490 long names", many(490, b"Content-Type: a/b\r\nContent-Disposition: " + name, b"x")
    yield "5,000 continuations", header("Content-Type", b"text/plain" + b"".join(b"; a*%d=b" % n for n in range(5_000)))
    yield "5,000 parameters", header("Content-Type", b"text/plain" + b"".join(b"; a%d=b" % n for n in range(5_000)))
    yield (
        "500 header lines in no charset",
        b"".join(b"X%d: " % n + bytes((n * i) % 95 + 160 for i in range(400)) + b"\r\n" for n in range(500))
        + mail_bytes("hi"),
    )
    yield "comments in results", header("Authentication-Results", b"(" * 200_000)
    yield "40,000 references", header("References", b"<a@b> " * 40_000)
    yield "flowed", with_body("text/plain; format=flowed; delsp=yes", b"a \n" * 500_000)
    yield "quotes", with_body("text/plain", b">" * 2_000_000)
    yield "attributions", with_body("text/plain", b"On " * 33_000)
    yield "blank lines", with_body("text/plain", b"\n" * 2_000_000)
    yield "uuencode", with_body("text/plain", b"begin 644 x\n#aaa\n" * 100_000 + b"end\n")
    yield "references in HTML", with_body("text/html", b"&#" * 1_000_000)
    yield "a number of 400,000 digits", with_body("text/html", b"&#" + b"9" * 400_000 + b";")
    yield "deep HTML", with_body("text/html", b"<b><i><table>" * 100_000)
    yield (
        "winmail of nothings",
        encoded("application/ms-tnef", b"\x78\x9f\x3e\x22\x01\x00" + b"\x01" + b"\0" * 2_000_000),
    )
    yield (
        "winmail that lies",
        encoded(
            "application/ms-tnef", b"\x78\x9f\x3e\x22\x01\x00\x01\x03\x90\x06\x00\xff\xff\xff\x7f" + b"\xff" * 1_000_000
        ),
    )
    yield "25 MB file", encoded("application/pdf", b"x" * 25_000_000)
    yield "30 MB text", with_body("text/plain", b"where is it?\r\n" * 2_200_000)
    yield "escape sequences", with_body("text/plain; charset=iso-2022-jp", b"\x1b$B" * 600_000)
    yield "shifts", with_body("text/plain; charset=hz", b"~{" * 1_000_000)
    yield "direction marks", with_body("text/plain; charset=utf-8", "\u202e".encode() * 1_000_000)


@pytest.mark.parametrize(("name", "raw"), list(hostile()), ids=lambda value: value if isinstance(value, str) else "")
def test_a_mail_made_to_hurt_does_not(reader: Reader, name: str, raw: bytes) -> None:
    reader.read(mail_bytes("warm"))
    start = monotonic()
    try:
        mail = reader.read(raw)
    except InputError as error:
        # Refused for what it is: the child outlived it, within its 512 MB.
        assert "died" not in str(error), name
        assert "seconds" not in str(error), name
        assert "memory" not in str(error), name
    else:
        assert len(mail.text) <= 500_000
    assert monotonic() - start < SECONDS


@pytest.mark.parametrize(
    "raw",
    [
        header("From", b"=?utf-8?q?a=0D=0AX: 1?= <a@b.c>"),
        header("Subject", b"=?utf-8?q?x=0D=0ABcc:_evil@x.y?="),
        header("Subject", b"=?utf-8?b?eA0KQmNjOiBldmlsQHgueQ==?="),
        header("From", b"=?utf-8?q?=E2=80=AEmoc.live?= <a@b.c>"),
        header("Reply-To", b"=?utf-8?q?a=00b?= <a@b.c>"),
        header("Message-ID", b"<a\r\n b@c>"),
        header("Message-ID", b"<=?utf-8?q?a=0D=0Ab?=@c>"),
        header("Date", b"=?utf-8?q?a=0D=0Ab?="),
    ],
)
def test_nothing_is_injected(reader: Reader, raw: bytes) -> None:
    mail = reader.read(raw)
    people = (*mail.senders, *mail.reply_addresses)
    for line in (
        mail.subject,
        mail.message_id,
        mail.date or "",
        *(one.name for one in people),
        *(one.address for one in people),
    ):
        assert line.isprintable()


def test_what_is_encoded_twice_stays_text(reader: Reader) -> None:
    mail = reader.read(header("Subject", b"=?utf-8?q?=3D=3Futf-8=3Fq=3Fx=3D0D=3D0ABcc=3F=3D?="))
    assert mail.subject == "=?utf-8?q?x=0D=0ABcc?="


def test_words_that_look_like_a_template_are_words(reader: Reader) -> None:
    mail = reader.read(mail_bytes("{{ 7*7 }}", Subject="{{7*7}}", From="{{7*7}} <a@b.test>"))
    assert (mail.subject, mail.own_words, mail.senders[0].name) == ("{{7*7}}", "{{ 7*7 }}", "{{7*7}}")
