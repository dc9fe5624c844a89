"""Inputs that hang reply parsers, made by rule: floods, unclosed beginnings, huge lines, mixtures, deep nesting."""

import random
from collections.abc import Iterator
from itertools import product

SIZE = 100_000

FLOODS = [
    "On ",
    "On \n",
    "\n",
    " \n",
    ">",
    ">\n",
    "> ",
    "> x\n\n",
    "＞\n",
    "-",
    "--\n",
    "-- \n\n",
    "____\n",
    "====\n\n",
]
SAYINGS = [
    "wrote:\n",
    "wrote: ",
    "On x wrote:\n",
    "schrieb ",
    "a écrit :\n",
    "님이 작성:\n",
    "写道：\n",
    "w dniu ",
    "年1月\n",
]
FIELDS = [
    "From:\n",
    "From: sent: to:\n",
    "From: a@b\nSent: x\n",
    "From: a\nTo: b\nSubject: c\n",
    "差出人: \n",
    "a:\n",
    "x :\n",
]
HEADS = [
    "On 2026-11-22 9:00 <a@b\n",
    "On 2026-11-22 9:00 <a@b> wrote:\n\n",
    "a@b 9:00 2026 <",
    "<a@b 9:00 wrote 2026:\n",
]
ANSWERS = [
    "x <a@b> wrote:\n> x\nno\n",
    "-----Original Message-----\n> x\n",
    "-----Original Message-----\n",
    ">From x\n",
]
SIGNED = [
    "Sent from my ",
    "Sent from my iPhone\n",
    "Get Outlook for ",
    "Regards\n",
    "Regards,",
    "Regards\nAna\n",
    "PS ?\n",
]
LEGAL = ["confidential intended recipient ", "confidential\n\n", "---\na@b.c\n", "5551234 ", "+1 ", "12:30 ", "1 "]
SIGNS = [
    "(((",
    "<<<",
    "[[[",
    "\r",
    "\u200b\n",
    "\u202e",
    "⟦quote⟧\n",
    "⟦/quote⟧",
    "é",
    "🎉\n",
    "> " * 39 + "\n",
    "\x00",
    "年",
]
PIECES = [*FLOODS, *SAYINGS, *FIELDS, *HEADS, *ANSWERS, *SIGNED, *LEGAL, *SIGNS]
STARTS = ["", "On Sun, Nov 22, 2026 at ", "From: ", "-----Original Message-----\n", "-- \n", "hello\n\n> "]
ENDS = ["", " wrote:\n> x"]
NESTED = [
    "<blockquote>",
    "<div>",
    '<div class="yahoo_quoted">',
    "</div>",
    "<blockquote></div>",
    "<blockquote type=cite><p>x",
]
UNCLOSED = [
    "<!--",
    "<!-- -->",
    "<div ",
    "<div a='",
    "<script>",
    "<SCRIPT></SCRIPT>",
    "<style></STYLE>",
    "<title",
    "<head>",
]
STYLED = ['<hr style="', '<div id="x_divRplyFwdMsg">', "<div style='border-left:1px solid'>x</div>", "<<<<", "<p>"]
LONG = ["<div " + "a=b " * 100 + ">", "<div style='" + "border-left:" * 50 + "'>", "<div class='" + "x " * 200 + "'>"]
HTML_PIECES = [*NESTED, *UNCLOSED, *STYLED, *LONG, "⟦quote⟧", "&lt;blockquote&gt;", "<div class" + " " * 900]


def texts() -> Iterator[tuple[str, str]]:
    """A name and a text for each, 0.1 MB long."""
    for piece, start, end in product(PIECES, STARTS[:2], ENDS):
        yield f"{start}{piece!r} x {SIZE // len(piece)}{end}", start + piece * (SIZE // len(piece)) + end
    for piece, start in product(PIECES[::8], STARTS[2:]):
        yield f"{start}{piece!r} x {SIZE // len(piece)}", start + piece * (SIZE // len(piece))
    chance = random.Random(9)
    for number in range(20):
        yield f"mixture {number}", "".join(chance.choices(PIECES, k=SIZE // 8))[:SIZE]


def htmls() -> Iterator[tuple[str, str]]:
    """A name and an HTML for each, 100,000 pieces or 1 MB."""
    for piece in HTML_PIECES:
        times = min(100_000, 10 * SIZE // len(piece))
        yield f"{piece[:40]!r} x {times}", piece * times
        yield f"{piece[:40]!r} x {times}, closed", piece * times + "-->'\">" + "</blockquote></div>" * 1000
