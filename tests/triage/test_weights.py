"""What was learned from phrases: the same each time, the same after reading, and never older than the phrases."""

from importlib import resources

import pytest

from mailer.triage.features import features
from mailer.triage.learned import Learned
from mailer.triage.learning import learn
from mailer.triage.lexicon import Lexicon, languages, written
from mailer.triage.weights import Weights

OWN = Lexicon.of(
    "en",
    {
        "order_status": {"says": ["where is my parcel", "has my parcel been sent", "when does it come"]},
        "invoice": {"says": ["send me the invoice", "i need a bill for my company", "the receipt please"]},
    },
)


def test_each_phrase_is_taken_for_its_own_intent() -> None:
    learned = Learned.of(OWN)
    for intent, texts in OWN.says.items():
        for text in texts:
            scores = dict(zip(learned.intents, learned.scores(learned.features(text)), strict=True))
            assert max(scores, key=lambda one: scores[one]) == intent


def test_words_that_no_phrase_has_make_it_less_sure() -> None:
    learned = Learned.of(OWN)
    short, long = (
        max(learned.scores(learned.features(text)))
        for text in ("where is my parcel", "where is my parcel of gold dust")
    )
    assert long < short


def test_what_is_stored_reads_the_same() -> None:
    weights = learn(OWN)
    assert Weights.read(weights.stored("hash"), "hash") == weights
    assert weights.stored("hash") == learn(OWN).stored("hash")
    assert Weights.read(weights.stored("hash"), "another") is None


@pytest.mark.parametrize("language", languages())
def test_the_shipped_weights_were_learned_from_the_shipped_phrases(language: str) -> None:
    data = resources.files("mailer.triage").joinpath("words", f"{language}.weights").read_bytes()
    assert Weights.read(data, written(language)) is not None, "run `make words`"


def test_a_class_of_words_is_one_word() -> None:
    classes = {"parcel": "PARCEL", "box": "PARCEL"}
    assert (
        "PARCEL late" in features("my parcel late", "xx", classes).keys() & features("a box late", "xx", classes).keys()
    )
