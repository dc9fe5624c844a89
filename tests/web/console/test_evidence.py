"""The words that decided, marked in the text as it was written."""

import pytest

from mailer.web.console.evidence import Piece, pieces


def marked(text: str, *evidence: str) -> str:
    return "".join(f"[{one.text}]" if one.decided else one.text for one in pieces(text, evidence))


@pytest.mark.parametrize(
    ("text", "evidence", "expected"),
    [
        ("Where is my order?", ("where is my order",), "[Where is my order]?"),
        ("Where -- is my, order?", ("where is my order",), "[Where -- is my, order]?"),
        ("Wo ist meine Straße?", ("meine strasse",), "Wo ist [meine Straße]?"),
        ("请问我的包裹在哪里", ("我的包裹",), "请问[我的包裹]在哪里"),
        ("It’s late and it's late", ("it's late",), "[It’s late] and it's late"),
        ("where is my order", ("where is", "is my"), "[where is my] order"),
        ("Où est l'article ?", ("article",), "Où est l'[article] ?"),
        ("nothing of it", ("where",), "nothing of it"),
        ("no evidence", (), "no evidence"),
        ("no words", ("", "  "), "no words"),
        ("<b>where</b>", ("where",), "<b>[where]</b>"),
        ("İstanbul where ŒUVRE", ("where",), "İstanbul [where] ŒUVRE"),
    ],
)
def test_the_words_are_marked_where_they_stand_first(text: str, evidence: tuple[str, ...], expected: str) -> None:
    assert marked(text, *evidence) == expected
    assert "".join(one.text for one in pieces(text, evidence)) == text


def test_a_text_without_evidence_is_one_piece() -> None:
    assert pieces("as it is", []) == [Piece("as it is")]
    assert pieces("", ["x"]) == []
