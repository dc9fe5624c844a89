"""Countries, quantities and companies, as people name them before an order."""

import pytest

from mailer.replies.places import company_in, country_in, quantity_in, told_before_an_order


@pytest.mark.parametrize(
    ("text", "language", "code"),
    [
        ("Do you ship to Portugal?", "en", "PT"),
        ("do you deliver to the united states", "en", "US"),
        ("Shipping to the USA?", "en", "US"),
        ("any duty for the UK", "en", "GB"),
        ("¿Hacen envíos a México?", "es", "MX"),
        ("Livrez-vous en Suisse ?", "fr", "CH"),
        ("Versenden Sie nach Österreich?", "de", "AT"),
        ("可以寄到德国吗？", "zh", "DE"),
        ("Is it Germany or France?", "en", None),
        ("How long does it take?", "en", None),
        ("I like Romanian linen", "en", None),
        ("Do you ship to Portugal?", "xx", None),
    ],
)
def test_the_one_country_that_is_named(text: str, language: str, code: str | None) -> None:
    assert country_in(text, [language]) == code


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("We need 200 shirts by 2027", 200),
        ("In 2026 we sold 500 of them", 500),
        ("想订1000件", 1000),
        ("at 12.50 EUR, 20 % off, 300 pieces", 300),
        ("call +49 30 1234567", None),
        ("a few", None),
    ],
)
def test_how_many(text: str, count: int | None) -> None:
    assert quantity_in(text) == count


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("we are Nordic Rooms AB in Malmö", "Nordic Rooms AB"),
        ("Muster & Sohn GmbH, Berlin", "Sohn GmbH"),
        ("我们是上海好物贸易有限公司", "上海好物贸易有限公司"),
        ("we are a small shop", None),
        ("what AS you like", None),
    ],
)
def test_which_company(text: str, name: str | None) -> None:
    assert company_in(text) == name


def test_only_what_the_wish_is_about_is_looked_for() -> None:
    text = "I am in Spain now and need 200 shirts for Nordic Rooms AB."
    assert told_before_an_order(["return_refund"], text, ["en"]) == {}
    assert told_before_an_order(["shipping_question"], text, ["en"]) == {"asked.country": "ES"}
    assert told_before_an_order(["wholesale"], text, ["en"]) == {
        "asked.country": "ES",
        "asked.quantity": 200,
        "asked.company": "Nordic Rooms AB",
    }


@pytest.mark.parametrize("text", ["A" * 100_000, "A b " * 30_000, "9" * 100_000, "公" * 100_000])
def test_long_mails_are_read_at_once(text: str) -> None:
    assert told_before_an_order(["wholesale"], text, ["en", "zh"]) is not None
