"""What the demo's customers write: every intent in five languages, and each letter is read as what it is."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from itertools import pairwise

import pytest

from mailer.demo.deck import ABOUT
from mailer.demo.letters import DAEMON, FORGER, Letter, Pen
from mailer.demo.paper import photo
from mailer.demo.people import LANGUAGES, PROSPECT, Customer, customers
from mailer.demo.texts import read_texts
from mailer.errors import InputError
from mailer.inbound.parse import parse
from mailer.model import Intent
from tests.conftest import NOW

PLACES = {"number": "#1", "name": "Ana", "product": "scarf", "wrong": "#2"}


def ours() -> EmailMessage:
    """A reply of ours that a customer may answer and a server return."""
    mail = EmailMessage()
    mail["Message-ID"], mail["References"], mail["Subject"] = "<ours@shop.test>", "<asked@x.test>", "Re: Order"
    mail["From"], mail["To"], mail["Date"] = "care@shop.test", "Chloé B <chloe@customers.test>", NOW
    mail.set_content("Your parcel is on its way.\n")
    return mail


def letters(seed: int, count: int = 200) -> list[Letter]:
    pen = Pen(seed, customers())
    return [pen.first(NOW, ours=ours()) for _ in range(count)]


def of_kind(kind: str) -> list[Letter]:
    return [one for one in letters(3) if one.kind == kind]


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_two_letters_for_every_intent(language: str) -> None:
    texts = read_texts(language)
    for intent in Intent:
        voices = texts.about(intent)
        assert len({one.text for one in voices}) >= 2, intent
    for about in (*ABOUT, "follow_up"):
        for one in [] if about == "unreadable" else texts.about(about):
            assert one.text.format(**PLACES) and "{" not in one.subject.format(**PLACES)
            assert set(one.intents) <= set(Intent), about
    assert texts.quotes


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_has_no_order_names_none(language: str) -> None:
    texts = read_texts(language)
    prospect = next(one for one in customers() if one.state == PROSPECT)
    for about in ABOUT:
        if about not in ("unreadable", Intent.BOUNCE) and prospect.fits(about):
            assert not any("{number}" in one.subject + one.text for one in texts.about(about)), about


def test_there_is_somebody_for_every_card() -> None:
    for language in LANGUAGES:
        for about in ABOUT:
            assert any(one.language == language and one.fits(about) for one in customers()), (about, language)


def test_the_same_seed_writes_the_same_letters() -> None:
    assert letters(7, 60) == letters(7, 60)
    assert [one.raw for one in letters(7, 60)] != [one.raw for one in letters(8, 60)]


def test_the_first_letters_hold_every_intent_and_five_rounds_each_in_five_languages() -> None:
    written = letters(1)
    assert {one.kind for one in written[: len(ABOUT)]} == set(ABOUT)
    pairs = {(one.kind, one.language) for one in written[: 5 * len(ABOUT)] if one.kind in set(Intent)}
    assert pairs == {(intent.value, language) for intent in Intent for language in LANGUAGES}
    assert len({one.message_id for one in written}) == len(written)


def test_each_letter_is_read_as_what_it_is() -> None:
    for one in letters(2):
        if one.kind == "unreadable":
            with pytest.raises(InputError):
                parse(one.raw)
            continue
        mail = parse(one.raw)
        assert (mail.message_id, mail.senders[0].address) == (one.message_id, one.sender)
        assert (mail.automatic is not None) == (one.kind in (Intent.AUTO_REPLY, Intent.BOUNCE)), one.kind
        assert mail.own_words.strip()


def test_the_text_survives_html_and_old_charsets() -> None:
    charsets = {message_from_bytes(one.raw).get_content_charset() for one in letters(1)}
    types = {message_from_bytes(one.raw).get_content_type() for one in letters(1)}
    assert {"gb18030", "iso-8859-1", "utf-8"} <= charsets
    assert {"text/plain", "text/html", "multipart/mixed", "multipart/report"} <= types
    for one in letters(1):
        if one.kind == Intent.REFUND_STATUS and one.language == "zh":
            assert "退款" in parse(one.raw).own_words


def test_a_photo_is_a_file_that_can_be_opened() -> None:
    damaged = [one for one in letters(1) if b"IMG_" in one.raw]
    assert damaged
    file = parse(damaged[0].raw).attachments[0]
    assert (file.name.startswith("IMG_"), file.content_type) == (True, "image/png")
    assert photo(1).startswith(b"\x89PNG\r\n\x1a\n") and photo(1) != photo(2)


def test_a_forger_and_a_stranger() -> None:
    owners = {one.address: one for one in customers()}
    for one in of_kind("forged"):
        assert one.envelope == FORGER and owners[one.sender].order_number in one.raw.decode()
    for one in of_kind("stranger"):
        assert owners[one.sender].order_number not in parse(one.raw).subject
    assert all(len(parse(one.raw).senders) == 2 for one in of_kind("several_from"))


def test_a_returned_mail_names_ours() -> None:
    returned = of_kind(Intent.BOUNCE)[0]
    mail = parse(returned.raw)
    assert (returned.sender, returned.envelope) == (DAEMON, "")
    assert mail.reported_message_id == "<ours@shop.test>"
    assert mail.bounces[0].recipient == "chloe@customers.test"


def test_nothing_is_returned_and_no_second_mail_written_before_it_can_be() -> None:
    pen = Pen(1, customers())
    written = [pen.first(NOW) for _ in range(100)]
    assert Intent.BOUNCE not in {one.kind for one in written}
    for before, one in pairwise(written):
        if one.kind == "second_mail":
            assert (before.kind, before.sender) == (Intent.ORDER_STATUS, one.sender)


def test_an_answer_quotes_and_threads() -> None:
    people = customers()
    answer = Pen(1, people).answer(people[0], ours(), NOW)
    mail = message_from_bytes(answer.raw, policy=default)
    assert (mail["In-Reply-To"], mail["References"]) == ("<ours@shop.test>", "<asked@x.test> <ours@shop.test>")
    assert "> Your parcel is on its way." in str(mail.get_payload())
    assert "on its way" not in parse(answer.raw).own_words


def test_customers_have_an_address_and_a_number_of_their_own() -> None:
    people: list[Customer] = customers()
    assert len({one.address for one in people}) == len(people)
    numbers = [one.order_number for one in people if one.order_number]
    assert len(set(numbers)) == len(numbers) == len(people) - sum(one.state == PROSPECT for one in people)
