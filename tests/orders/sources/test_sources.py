"""The shipped forms stand in one dict and are told apart by their headers."""

import pytest

from mailer.errors import InputError
from mailer.orders.sources import SOURCES, source_for


def test_each_source_stands_under_its_own_name() -> None:
    assert {name: source.name for name, source in SOURCES.items()} == {"csv": "csv", "shopify-csv": "shopify-csv"}


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (["order_number", "email", "placed_at"], "csv"),
        (["order_number"], "csv"),
        (["name", "email", "created at", "lineitem name"], "shopify-csv"),
    ],
)
def test_a_form_is_recognised_by_its_header(header: list[str], name: str) -> None:
    assert source_for(header).name == name


def test_an_unknown_header_is_refused_with_what_is_needed() -> None:
    with pytest.raises(InputError, match="order_number, email, placed_at"):
        source_for(["colour", "size"])
