"""Links, anchors and pictures that mail programs or readers cannot use are told where they stand."""

import pytest

from mailer.rendering.markup import markup_mistakes


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('<p>a</p>\n<a href="http://shop.example/x">x</a>', 2, "http://shop.example/x is not encrypted"),
        ("See <http://shop.example>.", 1, "not encrypted"),
        ('<a href="#top">up</a>', 1, 'nothing here has id="top"'),
        ("one\n\n<img src='{{ shop.logo }}'>", 3, "a picture has no words"),
        ('<img src="a.png" alt="">', 1, "a picture has no words"),
        ("<script>alert(1)</script>", 1, "mail programs refuse <script>"),
        ("<form action='/x'>", 1, "mail programs refuse <form>"),
    ],
)
def test_a_mistake_is_told_with_its_line(text: str, line: int, said: str) -> None:
    found = list(markup_mistakes(text))
    assert [at for at, _ in found] == [line]
    assert said in found[0][1]


@pytest.mark.parametrize(
    "text",
    [
        '<a href="https://shop.example">x</a>',
        '<a href="http://127.0.0.1:8026/rate">x</a>',
        '<a href="#top">up</a><h1 id="top">x</h1>',
        '<img src="{{ item.image_url }}" alt="{{ item.title }}">',
        '{# http://shop.example #}{% if shop.url == "http://x" %}{% endif %}',
    ],
)
def test_what_is_well_is_left_alone(text: str) -> None:
    assert list(markup_mistakes(text)) == []
