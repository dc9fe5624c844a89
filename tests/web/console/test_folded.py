"""A difference shows what changed with three lines around it; the rest is folded, and nothing is lost."""

from mailer.web.console.folded import difference

LINES = "".join(f"line {number}\n" for number in range(40))


def test_what_nobody_changed_is_folded() -> None:
    found = difference(LINES, LINES.replace("line 20\n", "line twenty\n"))
    assert [one.kind for one in found] == ["fold", "same", "del", "ins", "same", "fold"]
    assert found[0].lines == 18
    assert found[1].text.endswith("line 19\nline ")
    assert "".join(one.text for one in found if one.kind != "ins") == LINES


def test_few_lines_are_not_folded() -> None:
    assert [one.kind for one in difference("one\ntwo\nthree\n", "one\n2\nthree\n")] == ["same", "del", "ins", "same"]


def test_the_same_text_has_no_difference() -> None:
    assert difference(LINES, LINES) == []
