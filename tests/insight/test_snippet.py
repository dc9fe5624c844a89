"""The words around what was found."""

from datetime import UTC

import pytest

from mailer.insight.query import parse
from mailer.insight.snippet import marks_of, snippet


def told(text: str, asked: str, width: int = 60) -> str:
    pieces = snippet(text, marks_of(parse(asked, UTC, typing=True).wanted), width=width)
    return "".join(f"[{piece.words}]" if piece.found else piece.words for piece in pieces)


@pytest.mark.parametrize(
    ("text", "asked", "shown"),
    [
        ("Hello Élise", "elise ", "Hello [Élise]"),
        ("Die Straße", "STRASSE ", "Die [Straße]"),
        ("two  words\n\nhere", '"words here"', "two [words] [here]"),
        ("delivery delivered", "deliver", "[delivery] [delivered]"),
        ("查询物流信息吗", "物流信息", "查询[物流信息]吗"),
        ("退款", "款", "退[款]"),
        ("mail ana@shop.test now", "ana@shop.test ", "mail [ana]@[shop].[test] now"),
        ("nothing here", "else -nothing from:nothing", "nothing here"),
        ("", "x", ""),
    ],
)
def test_what_was_found_is_marked(text: str, asked: str, shown: str) -> None:
    assert told(text, asked) == shown


def test_a_long_text_is_shown_around_the_first_find() -> None:
    text = f"{'before ' * 50}needle {'after ' * 50}"
    shown = told(text, "needle ", width=100)
    assert shown.startswith("…before ")
    assert "[needle] after" in shown
    assert shown.endswith("…")
    assert len(shown) < 120


def test_hostile_texts_take_no_time() -> None:
    for text in ("物" * 100_000, "a " * 100_000, "\u0301" * 100_000, "<script>" * 10_000):
        told(text, "物 a script", width=180)
