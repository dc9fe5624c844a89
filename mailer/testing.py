"""Contract suites for what a shop writes itself: inherit one, say what is yours, and the tests say whether it fits.

class TestOurErp(OrderSourceContract):
    source = OurErp()
    good = "Auftrag;Mail;Datum\\n77;ana@example.com;2026-11-02T09:00:00+01:00\\n"
    good_numbers = ("77",)
    partly_bad = "Auftrag;Mail;Datum\\n77;nobody;2026-11-02T09:00:00+01:00\\n78;bo@example.com;..."
    partly_bad_numbers = ("78",)
"""

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import ClassVar

import pytest

from mailer.errors import InputError
from mailer.model import Intent, Level, ParcelState
from mailer.orders.hook import Facts, Hooked, HookSource, TrackingIn
from mailer.orders.source import BadOrder, OrderIn, OrderSource, ScanIn
from mailer.orders.table import header_of
from mailer.sources_config import SourceConfig
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


class HookSourceContract:
    """What every HookSource keeps to."""

    source: ClassVar[HookSource]
    # What [sources.NAME] says beside kind and secrets.
    config: ClassVar[SourceConfig]
    # Bodies as they are documented, each with its headers without the signature.
    examples: ClassVar[tuple[tuple[dict[str, str], bytes], ...]]
    # One with a carrier's word that nobody knows, and the word; empty for a source that has no such words.
    unknown_word: ClassVar[tuple[dict[str, str], bytes, str] | None] = None
    # A test of the platform: ignored unless the source is a sandbox.
    test_example: ClassVar[tuple[dict[str, str], bytes] | None] = None
    # What is sent, unsigned, to see whether somebody is there.
    ping: ClassVar[tuple[dict[str, str], bytes] | None] = None

    now: ClassVar[datetime] = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)

    def sign(self, body: bytes, secret: str) -> dict[str, str]:
        """The headers with which the platform signs a body at `now`; header names in lower case."""
        raise NotImplementedError

    def hooked(self, example: tuple[dict[str, str], bytes], secret: str = "s3cret") -> Hooked:  # noqa: S107
        """An example as it comes in."""
        headers, body = example
        return Hooked("shop", {**headers, **self.sign(body, secret)}, body)

    def read(self, example: tuple[dict[str, str], bytes], *, sandbox: bool = False) -> Facts:
        """What an example says."""
        return self.source.read(self.hooked(example), self.config.model_copy(update={"sandbox": sandbox}))

    def test_it_has_a_name_for_config_toml(self) -> None:
        assert self.source.name
        assert self.source.name == self.source.name.strip().lower()

    def test_each_documented_example_is_believed_and_says_something(self) -> None:
        for example in self.examples:
            assert self.source.verify(self.hooked(example), ["s3cret"], self.now)
            assert self.read(example).facts, self.read(example).ignored

    def test_one_of_two_secrets_is_enough(self) -> None:
        hooked = self.hooked(self.examples[0])
        assert self.source.verify(hooked, ["new", "s3cret"], self.now)
        assert self.source.verify(hooked, ["s3cret", "new"], self.now)

    def test_what_is_signed_otherwise_is_not_believed(self) -> None:
        hooked = self.hooked(self.examples[0])
        signature = self.sign(hooked.body, "s3cret")
        others = [
            replace(hooked, body=hooked.body + b" {}"),
            self.hooked(self.examples[0], "another"),
            replace(hooked, headers={**hooked.headers, **dict.fromkeys(signature, "")}),
            replace(hooked, headers={**hooked.headers, **dict.fromkeys(signature, "t=x,v1=\udcff\u00e9")}),
            replace(hooked, headers={k: v for k, v in hooked.headers.items() if k not in signature}),
        ]
        assert not any(self.source.verify(other, ["s3cret"], self.now) for other in others)
        assert not self.source.verify(hooked, [], self.now)

    def test_a_delivery_that_comes_again_has_the_same_key_and_another_one_another(self) -> None:
        keys = [self.source.key(self.hooked(example)) for example in self.examples]
        assert keys == [self.source.key(self.hooked(example)) for example in self.examples]
        assert len(set(keys)) == len(keys)
        assert all(0 < len(key) <= 200 for key in keys)

    def test_reading_again_gives_the_same(self) -> None:
        for example in self.examples:
            assert self.read(example) == self.read(example)

    def test_a_broken_body_is_told_as_such_and_has_a_key_all_the_same(self) -> None:
        headers, _ = self.examples[0]
        for body in (b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b"{}"):
            hooked = Hooked("shop", headers, body)
            assert self.source.key(hooked)
            assert self._says_what_is_wrong(hooked)

    def _says_what_is_wrong(self, hooked: Hooked) -> bool:
        try:
            return bool(self.source.read(hooked, self.config).ignored)
        except InputError as error:
            return bool(error.problems)

    def test_a_word_that_nobody_knows_is_kept_and_means_that_the_parcel_moves(self) -> None:
        if self.unknown_word is None:
            return
        headers, body, word = self.unknown_word
        scans = [scan for scan in _scans(self.read((headers, body))) if scan.status == word]
        assert scans
        assert {scan.state for scan in scans} <= {None, ParcelState.IN_TRANSIT}

    def test_a_test_of_the_platform_is_ignored_unless_this_is_a_sandbox(self) -> None:
        if self.test_example is None:
            return
        assert self.read(self.test_example).ignored
        assert self.read(self.test_example, sandbox=True).facts

    def test_only_its_own_ping_is_one(self) -> None:
        assert not any(self.source.is_ping(self.hooked(example)) for example in self.examples)
        if self.ping is not None:
            assert self.source.is_ping(Hooked("shop", *self.ping))


def _scans(facts: Facts) -> Iterator[ScanIn]:
    for fact in facts.facts:
        if isinstance(fact, TrackingIn):
            yield from fact.parcel.events


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
