"""The shipped phrases find those who ask where their order is, and leave all others to a person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.clock import monotonic
from mailer.model import Level
from mailer.triage.classifier import OTHER
from mailer.triage.phrases import IntentPhrases, PhraseClassifier
from tests.triage.mails import ASKING, NOT_ASKING
from tests.triage.measure import measure

SHIPPED = PhraseClassifier.shipped()
SMALL = PhraseClassifier(
    [
        IntentPhrases.of(
            "order_status",
            {"says": ["where is my PARCEL"], "hints": ["waiting", "tracking", "late"], "unless": ["cancel"]},
            {"PARCEL": ["order", "parcel"]},
        ),
        IntentPhrases.of("thanks", {"says": ["thank you"]}, {}),
    ]
)


def test_most_who_ask_are_understood_and_hardly_any_other_is() -> None:
    figures = measure()
    assert len(ASKING) >= 40
    assert len(NOT_ASKING) >= 40
    assert figures.recall >= 0.9, figures.missed
    assert figures.mistakes <= 0.05, figures.mistaken


@pytest.mark.parametrize(
    ("text", "intent", "level", "evidence"),
    [
        ("Where is my order?", "order_status", Level.HIGH, ("where is my order",)),
        ("WHERE IS MY PARCEL", "order_status", Level.HIGH, ("where is my parcel",)),
        ("where on earth is my little parcel", "order_status", Level.HIGH, ("where on earth is my little parcel",)),
        ("where, oh where on earth is my order", "order_status", Level.HIGH, ("where on earth is my order",)),
        ("where and when and why is my order", OTHER, Level.LOW, ()),
        ("is my order where", OTHER, Level.LOW, ()),
        ("where is my order? else cancel it", OTHER, Level.LOW, ("where is my order", "cancel")),
        ("I am waiting, it is late, no tracking", "order_status", Level.MEDIUM, ("waiting", "tracking", "late")),
        ("I am waiting, it is late", OTHER, Level.LOW, ()),
        ("thank you", "thanks", Level.HIGH, ("thank you",)),
        ("", OTHER, Level.LOW, ()),
    ],
)
def test_a_phrase_stands_in_order_with_two_words_between(
    text: str, intent: str, level: Level, evidence: tuple[str, ...]
) -> None:
    judgement = SMALL.classify("", text)
    assert (judgement.intent, judgement.level, judgement.evidence) == (intent, level, evidence)


def test_the_subject_counts_and_no_phrase_begins_there_and_ends_in_the_text() -> None:
    assert SMALL.classify("Where is my order", "").intent == "order_status"
    assert SMALL.classify("where is", "my order").intent == OTHER


@pytest.mark.parametrize("apostrophe", ["'", "’"])
def test_both_apostrophes_are_one(apostrophe: str) -> None:
    assert SHIPPED.classify("", f"My order hasn{apostrophe}t arrived").intent == "order_status"


@pytest.mark.parametrize(
    "piece",
    ["where ", "where is my ", "order ", "a", "a'", "'", "_", "when will ", "cancel ", "\n", "where is\n", "é"],
    ids=repr,
)
def test_crafted_text_of_100_kb_takes_no_long_time(piece: str) -> None:
    start = monotonic()
    SHIPPED.classify(piece * 100, piece * (100_000 // len(piece)))
    assert monotonic() - start < 2


@given(st.text(), st.text())
def test_any_text_is_judged(subject: str, text: str) -> None:
    judgement = SHIPPED.classify(subject, text)
    assert 0 <= judgement.confidence < 1
    assert (judgement.intent == OTHER) == (judgement.level == Level.LOW)
