"""The templates as they are looked for."""

import pytest

from mailer.rendering.catalog import Catalog
from mailer.rendering.tree import entries, says, split
from tests.build import TEMPLATES

FOUND = {one.key: one for one in entries(Catalog(TEMPLATES))}


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("replies/order_status.en.md", ("main", "replies/order_status", "en")),
        ("storefronts/kids/replies/stock.pt-BR.md", ("kids", "replies/stock", "pt-BR")),
        ("kit.html", ("main", "kit", "")),
        ("words/de.toml", ("main", "words", "de")),
    ],
)
def test_a_name_is_storefront_key_and_language(name: str, parts: tuple[str, str, str]) -> None:
    assert split(name) == parts


def test_each_template_is_there_once_with_its_languages() -> None:
    status = FOUND["replies/order_status"]
    assert status.files["de"] == "replies/order_status.de.md"
    assert status.missing == ()
    assert "blocks/parcel" in status.blocks
    assert "replies/order_status" in FOUND["blocks/parcel"].used_by
    assert "lifecycle/vip_month" in FOUND["blocks/footer"].used_by
    assert FOUND["kit"].place == "frame"


def test_templates_are_found_by_name_and_by_words() -> None:
    catalog = Catalog(TEMPLATES)
    assert says(catalog, FOUND["replies/order_status"], "Order_Status")
    assert says(catalog, FOUND["lifecycle/delay_notice"], "cancel the order")
    assert not says(catalog, FOUND["replies/stock"], "cancel the order")
