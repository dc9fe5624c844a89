"""The plain text says what the HTML says, with its links written out."""

import pytest

from mailer.rendering.plain import to_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two\nmore</p>", "One\n\nTwo more"),
        ("<h1>Head</h1>\n<p>Text</p>", "Head\n\nText"),
        ("a<br>b<br>\nc", "a\nb\nc"),
        ("<ul><li>one</li><li>two</li></ul>", "- one\n- two"),
        ("<p>A &amp; B &lt;c&gt; &#39;d&#39;</p>", "A & B <c> 'd'"),
        (
            '<p>See <a href="https://a.example/?x=1&amp;y=2">the page</a> now</p>',
            "See the page <https://a.example/?x=1&y=2> now",
        ),
        ('<a href="https://a.example">https://a.example</a>', "<https://a.example>"),
        ('<a class="button x" href="https://a.example">Go</a>', "Go\n<https://a.example>"),
        ('<a href="https://a.example" aria-label="4 of 5">★<br><span>4</span></a>', "4 of 5 <https://a.example>"),
        (
            '<p>x</p><table aria-hidden="true"><tr><td>a <table><tr><td>b</td></tr></table></td></tr></table><p>y</p>',
            "x\n\ny",
        ),
        ('<div aria-hidden="true">no<br>no</div>yes', "yes"),
        ('<img src="https://a.example/p.png" alt="Hat">Hat', "Hat"),
        ("<table><tr><td>Hat</td><td>2 ×</td></tr><tr><td>Cap</td><td>1 ×</td></tr></table>", "Hat 2 ×\nCap 1 ×"),
        (
            '<td><a href="https://a.example">A</a></td> <td><a href="https://b.example">B</a></td>',
            "A <https://a.example>\nB <https://b.example>",
        ),
        ("<!--[if mso]><p>x</p><![endif]--><p>y</p>", "y"),
        ("<style>p{}</style><title>t</title><p>z</p>", "z"),
        ("", ""),
    ],
)
def test_html_as_text(html: str, text: str) -> None:
    assert to_text(html) == text
