"""A text becomes terms."""

import pytest

from mailer.insight.words import LONGEST, MOST_TERMS, at_most, terms, wholes

CASES = [
    ("Élise's ORDER", ["elise", "s", "order"]),
    ("E\u0301lise", ["elise"]),
    ("Straße STRASSE", ["strasse", "strasse"]),
    ("İstanbul", ["istanbul"]),
    ("ＡＢＣ　１２３", ["abc", "123"]),
    ("物流信息", ["物流", "流信", "信息", "息"]),
    ("我", ["我"]),
    ("退款 订单", ["退款", "款", "订单", "单"]),
    ("iPhone手机2台", ["iphone", "手机", "机", "2", "台"]),
    ("ｶﾞｲﾄﾞ", ["ガイ", "イド", "ド"]),
    ("배송", ["배송", "송"]),
    ("AB-1001-X", ["ab", "1001", "x"]),
    ("snake_case #1001!", ["snake", "case", "1001"]),
    ("हिन्दी", ["हिनदी"]),
    ("\x00\ud800 \u200b!?", []),
]


@pytest.mark.parametrize(("text", "found"), CASES)
def test_a_text_becomes_terms(text: str, found: list[str]) -> None:
    assert terms(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("mail Ana.Cruz@Customer.test, please", ["ana.cruz@customer.test"]),
        ("order AB-1001-X of 2026/11", ["ab1001x", "202611"]),
        ("SHOP1001 and 1001A", ["1001"]),
        ("a-b c/d", []),
        ("00.340.434", ["00340434"]),
    ],
)
def test_what_is_also_looked_for_whole(text: str, found: list[str]) -> None:
    assert wholes(text) == found


def test_limits() -> None:
    assert terms("a" * 500) == ["a" * LONGEST]
    assert len(at_most(terms(" ".join(map(str, range(9_000)))))) == MOST_TERMS
    loud = at_most(["a", "b"] * 300)
    assert loud.count("a") == loud.count("b") == 255


def test_hostile_texts_take_no_time() -> None:
    for text in ("@" * 100_000, "a@" * 50_000, "1-" * 50_000, "a1" * 50_000, "物" * 100_000, "\u0301" * 100_000):
        at_most(terms(text))
        wholes(text)
