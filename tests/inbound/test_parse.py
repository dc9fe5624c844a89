"""Any bytes become values within bounds, or are refused with a reason; nothing else ever happens."""

import base64
from collections.abc import Iterator
from unicodedata import category

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailer.clock import monotonic
from mailer.errors import InputError
from mailer.inbound.headers import Address
from mailer.inbound.parse import parse
from mailer.inbound.parsed import ParsedMail
from mailer.model import Route
from tests.build import mail_bytes


def with_body(content_type: str, body: bytes, **headers: str) -> bytes:
    return mail_bytes("", Content_Type=content_type, **headers) + body


def addresses_of(mail: ParsedMail) -> list[str]:
    return [one.address for one in mail.senders]


def test_a_plain_mail_is_read() -> None:
    headers = {"In_Reply_To": "<ours@shop.test>", "References": "<first@shop.test> <ours@shop.test>"}
    mail = parse(mail_bytes("Where is it?\r\n> quoted\r\n", Reply_To="Other <Other@x.test>", **headers))
    expected = ParsedMail(
        message_id="<letter@customer.test>",
        in_reply_to="<ours@shop.test>",
        reference_ids=("<first@shop.test>", "<ours@shop.test>"),
        subject="My order",
        senders=mail.senders,
        reply_to="other@x.test",
        text="Where is it?\n> quoted",
        own_words="Where is it?",
        quoted=mail.quoted,
        reply_addresses=(Address("other@x.test", "Other"),),
        authenticity=mail.authenticity,
    )
    assert mail == expected
    assert mail.quoted == "> quoted"
    assert [(one.address, one.name) for one in mail.senders] == [("ana@customer.test", "Anabel Costa")]


def test_a_mail_without_message_id_gets_the_same_one_each_time() -> None:
    one, again, other = (parse(mail_bytes(text, Message_ID="")) for text in ("a", "a", "b"))
    assert one.message_id == again.message_id != other.message_id
    assert one.message_id.endswith("@missing.invalid>")


@pytest.mark.parametrize("broken", ["no brackets", "<>", "<a b@c>", "<a\0b@c>", "\x01"])
def test_a_broken_message_id_counts_as_missing(broken: str) -> None:
    assert parse(mail_bytes(Message_ID=broken)).message_id.endswith("@missing.invalid>")


def test_the_poison_from_is_read() -> None:
    mail = parse(mail_bytes(From="=?utf-8?q?a=0D=0AX: 1?= <a@b.test>"))
    assert addresses_of(mail) == ["a@b.test"]
    assert all(one.name.isprintable() for one in mail.senders)


def test_two_from_lines_are_two_senders() -> None:
    assert addresses_of(parse(b"From: a@b.test\r\nfrom: c@d.test\r\n\r\nhi")) == ["a@b.test", "c@d.test"]


def test_an_unquoted_victim_is_one_of_two_senders() -> None:
    assert len(addresses_of(parse(mail_bytes(From="victim@example.com <x@evil.com>")))) == 2


def test_a_subject_cannot_bring_a_header() -> None:
    assert parse(mail_bytes(Subject="=?utf-8?q?x=0D=0ABcc:_evil@x.y?=")).subject == "x Bcc: evil@x.y".replace(
        "x B", "x  B"
    )


def test_no_header_holds_what_a_database_refuses() -> None:
    mail = parse(
        b"From: A\0na <a\0b@c.test>, d@e.test\r\nSubject: a\0b\r\nAuto-Submitted: x\0y\r\n"
        b"In-Reply-To: <a\0b@c>\r\nReply-To: x\0y@z.test\r\n\r\na\0b"
    )
    assert "\0" not in repr(vars(mail))
    assert "\\x00" not in repr(vars(mail))
    assert mail.text == "ab"


@pytest.mark.parametrize(
    ("charset", "body", "text"),
    [
        ("utf-8", "Grüße".encode(), "Grüße"),
        ("iso-8859-1", b"Gr\xfc\xdfe \x80", "Grüße €"),
        ("us-ascii", "Grüße".encode(), "Grüße"),
        ("iso-gb2312", "谢谢".encode("gb2312"), "谢谢"),
        ("gb2312", "你好镕".encode("gb18030"), "你好镕"),
        ("iso-2022-jp", "注文".encode("iso-2022-jp"), "注文"),
        ("utf-8", b"Gr\xfc\xdfe", "Grüße"),
        *(
            (name, "Grüße".encode(), "Grüße")
            for name in ("DEFAULT_CHARSET", "x-mac-cyrillic", "charset=us-ascii", "invalid-charset")
        ),
        *(
            (name, "Grüße".encode(), "Grüße")
            for name in (
                "idna",
                "punycode",
                "unicode_escape",
                "undefined",
                "hex",
                "zlib",
                "rot13",
                "mbcs",
                '"a\0b"',
                '""',
            )
        ),
    ],
)
def test_a_body_is_read_in_whatever_charset_it_claims(charset: str, body: bytes, text: str) -> None:
    assert parse(with_body(f"text/plain; charset={charset}", body)).text == text


@pytest.mark.parametrize("parameter", ["charset*=utf-8''utf-8", "charset*=a\0b''utf-8", "charset*0=ut; charset*1=f-8"])
def test_a_charset_in_extended_notation_is_no_obstacle(parameter: str) -> None:
    assert "llo" in parse(with_body(f"text/plain; {parameter}", b"\xffhello")).text


@pytest.mark.parametrize(
    ("encoding", "body", "text"),
    [
        ("base64", base64.b64encode(b"hello"), "hello"),
        ("base64", b"aGVsbG8", "hello"),
        ("quoted-printable", b"h=65llo=\r\n you", "hello you"),
        ("no-such", b"hello", "hello"),
        ("x-uuencode", b"begin 644 x\nhello", "begin 644 x\nhello"),
    ],
)
def test_a_transfer_encoding_is_undone_or_left(encoding: str, body: bytes, text: str) -> None:
    assert parse(with_body("text/plain", body, Content_Transfer_Encoding=encoding)).text == text


def test_plain_text_is_preferred_and_html_read_where_there_is_none() -> None:
    both = b"--b\r\nContent-Type: text/plain\r\n\r\nplain\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>html</p>\r\n--b--"
    assert parse(with_body("multipart/alternative; boundary=b", both)).text == "plain"
    empty = both.replace(b"\r\nplain", b"\r\n  ")
    assert parse(with_body("multipart/alternative; boundary=b", empty)).text == "html"
    html = b"<style>p{}</style><p>Where<br>is it?</p><script>x()</script><p style='display:none'>hidden words</p>"
    assert parse(with_body("text/html", html)).text.split() == ["Where", "is", "it?"]


@pytest.mark.parametrize(
    "html",
    [b"", b"<!-- x -->", b"<html></html>", b"<?xml version='1.0' encoding='utf-8'?><p>x", b"<", b"&#0;&#xd800;", b"\0"],
)
def test_strange_html_is_read_without_complaint(html: bytes) -> None:
    assert parse(with_body("text/html", html)).text.strip("�x<") == ""


def test_attachments_and_forwarded_mails_are_not_the_senders_words() -> None:
    body = (
        b"--b\r\n\r\nmine\r\n--b\r\nContent-Disposition: attachment\r\n\r\nan attachment\r\n"
        b"--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nforwarded\r\n--b--"
    )
    assert parse(with_body("multipart/mixed; boundary=b", body)).text == "mine"


@pytest.mark.parametrize(
    ("headers", "route"),
    [
        ({"Auto_Submitted": "auto-replied"}, Route.NONE),
        ({"Content_Type": "multipart/report; report-type=delivery-status; boundary=b"}, Route.BOUNCE),
    ],
)
def test_a_machines_mail_has_its_route_and_the_sign(headers: dict[str, str], route: Route) -> None:
    mail = parse(mail_bytes(**headers))
    assert mail.route == route
    assert mail.automatic


def nested(levels: int, content_type: str) -> bytes:
    parts = (f"Content-Type: {content_type.format(n)}\r\n\r\n--b{n}\r\n" for n in range(levels))
    return b"From: a@b.test\r\n" + "".join(parts).encode() + b"\r\nhi"


def parts(count: int) -> bytes:
    return with_body("multipart/mixed; boundary=b", b"--b\r\n\r\nx\r\n" * count)


@pytest.mark.parametrize(
    "raw",
    [
        nested(40, "multipart/mixed; boundary=b{}"),
        nested(500, "multipart/mixed; boundary=b{}"),
        parts(600),
        parts(20_000),
        parts(400_000),
        b"X: y\r\n" * 50_000,
        b"Subject: " + b"x" * 300_000 + b"\r\n\r\nhi",
        mail_bytes(From=f"<{'x' * 400}@b.test>"),
    ],
    ids=["depth 40", "depth 500", "600 parts", "20,000 parts", "400,000 parts", "no end", "300 KB", "long address"],
)
def test_what_would_hurt_is_refused_soon(raw: bytes) -> None:
    start = monotonic()
    with pytest.raises(InputError):
        parse(raw)
    assert monotonic() - start < 2


def crafted() -> Iterator[tuple[str, bytes]]:
    from_line = b"From: %b\r\nSubject: s\r\n\r\nhi"
    yield "quotes in From", from_line % (b'"' * 240_000)
    yield "encoded words in From", from_line % (b"=?utf-8?q?a?= " * 17_000)
    yield "addresses in From", from_line % (b"a@b.test, " * 24_000)
    yield "comments in From", from_line % (b"(" * 120_000 + b")" * 120_000)
    yield "From lines", b"From: a@b.test\r\n" * 15_000 + b"\r\nhi"
    yield "header lines", b"X: y\r\n" * 40_000 + b"\r\nhi"
    yield "folds", b"Subject: " + b"a\r\n " * 60_000 + b"\r\n\r\nhi"
    yield "rfc822 in rfc822", nested(500, "message/rfc822")
    yield "rfc2231 parameters", with_body("text/plain" + "".join(f"; a*{n}=b" for n in range(15_000)), b"hi")
    yield "quotes in Content-Type", with_body("text/plain" + ';"' * 100_000, b"hi")
    inner = b"--b\r\nContent-Type: text/plain" + b';"' * 1_000_000 + b"\r\n\r\nhi\r\n--b--"
    yield "a part's Content-Type of 2 MB", with_body("multipart/mixed; boundary=b", inner)
    inner = b"--b\r\nContent-Type: multipart/mixed" + b';"' * 1_000_000 + b"\r\n\r\nhi\r\n--b--"
    yield "a multipart's Content-Type of 2 MB", with_body("multipart/mixed; boundary=b", inner)
    yield "a long boundary", with_body(f"multipart/mixed; boundary={'b' * 200_000}", b"--b\r\nhi")
    yield "no boundary", with_body("multipart/mixed", b"--b\r\nhi")
    yield "slow codec", with_body("text/plain; charset=punycode", b"abc" * 100_000 + b"-" + b"zz9" * 30_000)
    yield "deep html", with_body("text/html", b"<div>" * 100_000 + b"hi")
    yield "html lists", with_body("text/html", b"<ul><li>" * 5_000 + b"hi")
    yield "html spans", with_body("text/html", b"<table><tr><td rowspan=1000000 colspan=1000000>hi</table>")
    yield "html style", with_body("text/html", b"<p style='margin-top:999999999em;" + b"a:b;" * 50_000 + b"'>hi")
    yield "5 MB of text", with_body("text/plain", b"where is it?\r\n" * 350_000)


@pytest.mark.parametrize(("name", "raw"), list(crafted()), ids=lambda value: value if isinstance(value, str) else "")
def test_crafted_mail_is_read_soon(name: str, raw: bytes) -> None:
    start = monotonic()
    mail = parse(raw)
    assert monotonic() - start < 2, name
    assert len(mail.text) <= 500_000
    assert mail.message_id


def test_a_header_that_ends_with_plain_newlines_is_not_measured_up_to_a_later_windows_line() -> None:
    raw = b"From: a@b.test\nSubject: s\n\n" + b"x\n" * 140_000 + b"\r\n\r\nmore"
    assert parse(raw).subject == "s"


@given(st.binary())
def test_arbitrary_bytes_are_read_or_refused(raw: bytes) -> None:
    _read_or_refused(raw)


WHOLE = with_body(
    "multipart/mixed; boundary=b",
    b"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nWh=65re\r\n"
    b"--b\r\nContent-Type: text/html; charset*=utf-8''utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nPHA+\r\n"
    b"--b\r\nContent-Disposition: attachment; filename*0=a; filename*1=b\r\n\r\nx\r\n--b--\r\n",
    From="=?utf-8?q?Jos=C3=A9?= <jose@customer.test>",
    References="<a@b.test>\r\n <c@d.test>",
)
PIECES = [
    b"",
    b"\0",
    b"\r\n",
    b"\r\n\r\n",
    b"\xff",
    b"--b",
    b'"',
    b"=?utf-8?q?",
    b"charset*=",
    b";",
    b"<p>",
    b"message/rfc822",
]


@given(
    st.lists(st.tuples(st.integers(0, len(WHOLE)), st.integers(0, 40), st.sampled_from(PIECES)), min_size=1, max_size=8)
)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_damaged_mail_is_read_or_refused(damages: list[tuple[int, int, bytes]]) -> None:
    raw = WHOLE
    for place, length, piece in damages:
        raw = raw[:place] + piece + raw[place + length :]
    _read_or_refused(raw)


def _read_or_refused(raw: bytes) -> None:
    try:
        mail = parse(raw)
    except InputError as error:
        assert error.problems
        return
    for line in (mail.message_id, mail.in_reply_to, mail.subject, mail.reply_to, *addresses_of(mail)):
        assert line.isprintable()
    # Characters that no one has assigned, and those for private use (icons), are drawn as boxes and harmless.
    harmless = ("Co", "Cn")
    assert all(char in "\n\t" or char.isprintable() or category(char) in harmless for char in mail.text)
    assert len(mail.subject) <= 500
