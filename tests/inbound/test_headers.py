"""Header values become words, addresses and identifiers, however they were meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.clock import monotonic
from mailer.inbound.headers import Address, addresses, clean, decode_words, identifiers, unfold

LONG = 100_000


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("plain", "plain"),
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?UTF-8?B?R3LDvMOfZQ==?=", "Grüße"),
        ("=?utf-8?b?R3LDvMOfZQ?=", "Grüße"),
        ("=?iso-8859-1?Q?Gr=FC=DFe_aus_K=F6ln?=", "Grüße aus Köln"),
        ("=?utf-8*de?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?gb2312?B?xOO6ww==?=", "你好"),
        ("=?iso-2022-jp?B?GyRCQ21KOBsoQg==?=", "注文"),
        ("Re: =?utf-8?q?a?= =?utf-8?q?b?= c", "Re: ab c"),
        ("=?utf-8?q?a?=\t =?utf-8?q?b?=", "ab"),
        ("=?utf-8?q??=", ""),
        ("=?no-such-charset?q?abc?=", "=?no-such-charset?q?abc?="),
        ("=?utf-8?q?=FF?=", "ÿ"),
        ("=?hex?q?abc?=", "=?hex?q?abc?="),
        ("=?utf-8?x?abc?=", "=?utf-8?x?abc?="),
        ("=?utf-8?q?open", "=?utf-8?q?open"),
    ],
)
def test_encoded_words_are_read_and_broken_ones_stay_as_they_are(raw: str, words: str) -> None:
    assert decode_words(raw) == words


@pytest.mark.parametrize(
    "raw",
    [
        "=?utf-8?q?a=0D=0ABcc:_evil@x.test?=",
        "=?utf-8?b?YQ0KQmNjOiBl?=",
        "=?utf-8?q?a=00b?=",
        "=?utf-8?q?a=E2=80=AEb?=",
        "=?utf-8?q?a=E2=81=A6b?=",
        "=?utf-8?q?a=C2=85b?=",
        "a\r\nBcc: evil@x.test",
        "a\u202eb\u2029c\x1b[31m",
    ],
)
def test_no_line_break_control_or_direction_character_survives(raw: str) -> None:
    assert decode_words(raw).isprintable()


@given(st.text(), st.sampled_from(["utf-8", "latin-1", "utf-7", "utf-16", "gb18030", "punycode", "rot13", ""]))
def test_whatever_is_decoded_is_one_printable_line(text: str, charset: str) -> None:
    quoted = "".join(f"={byte:02X}" for byte in text.encode())
    for value in (text, f"=?{charset}?q?{quoted}?=", f"x =?{charset}?b?{text}?= y"):
        assert decode_words(value).isprintable()


@given(st.text())
def test_clean_twice_is_clean_once(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        ("a\r\n\tb", "a b"),
        ("  a  b ", "a b"),
        ("Gr\udcc3\udcbc\udcc3\udc9fe", "Grüße"),
        ("Gr\udcfc\udcdfe", "Grüße"),
        ("a\0b", "a b"),
    ],
)
def test_a_folded_or_eight_bit_value_becomes_one_line(raw: str, line: str) -> None:
    assert unfold(raw) == line


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("<a@b.c>", ("<a@b.c>",)),
        ("<a@b.c>\r\n <d@e.f>", ("<a@b.c>", "<d@e.f>")),
        ("<a@b.c><d@e.f>", ("<a@b.c>", "<d@e.f>")),
        ("no brackets@b.c", ()),
        ("<a b@c>", ()),
        ("<<a@b.c>>", ("<a@b.c>",)),
        (f"<{'x' * 501}>", ()),
        ("", ()),
    ],
)
def test_identifiers_stand_in_angle_brackets(value: str, found: tuple[str, ...]) -> None:
    assert identifiers(value) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("ana@x.test", [Address("ana@x.test")]),
        ("Ana <ANA@X.test>", [Address("ana@x.test", "Ana")]),
        ('"Costa, Ana" <ana@x.test>', [Address("ana@x.test", "Costa, Ana")]),
        ("=?utf-8?q?Jos=C3=A9?= <j@x.test>", [Address("j@x.test", "José")]),
        ("ana@x.test (Ana)", [Address("ana@x.test")]),
        ("(care@shop.test) Ana <ana@x.test>", [Address("ana@x.test", "Ana")]),
        ("a@x.test, B <b@x.test>", [Address("b@x.test", "B"), Address("a@x.test")]),
        ("friends: a@x.test, b@x.test;", [Address("a@x.test"), Address("b@x.test")]),
        ("Ana <ana@x.test> <ana@x.test>", [Address("ana@x.test", "Ana")]),
        ("undisclosed-recipients:;", []),
        ("Ana", []),
        ("", []),
        ("<>", []),
        ("MAILER-DAEMON", []),
    ],
)
def test_addresses_are_read_with_their_names(value: str, found: list[Address]) -> None:
    assert addresses([value]) == found


@pytest.mark.parametrize(
    "value",
    [
        "victim@example.com <x@evil.com>",
        "victim@example.com, x@evil.com",
        "x@evil.com, victim@example.com",
        "<victim@example.com> <x@evil.com>",
        "victim@example.com;x@evil.com",
        "Ana victim@example.com <x@evil.com>",
        "x@evil.com victim@example.com",
    ],
)
def test_a_line_that_can_be_read_as_two_senders_counts_as_two(value: str) -> None:
    assert {one.address for one in addresses([value])} == {"victim@example.com", "x@evil.com"}


def test_two_from_lines_are_two_senders() -> None:
    assert len(addresses(["victim@example.com", "x@evil.com"])) == 2


@pytest.mark.parametrize(
    "value", ['"victim@example.com" <x@evil.com>', "=?utf-8?q?victim=40example.com?= <x@evil.com>"]
)
def test_an_address_in_a_quoted_or_encoded_name_is_only_a_name(value: str) -> None:
    assert [one.address for one in addresses([value])] == ["x@evil.com"]


@pytest.mark.parametrize(
    "value",
    [
        '"' * LONG,
        "(" * LONG,
        "<" * LONG,
        "\\" * LONG,
        '"\\' * LONG,
        "a@b.c," * LONG,
        "a@" * LONG,
        "=?utf-8?q?a?= " * (LONG // 10),
        "=?a?q?" * (LONG // 6),
        "=?" * LONG,
        "?= \t" * LONG,
        " " * LONG,
        "<a@b " * LONG,
    ],
    ids=lambda value: repr(value[:12]),
)
def test_crafted_values_of_100_kb_take_no_long_time(value: str) -> None:
    start = monotonic()
    addresses([value])
    decode_words(value)
    identifiers(value)
    unfold(value)
    assert monotonic() - start < 2


@given(st.text(alphabet=st.one_of(st.sampled_from('<>"@,;:() \\\t=?'), st.characters())))
def test_any_text_yields_addresses_or_none(text: str) -> None:
    for one in addresses([unfold(text)]):
        assert "@" in one.address
        assert one.address.isprintable()
        assert " " not in one.address
        assert one.name.isprintable()
