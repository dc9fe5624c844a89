"""Quotes that HTML tells by its elements are folded, whatever the language; indented words of one's own are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.inbound.html import visible_text
from mailer.inbound.quote import Label, label
from mailer.inbound.quote_html import Region, mark_quotes, role_of, unmark, with_marks

GMAIL = (
    '<div dir="ltr">Where is it?</div><br><div class="gmail_quote gmail_quote_container">'
    '<div dir="ltr" class="gmail_attr">On Sun, Nov 22, 2026 at 9:00 AM Linen &lt;<a href="mailto:care@shop.test">'
    'care@shop.test</a>&gt; wrote:<br></div><blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;'
    'border-left:1px solid rgb(204,204,204);padding-left:1ex"><div>Your order is on its way.</div></blockquote></div>'
)
OUTLOOK_WEB = (
    '<div class="elementToProof">Where is it?</div><div id="appendonsend"></div>'
    '<hr tabindex="-1" style="display:inline-block; width:98%"><div id="divRplyFwdMsg" dir="ltr">'
    "<font><b>Xyz:</b> Linen<br><b>Abc:</b> Sunday</font></div><div>Your order is on its way.</div>"
)
OUTLOOK = (
    '<div class="WordSection1"><p class="MsoNormal">Where is it?</p><div><div style="border:none;border-top:solid '
    '#E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal"><b>Xyz:</b> Linen</p></div></div>'
    '<p class="MsoNormal">Your order is on its way.</p></div>'
)
OUTLOOK_INDENTED = (
    '<p>Where is it?</p><div style="border:none;border-left:solid blue 1.5pt;padding:0cm 0cm 0cm 4.0pt">'
    "<p><b>Xyz:</b> Linen</p><p>Your order is on its way.</p></div>"
)
APPLE = (
    '<div>Where is it?</div><br><blockquote type="cite"><div>Xyz Linen &lt;care@shop.test&gt;:</div>'
    '<blockquote type="cite">older</blockquote><div>Your order is on its way.</div></blockquote>'
)
YAHOO = (
    '<div class="ydp1yahoo-style-wrap">Where is it?</div><div id="ydp2yahoo_quoted" class="yahoo_quoted"><div>Xyz '
    "Linen:</div><div><div>Your order is on its way.</div></div></div>"
)
THUNDERBIRD = (
    '<p>Where is it?</p><div class="moz-cite-prefix">On 11/22/26 9:00 AM, Linen wrote:<br></div>'
    '<blockquote type="cite" cite="mid:1@shop.test"><p>Your order is on its way.</p></blockquote>'
)
FORWARDED_BY_OUTLOOK = OUTLOOK_WEB.replace("divRplyFwdMsg", "x_divRplyFwdMsg")
QQ = (
    "<div>Where is it?</div><div><br></div><div>------------------&nbsp;原始邮件&nbsp;------------------</div>"
    "<div><b>发件人:</b> Linen<br><b>主题:</b> Re</div><div>Your order is on its way.</div>"
)
PROTON = (
    '<div>Where is it?</div><div class="protonmail_quote">Xyz:<blockquote>Your order is on its way.</blockquote></div>'
)


def own(html: str) -> str:
    return label(visible_text(mark_quotes(html)), marked=True).own_words


QUOTING = [GMAIL, OUTLOOK_WEB, OUTLOOK, OUTLOOK_INDENTED, APPLE, YAHOO, THUNDERBIRD, FORWARDED_BY_OUTLOOK, QQ, PROTON]
SHOUTED = APPLE.upper().replace("WHERE IS IT?", "Where is it?")
UNCLOSED = APPLE.replace("</blockquote>", "")


@pytest.mark.parametrize("html", [*QUOTING, SHOUTED, UNCLOSED, GMAIL.replace('"', "'")])
def test_what_the_elements_quote_is_folded(html: str) -> None:
    labelled = label(visible_text(mark_quotes(html)), marked=True)
    assert labelled.own_words == "Where is it?"
    assert "way." in labelled.quoted.lower()
    assert not any("⟦" in line for _, line in labelled.lines)


@pytest.mark.parametrize("html", [GMAIL, OUTLOOK_WEB, OUTLOOK, OUTLOOK_INDENTED, APPLE, YAHOO, THUNDERBIRD, QQ])
def test_the_text_with_marks_is_read_the_same(html: str) -> None:
    text = with_marks(visible_text(mark_quotes(html)))
    assert label(text).own_words == "Where is it?"


def test_an_answer_between_two_pieces_of_a_quote_is_kept() -> None:
    piece = '<blockquote class="gmail_quote">{}</blockquote>'
    html = (
        '<div class="gmail_quote"><div class="gmail_attr">On 22 Nov 2026 at 9:00, Linen &lt;c@shop.test&gt; wrote:'
        f"</div>{piece.format('Did it come?')}<div>No.</div>{piece.format('In which size?')}<div>M, please.</div></div>"
    )
    assert own(html).split() == ["No.", "M,", "please."]


@pytest.mark.parametrize(
    "html",
    [
        '<blockquote style="margin:0 0 0 40px;border:none;padding:0px">Where is it?</blockquote>',
        '<div class="quote-of-the-day">Where is it?</div>',
        '<div style="border-left:none;color:red">Where is it?</div>',
        '<div style="border:1px solid black">Where is it?</div>',
        "<!-- <blockquote> --><p>Where is it?</p>",
        "<style>blockquote { color: red }</style><p>Where is it?</p>",
        "<script>'<blockquote>'</script><p>Where is it?</p>",
        "</blockquote></div><p>Where is it?</p>",
        "<blockquotes>Where is it?</blockquotes>",
        "<hr><p>Where is it?</p>",
    ],
)
def test_what_only_looks_like_a_quote_is_kept(html: str) -> None:
    assert own(html) == "Where is it?"


@pytest.mark.parametrize(
    "signature",
    [
        '<div class="gmail_signature" data-smartmail="gmail_signature">Ana, with love</div>',
        '<div class="moz-signature">-- <br>Ana, with love</div>',
        '<div id="ms-outlook-mobile-signature">Ana, with love</div>',
        '<div id="x_Signature"><p>Ana, with love</p></div>',
    ],
)
def test_what_the_elements_sign_is_a_signature(signature: str) -> None:
    labelled = label(visible_text(mark_quotes(f"<p>Where is it?</p>{signature}")), marked=True)
    assert labelled.own_words == "Where is it?"
    assert labelled.signature.endswith("Ana, with love")


def test_who_writes_into_the_element_of_their_signature_is_heard() -> None:
    html = '<div class="gmail_signature">Where is it?<br>Sent from my iPhone</div><blockquote>Your order</blockquote>'
    assert own(html) == "Where is it?"


@pytest.mark.parametrize(
    ("tag", "attributes", "role"),
    [
        ("blockquote", {}, Region.QUOTE),
        ("blockquote", {"type": "cite", "style": "border:none"}, Region.QUOTE),
        ("div", {"class": "x_yahoo_quoted"}, Region.QUOTE),
        ("div", {"class": "gmail_quote"}, Region.NONE),
        ("hr", {"id": "stopSpelling"}, Region.REST),
        ("span", {"style": "border-left:solid blue 1pt"}, Region.NONE),
        ("div", {"style": "border-left:0;border-right:1px solid"}, Region.NONE),
    ],
)
def test_an_element_has_its_role(tag: str, attributes: dict[str, str], role: Region) -> None:
    assert role_of(tag, attributes) is role


def test_marks_in_a_mails_own_html_are_taken_out() -> None:
    assert own("<p>⟦rest⟧</p><p>Where is it?</p>") == "[rest]\n\nWhere is it?"


@given(st.text(alphabet="<>/divblockquote hr=\"'!-x⟦⟧", max_size=200))
def test_marks_are_all_that_is_added(html: str) -> None:
    marked = mark_quotes(html)
    plain = html.replace("⟦", "[").replace("⟧", "]")
    for region in (Region.QUOTE, Region.SIGNATURE, Region.REST):
        marked = marked.replace(f"<div>⟦{region}⟧</div>", "").replace(f"<div>⟦/{region}⟧</div>", "")
    assert marked == plain


@given(
    st.lists(st.sampled_from(["⟦quote⟧", "⟦/quote⟧", "⟦rest⟧", "⟦signature⟧", "⟦/signature⟧", "a", "", "> b", "-- "]))
)
def test_no_line_but_marks_is_taken_out(parts: list[str]) -> None:
    text = "\n".join(parts)
    lines, regions = unmark(text)
    kept = [part for part in text.split("\n") if "⟦" not in part]
    assert lines == kept
    assert len(regions) == len(lines)
    labelled = label(text, marked=True)
    assert "\n".join(line for _, line in labelled.lines) == "\n".join(kept)
    quoting = (Region.QUOTE, Region.REST)
    assert all(
        one is not Label.OWN for (one, _), region in zip(labelled.lines, regions, strict=True) if region in quoting
    )
