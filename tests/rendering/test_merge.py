"""Three texts side by side: nothing is lost, and only what both changed otherwise clashes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.rendering.merge import merged, three_ways

LINES = st.lists(st.sampled_from(["a", "b", "c", "d", ""]), max_size=12).map("\n".join)


@pytest.mark.parametrize(
    ("base", "file", "published", "kinds", "whole"),
    [
        ("a\nb", "a\nb", "a\nb", ["same"], "a\nb"),
        ("a\nb\nc", "x\nb\nc", "a\nb\ny", ["file", "same", "published"], "x\nb\ny"),
        ("a\nb\nc", "a\nx\nc", "a\ny\nc", ["same", "clash", "same"], None),
        ("a\nb\nc", "a\nx\nc", "a\nx\nc", ["same", "both", "same"], "a\nx\nc"),
        ("a\nb\nc", "a\nc", "a\nb\nc\nd", ["same", "file", "same", "published"], "a\nc\nd"),
    ],
)
def test_blocks_say_who_changed_what(base: str, file: str, published: str, kinds: list[str], whole: str | None) -> None:
    blocks = three_ways(base, file, published)
    assert [block.kind for block in blocks] == kinds
    assert merged(blocks) == whole


@given(LINES, LINES, LINES)
def test_each_column_is_the_whole_text(base: str, file: str, published: str) -> None:
    blocks = three_ways(base, file, published)
    columns = [
        "\n".join(line for block in blocks for line in getattr(block, side)) for side in ("base", "file", "published")
    ]
    assert columns == [base, file, published]
    if file == base:
        assert merged(blocks) == published
    if published == base:
        assert merged(blocks) == file
