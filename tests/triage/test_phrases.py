"""The shipped phrases: several wishes, many languages, honest doubt, and the order in mind.

The mails here are our own: they show that the parts work together, and measure no quality.
"""

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mailer.clock import monotonic
from mailer.model import BY_WORDS, Intent, Level
from mailer.testing import ClassifierContract
from mailer.triage.circumstance import leaning
from mailer.triage.classifier import OTHER, OrderView
from mailer.triage.lexicon import Lexicon, languages, lexicon
from mailer.triage.phrases import PhraseClassifier, Voice
from tests.triage.mails import ASKING, NOT_ASKING
from tests.triage.measure import measure

SHIPPED = PhraseClassifier.shipped()
FIVE = ("de", "en", "es", "fr", "zh")
OWN = {
    "order_status": {
        "says": ["where is my PARCEL", "has my PARCEL been sent", "any news of my PARCEL"],
        "strong": ["where PARCEL"],
    },
    "cancel_order": {"says": ["cancel my PARCEL", "i do not want it any more", "stop the PARCEL please"]},
    "other": {"says": ["what a lovely day", "tell me a joke", "who won the match"]},
    "same": {"PARCEL": ["order", "parcel"]},
}
SMALL = PhraseClassifier({"en": lambda: Voice(Lexicon.of("en", OWN))})


class TestShipped(ClassifierContract):
    classifier = SHIPPED
    plain = (
        ("en", "order_status", "Where is my order?"),
        ("de", "cancel_order", "Bitte stornieren Sie meine Bestellung"),
    )
    two_wishes = ("en", "Please cancel my order. And where is my refund?", ("cancel_order", "refund_status"))


def test_our_own_mails_are_understood_as_before() -> None:
    figures = measure()
    assert len(ASKING) >= 40
    assert len(NOT_ASKING) >= 40
    assert figures.recall >= 0.85, figures.missed
    assert figures.mistakes <= 0.15, figures.mistaken


@pytest.mark.parametrize(
    ("text", "intents"),
    [
        ("Where is my order?", ["order_status"]),
        ("where on earth is my parcel", ["order_status"]),
        ("Please cancel my order", ["cancel_order"]),
        ("Where is my parcel? Else cancel my order!", ["cancel_order", "order_status"]),
        ("any news of my parcel and please cancel my order now", ["cancel_order", "order_status"]),
        ("what a lovely day", [OTHER]),
        ("", [OTHER]),
    ],
)
def test_wishes_come_in_their_precedence(text: str, intents: list[str]) -> None:
    assert list(SMALL.classify("", text, "en", None).intents) == intents


@pytest.mark.parametrize("language", FIVE)
def test_every_language_has_thirty_ways_to_put_each_intent(language: str) -> None:
    says = lexicon(language).says
    assert {intent: len(says.get(intent, ())) for intent in BY_WORDS if len(set(says.get(intent, ()))) < 30} == {}


def test_five_languages_are_shipped() -> None:
    assert languages() == FIVE


@pytest.mark.parametrize(
    ("language", "text", "intent"),
    [
        ("de", "Wo ist mein Paket?", "order_status"),
        ("fr", "Où est mon colis ?", "order_status"),
        ("fr", "ou est mon colis", "order_status"),
        ("es", "Quiero devolver el vestido", "return_refund"),
        ("zh", "衣服质量太差了，一洗就破", "damaged_defective"),
        ("en", "The trousers are far too tight, they do not fit me at all", "size_not_fit"),
    ],
)
def test_each_language_is_heard_in_its_own_words(language: str, text: str, intent: str) -> None:
    assert SHIPPED.classify("", text, language, None).first.intent == intent


@pytest.mark.parametrize("language", ["it", "nl", "pt", "pl", "ja", "ko", "sv", "xx"])
def test_a_language_without_phrases_is_never_sure(language: str) -> None:
    for text in ("Where is my order?", "Onde está meu pedido?", "注文した商品はどこですか"):
        assert SHIPPED.classify("", text, language, None).first.level != Level.HIGH


@pytest.mark.parametrize(
    ("order", "intent"),
    [
        (None, "order_status"),
        (OrderView("not_shipped", days_out=2), "order_status"),
        (OrderView("in_transit", days_out=3), "order_status"),
        (OrderView("in_transit", days_out=20), "delivery_delay"),
        (OrderView("in_transit", days_out=6, late=True), "delivery_delay"),
        (OrderView("not_shipped", days_out=12), "delivery_delay"),
    ],
)
def test_the_parcel_tells_a_question_from_a_delay(order: OrderView | None, intent: str) -> None:
    assert SHIPPED.classify("", "Where is my order?", "en", order).first.intent == intent


@pytest.mark.parametrize("intent", [Intent.WRONG_MISSING_ITEM, Intent.DAMAGED_DEFECTIVE, Intent.SIZE_NOT_FIT])
def test_what_has_not_been_sent_is_hardly_wrong(intent: Intent) -> None:
    assert leaning(OrderView("not_shipped"))[intent] < 0 < leaning(OrderView("delivered"))[intent]
    assert leaning(None) == {}


def test_the_subject_counts_but_that_of_a_reply_only_where_nothing_else_is_said() -> None:
    assert SHIPPED.classify("Where is my order", "", "en", None).first.intent == "order_status"
    assert SHIPPED.classify("Re: Where is my order", "Thanks", "en", None).first.intent == "order_status"
    assert SHIPPED.classify("Re: Where is my order", "Please cancel my order", "en", None).intents == ("cancel_order",)


@pytest.mark.parametrize("apostrophe", ["'", "’"])
def test_both_apostrophes_are_one(apostrophe: str) -> None:
    found = SHIPPED.classify("", f"My order hasn{apostrophe}t arrived", "en", None).first
    assert found.intent in ("order_status", "delivery_delay")


@pytest.mark.parametrize(
    "piece",
    [
        "where ",
        "where is my ",
        "order ",
        "a",
        "a'",
        "'",
        "_",
        "when will ",
        "cancel. ",
        "\n",
        "where is\n",
        "é",
        "我",
        " and ",
    ],
    ids=repr,
)
def test_crafted_text_of_100_kb_takes_no_long_time(piece: str) -> None:
    start = monotonic()
    SHIPPED.classify(piece * 100, piece * (100_000 // len(piece)), "en", None)
    assert monotonic() - start < 2


@hypothesis_settings(deadline=None)
@given(st.text(), st.text(), st.sampled_from([*FIVE, "pt", ""]))
def test_any_text_is_judged(subject: str, text: str, language: str) -> None:
    judgement = SHIPPED.classify(subject, text, language, None)
    assert all(0 <= wish.confidence < 1 for wish in judgement.wishes)
    assert judgement.first.intent != OTHER or judgement.first.level == Level.LOW
