"""Which answer a mail gets, as a table."""

import pytest

from mailer.model import Disclosure, Level
from mailer.replies.policy import Answer, Asked, NeedsPerson, choose

ANA = ("ana@customer.test",)
TWO = ("ana@customer.test", "bo@customer.test")
HER_ORDER, ANOTHER_S = "ana@customer.test", "carl@customer.test"


@pytest.mark.parametrize(
    ("intent", "level", "senders", "order_address", "template", "disclosure"),
    [
        ("order_status", Level.HIGH, ANA, HER_ORDER, "order_status", Disclosure.ORDER),
        ("order_status", Level.MEDIUM, ANA, HER_ORDER, "order_status", Disclosure.ORDER),
        ("order_status", Level.HIGH, ANA, ANOTHER_S, "order_unknown", Disclosure.NEUTRAL),
        ("order_status", Level.HIGH, TWO, HER_ORDER, "order_unknown", Disclosure.NEUTRAL),
        ("order_status", Level.HIGH, ANA, None, "order_unknown", Disclosure.NONE),
        ("order_status", Level.HIGH, TWO, None, "order_unknown", Disclosure.NONE),
    ],
)
def test_a_template_answers(
    intent: str,
    level: Level,
    senders: tuple[str, ...],
    order_address: str | None,
    template: str,
    disclosure: Disclosure,
) -> None:
    assert choose(Asked(intent, level, senders, order_address)) == Answer(template, disclosure)


@pytest.mark.parametrize(
    ("intent", "level", "senders", "order_address", "words"),
    [
        ("order_status", Level.LOW, ANA, HER_ORDER, "too little says so"),
        ("order_status", Level.LOW, ANA, ANOTHER_S, "too little says so"),
        ("other", Level.HIGH, ANA, HER_ORDER, "no template answers this kind of mail yet"),
        ("return_refund", Level.MEDIUM, ANA, None, "no template answers this kind of mail yet"),
        ("order_status", Level.HIGH, (), HER_ORDER, "no From address"),
        ("other", Level.LOW, (), None, "no From address"),
    ],
)
def test_a_person_answers_and_is_told_why(
    intent: str, level: Level, senders: tuple[str, ...], order_address: str | None, words: str
) -> None:
    verdict = choose(Asked(intent, level, senders, order_address))
    assert isinstance(verdict, NeedsPerson)
    assert words in verdict.reason


@pytest.mark.parametrize(
    ("dmarc", "words"),
    [("pass", "no template"), ("fail", "nothing confirms"), ("none", "nothing confirms"), ("", "nothing confirms")],
)
@pytest.mark.parametrize("intent", ["change_order", "cancel_order", "return_refund", "unsubscribe_privacy"])
def test_a_change_that_nobody_vouches_for_is_told_to_the_agent(intent: str, dmarc: str, words: str) -> None:
    verdict = choose(Asked(intent, Level.HIGH, ANA, HER_ORDER, dmarc))
    assert isinstance(verdict, NeedsPerson)
    assert words in verdict.reason


def test_the_neutral_answer_is_the_one_for_an_order_that_does_not_exist() -> None:
    """Whoever asks cannot tell from the template whether the order is there."""
    of_another = choose(Asked("order_status", Level.HIGH, ANA, ANOTHER_S))
    of_nobody = choose(Asked("order_status", Level.HIGH, ANA, None))
    assert isinstance(of_another, Answer)
    assert isinstance(of_nobody, Answer)
    assert of_another.template == of_nobody.template
