"""HTML for a frame: pictures of the mail within it, what lies elsewhere told and never fetched."""

from base64 import b64encode

import pytest

from mailer.errors import InputError
from mailer.inbound.child import Reader
from mailer.inbound.showing import Shown, file_of, kind_of_picture, show
from mailer.signing import digest

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
SVG = b"<svg onload='alert(1)'></svg>"


def mail(html: str, *pictures: tuple[str, bytes]) -> bytes:
    parts = [f"Content-Type: text/html; charset=utf-8\r\n\r\n{html}".encode()]
    for name, data in pictures:
        head = f"Content-Type: image/png\r\nContent-ID: <{name}>\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        parts.append(head.encode() + b64encode(data))
    body = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts)
    head = b"From: a@x.test\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n"
    return head + body + b"--b--\r\n"


def test_a_picture_of_the_mail_stands_in_it() -> None:
    shown = show(mail('<img src="cid:a@x" alt="Our <shirt>">', ("a@x", PNG)))
    assert f'<img src="data:image/png;base64,{b64encode(PNG).decode()}" alt="Our &lt;shirt&gt;">' in shown.html
    assert shown.pictures == ()


@pytest.mark.parametrize("data", [SVG, b"GIF", b"%PDF-1.4", PNG + b"\0" * 2_000_000, b""])
def test_only_plain_pictures_of_modest_size_are_shown(data: bytes) -> None:
    shown = show(mail('<p>x<img src="cid:a@x" alt="A"></p>', ("a@x", data)))
    assert "<img" not in shown.html
    assert "[▧ A]" in shown.html


def test_all_pictures_together_have_a_limit() -> None:
    large = PNG + b"\0" * 1_900_000
    html = "".join(f'<img src="cid:{number}">' for number in range(6))
    shown = show(mail(html, *((str(number), large + bytes([number])) for number in range(6))))
    assert shown.html.count("<img") == 4


def test_pictures_and_links_elsewhere_are_told_each_once() -> None:
    html = (
        '<img src="https://a.test/1.png" alt="One"><img src="https://a.test/1.png"><img src="//b.test/2" width="1">'
        '<a href="https://evil.test/x?a=1&amp;b=2">www.bank.test</a><a href="mailto:x@y.test">mail</a>'
        '<a href="javascript:alert(1)">no</a><img src="file:///etc/passwd"><img src="http://[broken">'
    )
    shown = show(mail(html))
    assert [(one.host, one.words) for one in shown.pictures] == [("a.test", "One")]
    assert [(one.address, one.host, one.words) for one in shown.links] == [
        ("https://evil.test/x?a=1&b=2", "evil.test", "www.bank.test")
    ]
    assert shown.unseen == 1
    assert "www.bank.test</a> <small>[evil.test]</small>" in shown.html
    assert "[▧ One · a.test]" in shown.html
    assert "href" not in shown.html


def test_a_mail_without_html_has_none_to_show() -> None:
    assert show(b"From: a@x.test\r\n\r\nplain <b>words</b>") == Shown("")


def test_the_child_process_shows_and_hands_out_files() -> None:
    raw = mail('<img src="cid:a@x">', ("a@x", PNG))
    reader = Reader()
    try:
        assert reader.show(raw) == show(raw)
        assert reader.file(raw, digest(PNG)) == PNG == file_of(raw, digest(PNG))
        with pytest.raises(InputError, match="no such file"):
            reader.file(raw, digest(b"another"))
    finally:
        reader.close()


def test_a_picture_is_known_by_its_bytes() -> None:
    known = {PNG: "image/png", b"\xff\xd8\xff\xe0": "image/jpeg", b"GIF89a": "image/gif", b"RIFF1234WEBP": "image/webp"}
    assert {data: kind_of_picture(data) for data in known} == known
    assert kind_of_picture(b"<svg>") == kind_of_picture(b"RIFF1234WAVE") == ""
