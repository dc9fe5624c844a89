"""Sizes, colours, amounts, dates, reasons and products that a mail names."""

from typing import Any

import pytest

from mailer.triage.details import Details, Ware, products_named
from mailer.triage.lexicon import lexicon
from mailer.triage.tokens import tokens

WARES = [Ware(1, "LS-01", "Linen shirt"), Ware(2, "BS-77", "Blue wool scarf"), Ware(3, "V9", "花瓶")]


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [
        ("en", "I ordered size M in black", {"size": "M", "colour": "black"}),
        ("en", "do you have it in XL?", {"size": "XL"}),
        ("de", "Größe 38 in Schwarz", {"size": "38", "colour": "black"}),
        ("zh", "我要L码的", {"size": "L"}),
        ("en", "I paid 59.00 EUR and then $12", {"amounts": ["59.00 EUR", "$12"]}),
        ("en", "ordered on 3 November 2026", {"dates": ["3 November 2026"]}),
        ("de", "bestellt am 03.11.2026", {"dates": ["03.11.2026"]}),
        ("de", "bestellt am 3. November", {"dates": ["3. November"]}),
        ("fr", "commandé le 3 novembre", {"dates": ["3 novembre"]}),
        ("zh", "11月3日买的", {"dates": ["11月3日"]}),
        ("en", "the linen shirt is too small", {"product": "Linen shirt", "product_ids": [1], "reason": "too_small"}),
        ("en", "a shirt", {}),
        ("en", "where is it", {}),
        ("en", "", {}),
    ],
)
def test_details(language: str, text: str, found: dict[str, Any]) -> None:
    assert Details(lexicon(language)).find("", text, WARES) == found


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("two linen shirts", [1]),
        ("the blue scarf of wool", [2]),
        ("the blue scarf", [2]),
        ("a scarf", []),
        ("BS-77", [2]),
        ("这个花瓶碎了", [3]),
        ("", []),
    ],
)
def test_products_are_known_by_most_of_their_name(text: str, ids: list[int]) -> None:
    assert [ware.id for ware in products_named(tokens(text), text, WARES)] == ids
