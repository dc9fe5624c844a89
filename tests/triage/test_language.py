"""The language of short mails, long ones, and of what has none."""

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mailer.clock import monotonic
from mailer.triage.language import detect


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Where is my order?", "en"),
        ("Has it shipped?", "en"),
        ("thanks!", "en"),
        ("Wo ist mein Paket?", "de"),
        ("zu klein", "de"),
        ("Danke", "de"),
        ("Où est mon colis ?", "fr"),
        ("ou est mon colis", "fr"),
        ("¿Dónde está mi pedido?", "es"),
        ("la talla es muy pequeña", "es"),
        ("我的包裹在哪里", "zh"),
        ("質量太差", "zh"),
        ("iPhone 保护壳 坏了", "zh"),
        ("买了3件，1件破了，订单号20391", "zh"),
        ("看https://shop.example/1这个链接，我的快递没到", "zh"),
        ("Dov'è il mio ordine?", "it"),
        ("Waar is mijn bestelling?", "nl"),
        ("Onde está meu pedido?", "pt"),
        ("注文した商品はどこですか", "ja"),
        ("제 주문은 어디에 있나요", "ko"),
        ("Gdzie jest moje zamówienie?", "pl"),
        ("Var är mitt paket?", "sv"),
        ("Hvor er min pakke?", "da"),
        ("Где мой заказ?", "ru"),
        ("Bestellung #1001 https://shop.example/orders/where-is-my-order noch nicht da", "de"),
        ("<p>Hola,</p> <div>quiero devolver el vestido&nbsp;</div>", "es"),
    ],
)
def test_short_mails_are_told_apart(text: str, language: str) -> None:
    assert detect("", text) == language


@pytest.mark.parametrize("text", ["", " ", "#1001", "12345 67", "😀😀", "<br>&nbsp;", "https://shop.example/x", "!!!"])
def test_what_has_no_words_has_no_language(text: str) -> None:
    assert detect("", text) is None
    assert detect("", text, "fr") == "fr"


def test_the_body_decides_and_the_subject_helps_where_it_has_no_words() -> None:
    assert detect("Order confirmation", "Wo bleibt mein Paket? Ich warte noch.") == "de"
    assert detect("Wo ist mein Paket?", "#1001") == "de"


@hypothesis_settings(deadline=None)
@given(st.text(), st.text())
def test_any_text_has_two_letters_or_none(subject: str, text: str) -> None:
    found = detect(subject, text)
    assert found is None or 2 <= len(found) <= 7


@pytest.mark.parametrize("piece", ["a", "a'", "<", "&a", "@", "http://", "我a", "\n", "é1"], ids=repr)
def test_crafted_text_takes_no_long_time(piece: str) -> None:
    start = monotonic()
    detect(piece * 1000, piece * 50_000)
    assert monotonic() - start < 1
