"""Each missing fact is named with the very place where it can be added."""

import pytest

from mailer.rendering.facts import where_to_add
from mailer.rendering.where import worth_adding
from mailer.shop_config import Returns, Shop

PATHS = {
    "order": "number state placed_on total currency payment_state country shipped_on expected_on late delivered_on "
    "canceled_on refund_state refunded refunded_on return_until return_open promised_on",
    "customer": "first_name last_name full_name",
    "items.0": "title quantity sku price image_url",
    "shipment": "carrier number url state expected_on shipped_on position count rest_follows items.0.title",
    "delay": "kind reason promised_on expected_on days_late",
    "return": "state keep wish send_to label_url items.0.title",
    "refund": "amount currency on",
    "notice": "kind sent_on expected_on",
    "coupon": "code until",
    "links": "review unsubscribe wait cancel",
    "parcels.*": "state carrier number url expected_on state_on shipped_on last_scan_at last_place late",
    "shop": "name since guarantee_days reviews_url postal_address refund_days refund_bank_days return_days "
    "return_form_url return_paid_by return_address keep_below currency processing_days_min processing_days_max "
    "free_shipping_from combined_shipping account_url privacy_url size_chart_url payment_methods repair_days "
    "wholesale_from wholesale_url warranty_months",
    "shipping": "country methods.0.name methods.0.price methods.0.currency methods.0.days_min methods.0.days_max",
    "customs": "country paid_by seen_low seen_high",
    "offers.0": "name discount benefit benefit2 url ends_on",
    "product": "title url details stock restock_on price currency size_chart_url sizes.0.size sizes.0.measures",
    "size_table.0": "eu us uk jp",
    "compensation": "offer after_days",
    "promise": "by hours",
    "asked": "unknown_number has_photo size colour product reason country quantity company",
}
ALL = [f"{root}.{name}" for root, names in PATHS.items() for name in names.split()]


@pytest.mark.parametrize("path", ALL)
def test_every_path_has_its_place(path: str) -> None:
    assert len(where_to_add(path)) > 10
    assert where_to_add(path) != where_to_add("nobody.knows")


@pytest.mark.parametrize("name", [path.partition(".")[2] for path in ALL if path.startswith("shop.")])
def test_a_key_of_shop_that_is_named_exists(name: str) -> None:
    words = where_to_add(f"shop.{name}")
    key = words.split("`")[1]
    assert key in (Returns if "[shop.returns" in words else Shop).model_fields


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("shop.reviews_url", "add `reviews_url` under [shop] in config.toml"),
        ("shop.return_days", 'add `days` under [shop.returns."*"] (or a country, or "EU") in config.toml'),
        ("product.stock", "add the column `stock` and import it with `mailer products import FILE.csv`"),
        ("product.url", "add the column `link` and import it with `mailer products import FILE.csv`"),
        ("product.sizes.0.size", "add the column `sizes` and import it with `mailer products import FILE.csv`"),
        ("shipping.methods.0.price", 'add a table [[shop.shipping."*"]] (or for the country) in config.toml'),
        ("customs.paid_by", 'add a table [[shop.customs."*"]] (or for the country) in config.toml'),
        ("parcels.0.url", "the order has none, or its carrier did not say"),
    ],
)
def test_the_place_is_named(path: str, words: str) -> None:
    assert where_to_add(path) == words


@pytest.mark.parametrize(
    ("absent", "known", "named"),
    [
        (["shop.since", "order.late", "asked.size"], [], ["shop.since"]),
        (["shipping.methods.*.name", "shipping.methods.*.price", "shipping.country"], [], ["shipping"]),
        (["shipping.country"], ["shipping.methods.*.name"], []),
        (["customs.seen_low", "customs.seen_high"], ["customs.paid_by"], []),
        (["product.stock", "product.details"], [], []),
        (["product.stock", "product.restock_on"], ["product.title"], ["product.stock"]),
        (["shop.keep_below"], [], []),
    ],
)
def test_only_what_would_help_is_asked_for(absent: list[str], known: list[str], named: list[str]) -> None:
    assert [words.partition(":")[0] for words in worth_adding(absent, known)] == named
