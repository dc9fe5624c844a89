"""Contract suites for what a shop writes itself: inherit one, say what is yours, and the tests say whether it fits.

class TestOurErp(OrderSourceContract):
    source = OurErp()
    good = "Auftrag;Mail;Datum\\n77;ana@example.com;2026-11-02T09:00:00+01:00\\n"
    good_numbers = ("77",)
    partly_bad = "Auftrag;Mail;Datum\\n77;nobody;2026-11-02T09:00:00+01:00\\n78;bo@example.com;..."
    partly_bad_numbers = ("78",)
"""

import io
from functools import partial
from typing import ClassVar

import pytest

from mailer.errors import InputError
from mailer.model import Intent, Level
from mailer.orders.source import BadOrder, OrderIn, OrderSource
from mailer.orders.table import header_of
from mailer.triage.classifier import Classifier, OrderView


class OrderSourceContract:
    """What every OrderSource keeps to; each test is one sentence of the contract."""

    source: ClassVar[OrderSource]
    # A file without mistakes, and the numbers of its orders in their sequence.
    good: ClassVar[str]
    good_numbers: ClassVar[tuple[str, ...]]
    # A file in which at least one order has mistakes, and the numbers of those that have none.
    partly_bad: ClassVar[str]
    partly_bad_numbers: ClassVar[tuple[str, ...]]

    def test_it_has_a_name_for_the_command_line(self) -> None:
        assert self.source.name
        assert self.source.name == self.source.name.strip().lower()

    def test_it_recognises_its_own_header_and_no_other(self) -> None:
        assert self.source.recognises(header_of(io.StringIO(self.good)))
        assert not self.source.recognises(["colour", "size"])

    def test_it_reads_every_order_of_a_good_file(self) -> None:
        read = list(self.source.read(io.StringIO(self.good)))
        assert [each for each in read if isinstance(each, BadOrder)] == []
        assert _numbers(read) == self.good_numbers

    def test_reading_again_gives_the_same(self) -> None:
        assert list(self.source.read(io.StringIO(self.good))) == list(self.source.read(io.StringIO(self.good)))

    def test_a_byte_order_mark_and_windows_line_ends_change_nothing(self) -> None:
        windows = "\ufeff" + self.good.replace("\n", "\r\n")
        assert _numbers(list(self.source.read(io.StringIO(windows, newline="")))) == self.good_numbers

    def test_a_bad_order_is_told_with_its_line_and_the_others_are_read(self) -> None:
        read = list(self.source.read(io.StringIO(self.partly_bad)))
        bad = [each for each in read if isinstance(each, BadOrder)]
        assert bad
        assert all(problem.startswith("line ") for each in bad for problem in each.problems)
        assert _numbers(read) == self.partly_bad_numbers

    def test_a_file_with_a_wrong_header_is_refused_as_a_whole(self) -> None:
        with pytest.raises(InputError):
            list(self.source.read(io.StringIO("colour,size\nred,M\n")))

    def test_an_empty_file_is_refused(self) -> None:
        with pytest.raises(InputError):
            list(self.source.read(io.StringIO("")))

    def test_each_parcel_and_position_can_be_told_from_the_others(self) -> None:
        for order in self.source.read(io.StringIO(self.good)):
            if isinstance(order, OrderIn):
                keys = [parcel.key for parcel in order.fulfillments]
                assert len(keys) == len(set(keys))


def _numbers(read: list[OrderIn | BadOrder]) -> tuple[str, ...]:
    return tuple(each.name for each in read if isinstance(each, OrderIn))


class ClassifierContract:
    """What every Classifier keeps to."""

    classifier: ClassVar[Classifier]
    # Mails that say one thing plainly: language, intent, words.
    plain: ClassVar[tuple[tuple[str, str, str], ...]]
    # A mail that says two things: language, words, and both intents, the one that counts more first.
    two_wishes: ClassVar[tuple[str, str, tuple[str, str]]]

    def test_it_has_a_name_that_is_kept_with_each_judgement(self) -> None:
        assert self.classifier.name
        assert self.classifier.name == self.classifier.name.strip().lower()

    def test_what_is_said_plainly_is_understood_with_evidence_from_the_mail(self) -> None:
        for language, intent, words in self.plain:
            first = self.classifier.classify("", words, language, None).first
            assert first.intent == intent
            assert first.evidence
            assert all(text in words.casefold() for text in first.evidence)

    def test_the_wish_that_counts_more_comes_first(self) -> None:
        language, words, intents = self.two_wishes
        assert self.classifier.classify("", words, language, None).intents == intents

    def test_a_machine_is_never_known_by_its_words(self) -> None:
        for words in ("I am out of office until Monday", "Delivery has failed: user unknown"):
            intents = self.classifier.classify("Automatic reply", words, "en", None).intents
            assert {Intent.AUTO_REPLY, Intent.BOUNCE}.isdisjoint(intents)

    def test_a_mail_without_words_is_other_and_low(self) -> None:
        for order in (None, OrderView("delivered", delivered_days=2)):
            first = self.classifier.classify("", "", "en", order).first
            assert (first.intent, first.level) == (Intent.OTHER, Level.LOW)

    def test_three_likeliest_intents_are_named_the_best_first(self) -> None:
        for language, _, words in self.plain:
            top = self.classifier.classify("", words, language, None).top
            assert len({Intent(intent) for intent, _ in top}) == 3
            assert [share for _, share in top] == sorted((share for _, share in top), reverse=True)

    def test_every_judgement_has_mood_and_confidence_in_their_bounds(self) -> None:
        for language in ("en", "zh", "pt", "xx", ""):
            judgement = self.classifier.classify("Hello", "... 1001 !!!", language, None)
            assert judgement.urgency in ("low", "normal", "high")
            assert judgement.sentiment in ("negative", "neutral", "positive")
            assert all(0 <= wish.confidence <= 1 for wish in judgement.wishes)
            assert len(set(judgement.intents)) == len(judgement.intents)

    def test_judging_again_gives_the_same(self) -> None:
        for language, _, words in self.plain:
            judge = partial(self.classifier.classify, "", words, language, None)
            assert judge() == judge()
