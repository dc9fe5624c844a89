"""What nobody filled in is found; what only looks like it is left alone."""

import pytest

from mailer.rendering.marked import Mark
from mailer.replies.unresolved import gaps


@pytest.mark.parametrize(
    "words",
    [
        *("{{ order.number }}", "{%", "[..]", "[…]", "[ ]", "[___]", "[your name]", "[ORDER NUMBER]", "[order.number]"),
        *("XXX", "TODO", "____", "[insert the day]", "[?]"),
    ],
)
def test_a_gap_is_found(words: str) -> None:
    assert [one.words for one in gaps(f"It comes on {words}, Ana.")] == [words]


@pytest.mark.parametrize(
    "text",
    [
        *("Size XXXL and XXX-Large", "[1] is a footnote", "Your order [#1001]", "<https://x.test/a_b>", "a - b ..."),
        "It costs 5 EUR [incl. VAT]",
    ],
)
def test_what_people_write_is_no_gap(text: str) -> None:
    assert gaps(text) == []


def test_a_value_is_no_gap_whatever_it_looks_like() -> None:
    assert gaps("The XXX shirt", [Mark(4, 7, ("items.0.title",))]) == []
