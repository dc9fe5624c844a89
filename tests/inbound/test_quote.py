"""What a customer wrote is kept, what they quoted is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.clock import monotonic
from mailer.inbound.quote import own_words

GMAIL = "On Sun, Nov 22, 2026 at 9:00 AM Linen & Co <care@shop.test> wrote:"
FOLDED = "On Sun, Nov 22, 2026 at 9:00 AM Linen & Co\n<care@shop.test> wrote:"
OUTLOOK = "From: Linen & Co <care@shop.test>\nSent: Sunday, 22 November 2026 09:00\nTo: Ana\nSubject: Re: My order"


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("Where is it?", "Where is it?"),
        ("Where is it?\n> Your order shipped", "Where is it?"),
        ("Where is it?\n  >> deeper", "Where is it?"),
        (f"Where is it?\n\n{GMAIL}\n> Your order shipped\n> Bye", "Where is it?"),
        (f"Where is it?\n\n{FOLDED}\n\n> Your order shipped", "Where is it?"),
        (f"Where is it?\n\n{GMAIL}\n\nYour order shipped", "Where is it?"),
        (f"{GMAIL}\n> Your order shipped\n\nWhere is it?", "Where is it?"),
        (f"{GMAIL}\n> Did it come?\nNo.\n> Really?\nNo, where is it?", "No.\nNo, where is it?"),
        (f"Where is it?\n\n{OUTLOOK}\n\nYour order shipped", "Where is it?"),
        (
            "Where is it?\n________________\n*From:* care@shop.test\n*Date:* Sunday\n*Subject:* Hi\n\nShipped",
            "Where is it?\n________________",
        ),
        ("Where is it?\n-----Original Message-----\nYour order shipped", "Where is it?"),
        ("Where is it?\n-------- Original Message --------\nShipped", "Where is it?"),
        ("", ""),
        ("> only quoted", ""),
    ],
)
def test_quoted_mail_is_cut(text: str, own: str) -> None:
    assert own_words(text) == own


@pytest.mark.parametrize(
    "text",
    [
        "On Monday I wrote:\nwhere is my order?\nNobody answered.",
        "On Monday I ordered a shirt.\nIt is not here.",
        "From: Lisbon\nthat is where I write from.",
        "The label says:\nFrom: a warehouse\nso where is it?",
        "I paid 5 > 3 euros",
    ],
)
def test_a_story_is_not_taken_for_a_quote(text: str) -> None:
    assert own_words(text) == text


@pytest.mark.parametrize(
    "piece",
    [
        "On ",
        "On \n",
        "\n",
        ">",
        ">\n",
        "> ",
        "From:\n",
        "wrote:\n",
        "On x wrote:\n",
        "-",
        " \n",
        "From: sent: to:\n",
        "\r",
    ],
    ids=repr,
)
def test_crafted_text_of_100_kb_takes_no_long_time(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    start = monotonic()
    own_words(text)
    own_words(f"{text} wrote:\n> x")
    assert monotonic() - start < 2


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=("Cc", "Zl", "Zp")), min_size=1)))
def test_nothing_is_made_up(lines: list[str]) -> None:
    assert set(own_words("\n".join(lines)).split("\n")) <= {
        each for line in lines for each in (line, line.strip(), line.lstrip(), line.rstrip())
    } | {""}
