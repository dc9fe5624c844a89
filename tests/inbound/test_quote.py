"""What a customer wrote is kept, what they quoted is folded, and no line is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.inbound.quote import MAX_CHARACTERS, MAX_LINES, Label, label, own_words

GMAIL = "On Sun, Nov 22, 2026 at 9:00 AM Linen & Co <care@shop.test> wrote:"
FOLDED = "On Sun, Nov 22, 2026 at 9:00 AM Linen & Co\n<care@shop.test> wrote:"
APPLE = "On 22 Nov 2026, at 09:00, Linen & Co <care@shop.test> wrote:"
OUTLOOK = "From: Linen & Co <care@shop.test>\nSent: Sunday, 22 November 2026 09:00\nTo: Ana\nSubject: Re: My order"


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("Where is it?", "Where is it?"),
        ("Where is it?\n> Your order shipped", "Where is it?"),
        ("Where is it?\n  >> deeper", "Where is it?"),
        ("Where is it?\n＞ Your order shipped", "Where is it?"),
        (f"Where is it?\n\n{GMAIL}\n> Your order shipped\n> Bye", "Where is it?"),
        (f"Where is it?\n\n{FOLDED}\n\n> Your order shipped", "Where is it?"),
        (f"Where is it?\n\n{GMAIL}\n\nYour order shipped", "Where is it?"),
        (f"Where is it?\r\n\r\n{GMAIL}\r\n\r\nYour order shipped", "Where is it?"),
        (f"Where is it?\n\n{OUTLOOK}\n\nYour order shipped", "Where is it?"),
        (f"Where is it?\n\n\ufeff{OUTLOOK}\n\nYour order shipped", "Where is it?"),
        (
            "Where is it?\n________________\n*From:* care@shop.test\n*Date:* Sunday\n*Subject:* Hi\n\nSent",
            "Where is it?",
        ),
        ("Where is it?\n-----Original Message-----\nYour order shipped", "Where is it?"),
        ("Where is it?\n-------- Original Message --------\nShipped", "Where is it?"),
        (f"Where is it?\n\n{APPLE}\n\n> {GMAIL}\n> \n>> older\n> newer", "Where is it?"),
        (f"Where is it?\n\n{GMAIL}\n\nYour order shipped\n\n{APPLE}\n\n> older\n\nlast lines", "Where is it?"),
        (f"{OUTLOOK}\n\nYour order shipped", ""),
        ("", ""),
        ("> only quoted", ""),
    ],
)
def test_quoted_mail_is_folded(text: str, own: str) -> None:
    assert own_words(text) == own


@pytest.mark.parametrize(
    ("text", "own"),
    [
        (f"{GMAIL}\n> Your order shipped\n\nWhere is it?", "Where is it?"),
        (f"{GMAIL}\n> Did it come?\nNo.\n> Really?\nNo, where is it?", "No.\nNo, where is it?"),
        (f"Hello,\n\n{GMAIL}\n> Did it come?\n\nno\n\n> In what size?\n\nM, please", "Hello,\n\n\nno\n\n\nM, please"),
        (f"{GMAIL}\n\nThe first answer.\n\n> Did it come?\n\nThe second.", "The first answer.\n\n\nThe second."),
        (
            "> We need your order number and the address where the parcel is to be\n1234, Lisbon\n> Thank you",
            "1234, Lisbon",
        ),
        ("> Which size?\nblue\n> Which colour?\nXL\n", "blue\nXL"),
        (f"{OUTLOOK}\n\n> Your order shipped\n\nIt has not come.", "It has not come."),
    ],
)
def test_answers_below_and_between_are_kept(text: str, own: str) -> None:
    assert own_words(text) == own


def test_what_a_program_broke_off_a_long_quoted_line_is_quoted() -> None:
    quoted = "> If it has not arrived within three working days, please write to us again with"
    assert own_words(f"Not here.\n\n{quoted}\nyour number\n> Bye") == "Not here."


@pytest.mark.parametrize(
    "text",
    [
        "On Monday I wrote:\nwhere is my order?\nNobody answered.",
        "On Monday I wrote: please cancel",
        "On Monday I wrote:\n\nPlease cancel my order.",
        "On 3 November 2026 I wrote:\nplease cancel.\nYou did not.",
        "On 3 November 2026 at 10:00 I wrote to care@shop.test:\nplease cancel.\nYou did not.",
        "On 3 November 2026 you wrote:\n\nIt comes on Friday.\n\nIt did not.",
        "On 22/11/2026 at 10:15 the driver wrote:\n\nparcel left with a neighbour\n\nI have no neighbour.",
        "I called care (care@shop.test) on 3.11.2026 at 10:00 and heard:\nit comes tomorrow.\nNothing came.",
        "Your colleague tom@shop.test wrote:\nyou may return it.\nIs that true?",
        "My wife wrote:\ncancel it.\nSo cancel it.",
        "On Monday I ordered a shirt.\nIt is not here.",
        "From: Lisbon\nthat is where I write from.",
        "The label says:\nFrom: a warehouse\nso where is it?",
        "The label says:\nFrom: Porto\nTo: Lisbon\nDate: 3 November\nWhere is it now?",
        "To: Ana Silva\nStreet: Rua 1\nCity: Porto\nPlease send it there.",
        "Date: 3 November\nTime: 10:00\nPlace: the shop in Porto\nIs that right?",
        "Subject: my order\n\nWhere is it?",
        "From: Ana Silva\nTo: Rua 1, Porto\nDate: Monday\nE-mail: ana@x.test\nPlease send it.",
        "From: Ana <ana@x.test>\nSubject: my order\n\nMessage:\nWhere is it?",
        "Please write to Ana <ana@x.test>\nand not to Bo <bo@x.test>",
        "I paid 5 > 3 euros",
        "Two things:\n1. It is late.\n2. It is blue:\nI wanted red.",
        "The code is: -----BEGIN-----\nwhat do I do with it?",
        "-----\nImportant\n-----\nPlease cancel.",
        "----\nPlease cancel.\n----\nThank you, and bye",
        "Am Montag schrieb ich:\nwo ist mein Paket?\nKeine Antwort.",
        "Am 3.11.2026 um 10:00 schrieb ich Ihnen an care@shop.test:\nbitte stornieren.\nNichts geschah.",
        "Am 3. November 2026 haben Sie mir geschrieben:\n\nEs kommt am Freitag.\n\nEs kam nicht.",
        "Von: Berlin\nNach: Hamburg\nDatum: 3. November\nWo ist es?",
        "Le 3 novembre 2026 j'ai écrit à care@shop.test :\nannulez, svp.\nRien.",
        "El 3 de noviembre de 2026 a las 10:00 escribí a care@shop.test:\ncancelen.\nNada.",
        "Il 3 novembre 2026 alle 10:00 ho scritto a care@shop.test:\nannullate.\nNulla.",
        "Op 3 november 2026 om 10:00 schreef ik aan care@shop.test:\nannuleer.\nNiets.",
        "Em 3 de novembro de 2026 às 10:00 escrevi para care@shop.test:\ncancelem.\nNada.",
        "W dniu 3.11.2026 o 10:00 napisałam do care@shop.test:\nanulujcie.\nNic.",
        "3 ноября 2026 в 10:00 я писал вам:\nотмените заказ.\nНичего.",
        "Den 3 november 2026 kl 10:00 skrev jag till care@shop.test:\navbeställ.\nInget.",
        "我在2026年11月3日写道：\n请取消订单。\n没有回复。",
        "发件人是谁？\n我没有收到。",
    ],
)
def test_a_story_is_not_taken_for_a_quote(text: str) -> None:
    assert own_words(text) == text


def test_a_line_that_a_mailbox_file_escaped_is_the_customers() -> None:
    assert own_words("Hello\n>From Lisbon I write.\nBye") == "Hello\n>From Lisbon I write.\nBye"


def test_each_line_has_its_label() -> None:
    text = f"Where is it?\n\nRegards,\nAna\n\n{FOLDED}\n> Sent.\n\nToday?"
    own, signed, head, quoted = Label.OWN, Label.SIGNATURE, Label.ATTRIBUTION, Label.QUOTED
    assert [one for one, _ in label(text).lines] == [own, own, signed, signed, own, head, head, quoted, own, own]
    assert label(text).signature == "Regards,\nAna"
    assert label(text).quoted == f"{FOLDED}\n> Sent."


def test_behind_what_is_looked_at_a_mark_still_quotes() -> None:
    prose = "\n".join(f"line {number}" for number in range(MAX_LINES + 10))
    labelled = label(f"{prose}\n> quoted\n{GMAIL}\nmine")
    assert labelled.own_words == f"{prose}\n{GMAIL}\nmine"
    assert labelled.quoted == "> quoted"
    assert label(f"short\n{'x' * MAX_CHARACTERS}\n> quoted\nmine").quoted == "> quoted"


def test_a_quote_without_marks_goes_on_behind_what_is_looked_at() -> None:
    assert own_words(f"Where is it?\n\n{OUTLOOK}\n\n" + "line\n" * (MAX_LINES + 10)) == "Where is it?"


TELLING = (
    [
        "",
        " ",
        ">",
        "> quoted",
        ">> deeper",
        "-- ",
        "--",
        "____",
        "wrote:",
        "On Monday I wrote:",
        "No.",
        "Ana",
        "Regards,",
    ],
    ["-----Original Message-----", "Sent from my iPhone", "⟦quote⟧", "⟦/quote⟧", "⟦rest⟧", "发件人： Ana"],
    ["This mail is confidential and intended solely for you", GMAIL, *FOLDED.split("\n"), *OUTLOOK.split("\n")],
)
lines = st.one_of(
    st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=40),
    *(st.sampled_from(some) for some in TELLING),
)


@given(st.lists(lines))
def test_no_line_is_lost_or_changed(parts: list[str]) -> None:
    text = "\n".join(parts)
    labelled = label(text)
    assert "\n".join(line for _, line in labelled.lines) == text
    assert labelled.own_words == "\n".join(line for one, line in labelled.lines if one is Label.OWN).strip()


@given(st.lists(st.text(alphabet="abcdefg ,.?!äß日本0123", max_size=60)))
def test_text_that_holds_nothing_a_program_writes_is_the_customers(parts: list[str]) -> None:
    text = "\n".join(parts)
    assert own_words(text) == text.strip()


answers = st.sampled_from(
    ["Where is it?", "No, it has not come.", "请退款，谢谢。", "Ist es rot?\nIch wollte blau.", "Please send M."]
)
heads = st.sampled_from([GMAIL, FOLDED, APPLE])


@given(answers, heads, st.lists(answers, min_size=1, max_size=4))
def test_own_words_are_their_own_own_words(top: str, head: str, between: list[str]) -> None:
    text = f"{top}\n\n{head}\n" + "\n".join(f"> a line of ours\n\n{answer}\n" for answer in between)
    once = own_words(text)
    assert own_words(once) == once
    assert once.split() == " ".join([top, *between]).split()
