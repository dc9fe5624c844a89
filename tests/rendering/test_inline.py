"""Rules become style attributes, once for a template, and what Jinja fills stays as it was."""

import pytest

from mailer.rendering.inline import inlined, inlined_page, rules_of

RULES = ".a { color: #111 } p { margin: 0 } .b { color: red }"


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ('<p class="a">x</p>', '<p class="a" style="margin: 0;color: #111;">x</p>'),
        ("<p>{{ a.b }}</p>", '<p style="margin: 0;">{{ a.b }}</p>'),
        (
            '<a class="b" href="{{ x | f("y") }}">{{ "a" if x < 3 else "b" }}</a>',
            '<a class="b" href="{{ x | f("y") }}" style="color: red;">{{ "a" if x < 3 else "b" }}</a>',
        ),
        (
            "<table><tbody>{% for a in b if a > 1 %}<tr><td>{{ a }}</td></tr>{% endfor %}</tbody></table>",
            "<table><tbody>{% for a in b if a > 1 %}<tr><td>{{ a }}</td></tr>{% endfor %}</tbody></table>",
        ),
        ("{# c\n\n#}\n{{ a }}", "{# c\n\n#}\n{{ a }}"),
        ("<!--[if mso]><b>{{ a }}</b><![endif]-->", "<!--[if mso]><b>{{ a }}</b><![endif]-->"),
        ('{% call k.n() %}<p class="last">y</p>{% endcall %}', None),
        ("", ""),
    ],
)
def test_a_piece_of_a_mail(source: str, html: str | None) -> None:
    expected = (
        source.replace("<p ", '<p style="margin: 0;" ').replace(
            'style="margin: 0;" class="last"', 'class="last" style="margin: 0;"'
        )
        if html is None
        else html
    )
    assert inlined(source, RULES) == expected


def test_a_page_keeps_its_rules_for_some_screens_only() -> None:
    page = (
        '{# x #}<!DOCTYPE html>\n<html lang="{{ l }}"><head><title>{{ t }} < 3</title><style>p { margin: 0 }\n'
        "@media (prefers-color-scheme: dark) { p { color: #fff !important } }</style></head>"
        "<body><p>{{ body }}</p></body></html>"
    )
    html = inlined_page(page)
    assert '<html lang="{{ l }}">' in html
    assert "<title>{{ t }} &lt; 3</title>" in html
    assert '<p style="margin: 0;">{{ body }}</p>' in html
    assert "@media (prefers-color-scheme: dark) { p { color: #fff !important } }" in html
    assert "p { margin: 0 }" not in html


def test_the_rules_of_a_layout_are_those_for_every_screen() -> None:
    style = "<style>.a{b:c}\n@media (x) { .a { d: e } .f { g: h } }\n.i{j:k}</style>"
    assert "".join(rules_of(f"<head>{style}</head>").split()) == ".a{b:c}.i{j:k}"


def test_the_same_template_is_inlined_once() -> None:
    inlined.cache_clear()
    for _ in range(3):
        inlined("<p>{{ a }}</p>", RULES)
    assert inlined.cache_info().misses == 1
