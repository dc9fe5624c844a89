"""What the demo's customers write: the same letters for the same seed, and each kind is what it says."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from mailer.demo.letters import Letter, Pen
from mailer.demo.shop import customers
from mailer.errors import InputError
from mailer.inbound.parse import parse
from tests.conftest import NOW


def letters(seed: int, count: int = 60) -> list[Letter]:
    pen, people = Pen(seed), customers()
    return [pen.first(people[number % len(people)], people[:-1], NOW) for number in range(count)]


def test_the_same_seed_writes_the_same_letters() -> None:
    assert letters(7) == letters(7)
    assert [one.raw for one in letters(7)] != [one.raw for one in letters(8)]


def test_every_kind_is_written_and_no_message_id_twice() -> None:
    written = letters(1, 300)
    assert {one.kind for one in written} == {
        "status", "no_number", "wrong_number", "stranger", "other", "out_of_office", "unreadable",
    }  # fmt: skip
    assert len({one.message_id for one in written}) == len(written)


def test_each_letter_is_read_as_what_it_is() -> None:
    for one in letters(2, 120):
        if one.kind == "unreadable":
            with pytest.raises(InputError):
                parse(one.raw)
            continue
        mail = parse(one.raw)
        assert (mail.message_id, mail.senders[0].address) == (one.message_id, one.sender)
        assert (mail.automatic is not None) == (one.kind == "out_of_office")


def test_an_answer_quotes_and_threads() -> None:
    pen, ana = Pen(1), customers()[0]
    ours = EmailMessage()
    ours["Message-ID"], ours["References"], ours["Subject"] = "<ours@shop.test>", "<asked@x.test>", "Re: Order"
    ours["Date"] = NOW
    ours.set_content("Your parcel is on its way.\n")
    answer = pen.answer(ana, ours, NOW)
    mail = message_from_bytes(answer.raw, policy=default)
    assert (mail["In-Reply-To"], mail["References"]) == ("<ours@shop.test>", "<asked@x.test> <ours@shop.test>")
    assert "> Your parcel is on its way." in str(mail.get_payload())
    assert "on its way" not in parse(answer.raw).own_words
