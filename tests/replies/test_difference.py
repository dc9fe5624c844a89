"""What differs between two texts, and how alike they are."""

import pytest

from mailer.replies.difference import Kind, pieces, similarity


def shown(before: str, after: str) -> str:
    marks = {Kind.SAME: "{}", Kind.INS: "+{}+", Kind.DEL: "-{}-"}
    return "".join(marks[one.kind].format(one.text) for one in pieces(before, after))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("It comes today.", "It comes today.", "It comes today."),
        ("It comes today.", "It comes on Monday.", "It comes -today-+on Monday+."),
        ("", "New", "+New+"),
        ("Old", "", "-Old-"),
        ("a b c", "x y z", "-a b c-+x y z+"),
        ("明天到货。", "后天到货。", "-明-+后+天到货。"),
        ("a\n\nb", "a\n\nc", "a\n\n-b-+c+"),
    ],
)
def test_words_that_differ_are_marked(before: str, after: str, expected: str) -> None:
    assert shown(before, after) == expected


@pytest.mark.parametrize(("before", "after"), [("a b  c\nd", "b x c\n\nd e"), ("one two", "two one"), ("1 2 3", "3 1")])
def test_both_texts_can_be_read_from_the_pieces(before: str, after: str) -> None:
    found = pieces(before, after)
    assert "".join(one.text for one in found if one.kind is not Kind.DEL) == after
    assert "".join(one.text for one in found if one.kind is not Kind.INS) == before


def test_alike_is_one_and_nothing_in_common_is_nought() -> None:
    assert similarity("Hello Ana,\nit comes.", "Hello  Ana, it comes.\n") == 1
    assert similarity("abc def", "xyz") < 0.4
    assert similarity("", "") == 1
    assert 0.5 < similarity("It comes on Monday with DHL.", "It comes on Friday with UPS.") < 1


def test_long_texts_are_compared_by_lines() -> None:
    long = "\n".join(f"line {number} of many words" for number in range(3_000))
    assert similarity(long, long.replace("line 7 ", "row 7 ")) > 0.99
    assert len(pieces(long, long.replace("line 7 ", "row 7 "))) == 4
