"""Names of files that are safe to show and to save, and the wrappers that we open."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.inbound.attachments import open_winmail, safe_name, without_uuencoded
from mailer.inbound.parse import parse
from mailer.signing import digest
from tests.inbound.test_parse import with_body


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("photo.jpg", "photo.jpg"),
        ("Größe 42.pdf", "Größe 42.pdf"),
        ("注文.png", "注文.png"),
        ("../../etc/cron.d/x", "x"),
        ("C:\\Windows\\a.exe", "a.exe"),
        ("..\\..\\a.exe", "a.exe"),
        ("/etc/passwd", "passwd"),
        ("a/b/", "b"),
        ("x\0.php\0.jpg", "x.php.jpg"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a\r\nSet-Cookie: x.txt", "aSet-Cookie_ x.txt"),
        ('a"b<c>d|e?f*g.txt', "a_b_c_d_e_f_g.txt"),
        ("  .hidden. ", "hidden"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("", "attachment"),
        ("...", "attachment"),
        ("/", "attachment"),
        ("\u200b", "attachment"),
    ],
)
def test_a_hostile_name_becomes_a_plain_one(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_a_long_name_keeps_its_extension() -> None:
    assert safe_name("x" * 5_000 + ".pdf") == "x" * 116 + ".pdf"
    assert len(safe_name("x." + "y" * 5_000)) == 120


def test_a_nameless_file_is_called_by_its_kind() -> None:
    assert safe_name("", "image/jpeg") == "attachment.jpg"


@given(st.text())
def test_no_name_leaves_its_folder(name: str) -> None:
    safe = safe_name(name)
    assert safe
    assert len(safe) <= 120
    assert safe.isprintable()
    assert not set(safe) & set('/\\:<>"|?*')
    assert safe not in (".", "..")


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('attachment; filename="a.txt"', "a.txt"),
        ("attachment; filename=a.txt", "a.txt"),
        ("attachment; filename*=utf-8''%e2%82%ac%20rates.txt", "€ rates.txt"),
        ("attachment; filename*0*=utf-8''%e2%82; filename*1*=%ac; filename*2=\" 1.txt\"", "€ 1.txt"),
        ("attachment; filename*1=b.txt; filename*0=a", "ab.txt"),
        ('attachment; filename="=?utf-8?q?Gr=C3=B6=C3=9Fe.txt?="', "Größe.txt"),
        ("attachment; filename=\"plain.txt\"; filename*=utf-8''better.txt", "better.txt"),
        ("attachment; filename*=utf-8''..%2f..%2fetc%2fpasswd", "passwd"),
        ("attachment; filename*=utf-8''a%0d%0ab%e2%80%ae.txt", "a  b.txt"),
        ('attachment; filename="C:\\\\Users\\\\ana\\\\a.txt"', "a.txt"),
        ('attachment; filename="semi;colon.txt"', "semi;colon.txt"),
        ("attachment; filename*=no-such''a.txt", "a.txt"),
        ("attachment; filename*x=a.txt", "attachment.pdf"),
        ("attachment" + "".join(f"; filename*{n}=a" for n in range(5_000)), "a" * 100),
    ],
)
def test_names_are_read_in_every_notation(header: str, name: str) -> None:
    inner = f"--b\r\nContent-Type: application/pdf\r\nContent-Disposition: {header}\r\n\r\nx\r\n--b--".encode()
    (file,) = parse(with_body("multipart/mixed; boundary=b", inner)).attachments
    assert file.name == name
    assert (file.content_type, file.size, file.sha256) == ("application/pdf", 1, digest(b"x"))


def test_uuencoded_files_are_taken_out_of_the_text() -> None:
    text = "see below\nbegin 644 cat.txt\n#0V%T\n`\nend\nbye"
    assert without_uuencoded(text) == ("see below\nbye", [("cat.txt", b"Cat")])
    mail = parse(with_body("text/plain", text.encode()))
    assert mail.text == "see below\nbye"
    assert [(one.name, one.size) for one in mail.attachments] == [("cat.txt", 3)]


@pytest.mark.parametrize(
    "text", ["begin 644 x\nhello", "begin 644 x\nno code here\nend", "we begin 644 x\n#0V%T\nend", "begin\nend", ""]
)
def test_words_that_look_like_uuencode_stay(text: str) -> None:
    assert without_uuencoded(text) == (text, [])


def wrapped(*attributes: tuple[int, int, int, bytes]) -> bytes:
    """A winmail.dat of these attributes: level, name, type, data (MS-OXTNEF, 2.1.3.1)."""
    out = b"\x78\x9f\x3e\x22\x01\x00"
    for level, name, kind, data in attributes:
        head = bytes([level]) + name.to_bytes(2, "little") + kind.to_bytes(2, "little")
        out += head + len(data).to_bytes(4, "little") + data + (sum(data) & 0xFFFF).to_bytes(2, "little")
    return out


WINMAIL = wrapped(
    (1, 0x800C, 2, b"Where is my parcel?\0"),
    (2, 0x9002, 6, b"\0" * 14),
    (2, 0x8010, 1, b"..\\photo.jpg\0"),
    (2, 0x800F, 6, b"picture"),
)


def test_outlooks_wrapper_is_opened() -> None:
    opened = open_winmail(WINMAIL)
    assert opened is not None
    assert opened.text == "Where is my parcel?"
    mail = parse(with_body("application/ms-tnef; name=winmail.dat", WINMAIL))
    assert mail.text == mail.own_words == "Where is my parcel?"
    assert [(one.name, one.size) for one in mail.attachments] == [("photo.jpg", 7)]


def test_a_wrapper_that_repeats_the_mail_adds_no_words() -> None:
    inner = b"--b\r\n\r\nWhere?\r\n--b\r\nContent-Type: application/ms-tnef\r\n\r\n" + WINMAIL + b"\r\n--b--"
    assert parse(with_body("multipart/mixed; boundary=b", inner)).text == "Where?"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x78\x9f\x3e\x22\x01\x00",
        b"no such thing",
        wrapped((1, 0, 0, b"")) * 5_000,
        WINMAIL[:12],
        wrapped(*[(1, 0, 0, b"")] * 9_000),
    ],
    ids=["empty", "head only", "other", "repeated", "cut", "many"],
)
def test_a_broken_wrapper_is_only_a_file(data: bytes) -> None:
    mail = parse(with_body("application/ms-tnef", data))
    assert mail.text == ""
    assert len(mail.attachments) <= 1
