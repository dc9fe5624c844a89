"""Front matter is told apart from the words, and every mistake in it at once with its line."""

import pytest

from mailer.errors import InputError
from mailer.rendering.front import line_of, split


def test_the_words_keep_their_lines() -> None:
    text = '+++\nopening = "a"\n[needs]\n+++\nfirst\nsecond'
    front, body = split("x", text)
    assert front == {"opening": "a", "needs": {}}
    assert [body.split("\n").index(word) for word in ("first", "second")] == [4, 5]
    assert body.split("\n").index("first") == text.split("\n").index("first")


@pytest.mark.parametrize(
    ("front", "said"),
    [
        ("opning = 'a'", "line 2: front matter: opning is no key; there are kind, subject"),
        ("opening = 3", "front matter: opening must be a text"),
        ("asks = 3", "front matter: asks must be true or false or a text"),
        ("needs = 3", "front matter: [needs] must be a table of values with samples"),
        ("kind = 'poem'", "line 2: front matter: kind 'poem' is none of reply, acknowledgement"),
        ("[optional]\na.b = []", "front matter: optional.a.b needs one element as a sample"),
    ],
)
def test_a_mistake_is_told(front: str, said: str) -> None:
    with pytest.raises(InputError) as raised:
        split("templates/x", f"+++\n{front}\n+++\n")
    assert len(raised.value.problems) == 1
    assert raised.value.problems[0].startswith(said)


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(InputError) as raised:
        split("x", "+++\none = 1\ntwo = 2\nopening = 3\n+++\n")
    assert len(raised.value.problems) == 3


@pytest.mark.parametrize(
    ("path", "line"),
    [("order.number", 3), ("parcels.*.state", 5), ("opening", 1), ("order.nothing", 1), ("offers.0.name", 7)],
)
def test_the_line_of_a_declared_fact_is_found(path: str, line: int) -> None:
    text = 'opening = "a"\n[needs]\norder.number = "1"\n[[needs.parcels]]\nstate = "x"\n[[needs.offers]]\nname = "y"\n'
    assert line_of(path, text) == line
