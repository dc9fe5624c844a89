"""Paths become nested plain data and back; what was typed stays one line of text."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.rendering.context import context, flatten, shaped

NAMES = st.text("abcdefgh_", min_size=1, max_size=6)
LEAVES = st.one_of(st.integers(), st.none(), st.text("abc xyz", min_size=1).map(lambda text: " ".join(text.split())))
TREES = st.dictionaries(
    NAMES,
    st.recursive(
        LEAVES,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3), st.dictionaries(NAMES, inner, min_size=1, max_size=3)
        ),
        max_leaves=10,
    ),
)


@given(TREES)
def test_what_is_flattened_comes_back(tree: dict[str, Any]) -> None:
    assert context(flatten(tree)) == tree


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        ("2026-11-27", date(2026, 11, 27)),
        ("2026-11-20T08:15:00+00:00", datetime(2026, 11, 20, 8, 15, tzinfo=UTC)),
        ("2026-02-30", "2026-02-30"),
        ("2026-11-20T99:99:99", "2026-11-20T99:99:99"),
        ("on 2026-11-27", "on 2026-11-27"),
        ("a\r\nBcc: b\n\n# c", "a Bcc: b # c"),
        ("  a  ", "a"),
        ("Ana <https://evil.test>", "Ana https://evil.test"),
        (3, 3),
        (None, None),
    ],
)
def test_a_value_is_a_date_a_number_or_one_line(value: object, seen: object) -> None:
    assert context({"a.b": value}) == {"a": {"b": seen}}


def test_numbered_paths_become_a_list_in_their_sequence() -> None:
    paths = {f"items.{number}.title": f"title {number}" for number in (10, 2, 0)}
    assert context(paths) == {"items": [{"title": "title 0"}, {"title": "title 2"}, {"title": "title 10"}]}


@pytest.mark.parametrize(
    ("sample", "value", "seen"),
    [
        ({"a": {"b": 1}}, {}, {"a": {"b": None}}),
        ({"a": {"b": 1}}, {"a": {"b": 2, "c": 3}}, {"a": {"b": 2, "c": 3}}),
        ({"a": [{"b": 1, "c": 2}]}, {}, {"a": []}),
        ({"a": [{"b": 1, "c": 2}]}, {"a": [{"b": 3}, {"c": 4}]}, {"a": [{"b": 3, "c": None}, {"b": None, "c": 4}]}),
    ],
)
def test_what_is_optional_and_unknown_is_none_or_an_empty_list(sample: Any, value: Any, seen: Any) -> None:
    assert shaped(sample, value) == seen
