"""Bytes in whatever charset a mail claims become text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.clock import monotonic
from mailer.inbound.charset import codec_of, decode

RUSSIAN = "Здравствуйте, где мой заказ? Он должен был прийти на прошлой неделе, но его всё ещё нет."
CHINESE = "您好，请问我的订单现在在哪里？已经过去两个星期了，还没有收到。"
JAPANESE = "こんにちは、注文した商品がまだ届きません。いつ届きますか。"


@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        ("UTF-8", "utf-8"),
        ("utf8", "utf-8"),
        ("iso-8859-1", "cp1252"),
        ("ISO_8859-1", "cp1252"),
        ("windows-1251", "cp1251"),
        ("win-1251", "cp1251"),
        ("cp-1251", "cp1251"),
        ("iso-gb2312", "gb18030"),
        ("x-gbk", "gb18030"),
        ("x-mac-cyrillic", "mac-cyrillic"),
        ("charset=us-ascii", "ascii"),
        ("ansi_x3.110-1983", "iso8859-1"),
        ("ks_c_5601-1987", "cp949"),
        ("x-sjis", "cp932"),
        ('"utf-8"', "utf-8"),
        ("DEFAULT_CHARSET", None),
        ("invalid-charset", None),
        ("", None),
        ("hex", None),
        ("punycode", None),
        ("unicode_escape", None),
        ("idna", None),
        ("rot13", None),
        ("a\0b", None),
        ("x" * 10_000, None),
    ],
)
def test_names_are_put_right(declared: str, codec: str | None) -> None:
    assert codec_of(declared) == codec


@pytest.mark.parametrize(
    ("text", "encoding", "declared"),
    [
        (RUSSIAN, "koi8-r", "koi8-r"),
        (RUSSIAN, "cp1251", "windows-1251"),
        (RUSSIAN, "utf-8", "windows-1251"),
        (RUSSIAN, "utf-8", "no-such"),
        (RUSSIAN, "mac-cyrillic", "x-mac-cyrillic"),
        (RUSSIAN, "cp1251", "utf-8"),
        (RUSSIAN, "cp1251", ""),
        (CHINESE, "gb18030", "gb2312"),
        (CHINESE, "gb18030", "utf-8"),
        (CHINESE, "gb18030", ""),
        (CHINESE, "utf-8", "gb2312"),
        (CHINESE, "hz", "hz-gb-2312"),
        ("谢谢", "gb2312", "gb2312"),
        ("訂單在哪裡", "big5", "big5"),
        (JAPANESE, "iso-2022-jp", "iso-2022-jp"),
        (JAPANESE, "cp932", "shift_jis"),
        (JAPANESE, "euc-jp", "euc-jp"),
        (JAPANESE, "cp932", "us-ascii"),
        ("주문한 상품이 아직 오지 않았습니다", "cp949", "ks_c_5601-1987"),
        ("“Grüße” – 5 €", "cp1252", "iso-8859-1"),
        ("Grüße", "latin-1", "utf-8"),
    ],
)
def test_text_is_read_as_it_was_written(text: str, encoding: str, declared: str) -> None:
    assert decode(text.encode(encoding), declared)[0] == text


@pytest.mark.parametrize(("declared", "wrong"), [("utf-8", False), ("", False), ("no-such", True), ("us-ascii", False)])
def test_a_wrong_claim_is_noted(declared: str, wrong: bool) -> None:
    assert bool(decode("Grüße".encode(), declared)[1]) == wrong


def test_a_text_that_is_cut_within_a_character_is_read_up_to_there() -> None:
    assert decode("ab好".encode(), "utf-8", limit=4) == ("ab", "")
    assert decode("好好".encode("gb18030"), "gb2312", limit=3)[0] == "好"


@given(
    st.binary(max_size=200),
    st.sampled_from(["utf-8", "gb2312", "utf-16", "utf-7", "hz", "iso-2022-jp", "big5", "x", ""]),
)
def test_any_bytes_become_text(data: bytes, declared: str) -> None:
    assert isinstance(decode(data, declared)[0], str)


@pytest.mark.parametrize("piece", [b"\xff", b"\xe4\xf6", b"\x1b$B", b"~{", b"+AAA-", b"\x80\x81", bytes(range(256))])
@pytest.mark.parametrize("declared", ["", "utf-8", "gb2312", "iso-2022-jp", "hz", "utf-7", "utf-16"])
def test_crafted_bytes_take_no_time(piece: bytes, declared: str) -> None:
    start = monotonic()
    decode(piece * (2_000_000 // len(piece)), declared)
    assert monotonic() - start < 2
