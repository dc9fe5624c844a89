"""Plain text as people mean it."""

import pytest

from mailer.clock import monotonic
from mailer.inbound.parse import parse
from mailer.inbound.plain import printable, unflowed, without_armour
from tests.inbound.test_parse import with_body


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("a\r\nb\rc", "a\nb\nc"),
        ("a\u00a0b\u2009c", "a b c"),
        ("a\0b\x1b[31m\x07", "ab[31m"),
        ("pass\u200bword\ufeff", "password"),
        ("\u202eevil\u2066", "evil"),
        ("a\u2028b\u2029c", "a\nb\nc"),
        ("\ud800x\ufffe", "x"),
        ("👩‍👩‍👧 ok ✔️", "👩‍👩‍👧 ok ✔️"),
        ("你好\u3000世界", "你好\u3000世界"),
    ],
)
def test_what_a_screen_cannot_show_is_left_out(raw: str, text: str) -> None:
    assert printable(raw) == text


@pytest.mark.parametrize(
    ("raw", "delsp", "text"),
    [
        ("one \ntwo\nthree", False, "one two\nthree"),
        ("one \ntwo \nthree", True, "onetwothree"),
        ("> quoted \n> on\nmine \nmore", False, "> quoted on\nmine more"),
        (">> deep \n> less", False, ">> deep \n> less"),
        (" stuffed\n >not a quote", False, "stuffed\n>not a quote"),
        ("bye \n-- \nAna", False, "bye \n-- \nAna"),
        ("-- \nAna", False, "-- \nAna"),
        ("注 \n文", True, "注文"),
        ("", False, ""),
    ],
)
def test_flowed_lines_are_joined(raw: str, delsp: bool, text: str) -> None:
    assert unflowed(raw, delsp=delsp) == text


def test_a_flowed_mail_is_read_as_its_header_says() -> None:
    assert parse(with_body("text/plain; format=flowed", b"where is \r\nit?")).text == "where is it?"
    assert parse(with_body("text/plain; format=Flowed; DelSp=yes", b"where is \r\nit?")).text == "where isit?"
    assert parse(with_body("text/plain", b"where is \r\nit?")).text == "where is \nit?"


@pytest.mark.parametrize(
    ("raw", "text", "told"),
    [
        (
            "-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----",
            "",
            "encrypted (PGP): it cannot be read here",
        ),
        (
            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nhello\n- --dash\n-----BEGIN PGP SIGNATURE-----\nx",
            "hello\n--dash\n",
            "signed (PGP); the signature was not checked",
        ),
        ("we say -----BEGIN PGP MESSAGE----- often", "we say -----BEGIN PGP MESSAGE----- often", ""),
    ],
)
def test_armour_is_taken_off_or_told(raw: str, text: str, told: str) -> None:
    assert without_armour(raw) == (text, told)


@pytest.mark.parametrize(
    ("content_type", "words"),
    [
        ('multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b', "encrypted (PGP)"),
        ("application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", "encrypted (S/MIME)"),
        ("application/x-pkcs7-mime", "encrypted (S/MIME)"),
        ("application/pkcs7-mime; smime-type=signed-data", "signed in a closed form (S/MIME)"),
    ],
)
def test_what_is_encrypted_is_told_and_has_no_words(content_type: str, words: str) -> None:
    body = b"--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--b\r\n\r\nsecret\r\n--b--"
    mail = parse(with_body(content_type, body))
    assert mail.text == mail.own_words == ""
    assert any(words in defect for defect in mail.defects)
    assert mail.attachments


def test_of_a_clear_signed_mail_the_first_part_is_shown() -> None:
    body = b"--b\r\n\r\nhello\r\n--b\r\nContent-Type: application/pkcs7-signature; name=smime.p7s\r\n\r\nx\r\n--b--"
    mail = parse(with_body("multipart/signed; boundary=b", body))
    assert mail.text == "hello"
    assert mail.defects == ("signed (S/MIME); the signature was not checked",)
    assert [one.name for one in mail.attachments] == ["smime.p7s"]


@pytest.mark.parametrize("line", ["a \n", "> a \n", ">" * 500 + " \n", " \n", "-- \n", "begin 644 x\n"])
def test_long_texts_take_no_time(line: str) -> None:
    start = monotonic()
    unflowed(line * (500_000 // len(line)), delsp=True)
    printable(line * (2_000_000 // len(line)))
    assert monotonic() - start < 3
