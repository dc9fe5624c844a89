"""Which answer the waiting mails of a conversation get, as tables."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.model import BY_WORDS, CHANGES, Disclosure, Intent, Level
from mailer.replies.policy import Answer, Asked, Holding, NeedsPerson, Silent, Wish, choose, speaks_of_orders

ANA = ("ana@customer.test",)
TWO = ("ana@customer.test", "bo@customer.test")
HER_ORDER, ANOTHER_S = "ana@customer.test", "carl@customer.test"
ORDER, NEUTRAL, NONE = Disclosure.ORDER, Disclosure.NEUTRAL, Disclosure.NONE
ORDER_BOUND = (
    "cancel_order", "change_order", "delivery_delay", "damaged_defective", "wrong_missing_item", "size_not_fit",
    "return_refund", "exchange", "refund_status", "order_status", "invoice",
)  # fmt: skip
ANYBODY = (
    "account_help", "size_question", "stock", "product_question", "combined_shipping", "shipping_question",
    "customs_tax", "discount_promo", "website_safety", "wholesale", "review_related", "positive_feedback",
)  # fmt: skip
DELICATE = ("complaint_dispute", "unsubscribe_privacy", "payment_issue")


def asked(*intents: str, level: Level = Level.HIGH, confirmed: bool = True, **known: object) -> Asked:
    """What Ana's mails want, about her own order in transit unless `known` says otherwise."""
    wishes = tuple(Wish(intent, level, confirmed) for intent in intents)
    facts = {"senders": ANA, "order_address": HER_ORDER, "order_state": "in_transit", **known}
    return Asked(wishes, **facts)  # type: ignore[arg-type]


def keys(verdict: object) -> tuple[str, ...]:
    assert isinstance(verdict, Answer | Holding), verdict
    return verdict.keys


def test_every_intent_that_words_tell_stands_in_one_table() -> None:
    assert sorted([*ORDER_BOUND, *ANYBODY, *DELICATE, "spam_sales"]) == sorted(intent.value for intent in BY_WORDS)


@pytest.mark.parametrize("level", [Level.HIGH, Level.MEDIUM])
@pytest.mark.parametrize("intent", [*ORDER_BOUND, *ANYBODY])
def test_a_confirmed_customer_gets_the_template_of_the_intent(intent: str, level: Level) -> None:
    late = intent == "delivery_delay"
    assert choose(asked(intent, level=level, late=late)) == Answer((intent,), ORDER)


@pytest.mark.parametrize("intent", ORDER_BOUND)
@pytest.mark.parametrize(
    ("senders", "address", "disclosure"),
    [(ANA, ANOTHER_S, NEUTRAL), (TWO, HER_ORDER, NEUTRAL), (ANA, None, NONE), (TWO, None, NONE)],
)
def test_without_an_order_that_may_be_told_we_ask_for_it_once(
    intent: str, senders: tuple[str, ...], address: str | None, disclosure: Disclosure
) -> None:
    """Whoever asks cannot tell from the template whether the order is there."""
    first = asked(intent, senders=senders, order_address=address, confirmed=False)
    assert choose(first) == Answer(("order_unknown",), disclosure)
    again = asked(intent, senders=senders, order_address=address, already=frozenset({"order_unknown"}))
    verdict = choose(again)
    assert isinstance(verdict, NeedsPerson)
    assert "asked for the order already" in verdict.reason


@pytest.mark.parametrize("intent", ANYBODY)
@pytest.mark.parametrize(("address", "disclosure"), [(ANOTHER_S, NEUTRAL), (None, NONE)])
def test_what_anybody_may_ask_needs_no_order(intent: str, address: str | None, disclosure: Disclosure) -> None:
    verdict = choose(asked(intent, order_address=address, order_state=None, confirmed=False))
    assert verdict == Answer((intent,), disclosure)
    assert not speaks_of_orders([intent])


@pytest.mark.parametrize("intent", sorted(CHANGES))
def test_a_change_that_nobody_confirms_is_asked_back_to_the_order_s_address_once(intent: Intent) -> None:
    verdict = choose(asked(intent, confirmed=False))
    assert keys(verdict) == ("confirm_sender",)
    verdict = choose(asked(intent, confirmed=False, already=frozenset({"confirm_sender"})))
    assert isinstance(verdict, NeedsPerson)
    assert "nothing confirms" in verdict.reason


@pytest.mark.parametrize("intent", sorted(set(ORDER_BOUND) - {one.value for one in CHANGES}))
def test_reading_needs_no_confirmation(intent: str) -> None:
    late = intent == "delivery_delay"
    assert choose(asked(intent, confirmed=False, late=late)) == Answer((intent,), ORDER)


@pytest.mark.parametrize(
    ("intent", "state", "late", "key"),
    [
        ("order_status", "in_transit", False, "order_status"),
        ("order_status", "in_transit", True, "delivery_delay"),
        ("order_status", "not_shipped", True, "delivery_delay"),
        ("order_status", "delivered", False, "order_status"),
        ("delivery_delay", "in_transit", True, "delivery_delay"),
        ("delivery_delay", "in_transit", False, "order_status"),
        ("delivery_delay", "not_shipped", False, "order_status"),
        ("delivery_delay", "canceled", False, "order_status"),
        ("delivery_delay", "delivered", False, "delivery_delay"),
        ("cancel_order", "delivered", False, "cancel_order"),
    ],
)
def test_the_order_knows_better_than_the_words_whether_it_is_late(
    intent: str, state: str, late: bool, key: str
) -> None:
    assert keys(choose(asked(intent, order_state=state, late=late))) == (key,)


@pytest.mark.parametrize(
    ("intents", "answered"),
    [
        (("order_status", "product_question"), ("order_status", "product_question")),
        (("product_question", "order_status"), ("order_status", "product_question")),
        (("order_status", "cancel_order"), ("cancel_order",)),
        (("delivery_delay", "cancel_order"), ("cancel_order",)),
        (("delivery_delay", "order_status"), ("delivery_delay",)),
        (("return_refund", "refund_status"), ("return_refund", "refund_status")),
        (("damaged_defective", "return_refund", "exchange"), ("damaged_defective",)),
        (("wrong_missing_item", "return_refund"), ("wrong_missing_item",)),
        (("size_not_fit", "exchange", "size_question"), ("size_not_fit",)),
        (("positive_feedback", "order_status"), ("order_status",)),
        (("positive_feedback", "damaged_defective"), ("damaged_defective",)),
        (("positive_feedback", "stock"), ("stock",)),
        (("damaged_defective", "wrong_missing_item"), ("damaged_defective",)),
        (("wrong_missing_item", "order_status"), ("wrong_missing_item", "order_status")),
        (("invoice", "discount_promo", "customs_tax"), ("invoice", "customs_tax", "discount_promo")),
        (("order_status", "spam_sales"), ("order_status",)),
        (("order_status", "other"), ("order_status",)),
    ],
)
def test_several_wishes_get_one_answer_each_in_precedence_and_none_twice(
    intents: tuple[str, ...], answered: tuple[str, ...]
) -> None:
    late = "delivery_delay" in intents
    assert keys(choose(asked(*intents, late=late))) == answered


@pytest.mark.parametrize("state", ["delivered", "canceled"])
@pytest.mark.parametrize("intent", ["wrong_missing_item", "return_refund", "exchange", "size_not_fit", "refund_status"])
def test_of_an_order_that_has_come_nobody_is_told_the_status_besides(intent: str, state: str) -> None:
    assert keys(choose(asked(intent, "order_status", order_state=state))) == (intent,)


@pytest.mark.parametrize(
    ("level", "answered"),
    [(Level.MEDIUM, ("refund_status",)), (Level.HIGH, ("delivery_delay", "refund_status"))],
)
def test_a_delay_named_in_passing_is_no_answer_to_what_has_come(level: Level, answered: tuple[str, ...]) -> None:
    wishes = (Wish("delivery_delay", level), Wish("refund_status", Level.HIGH))
    assert keys(choose(Asked(wishes, ANA, HER_ORDER, "delivered"))) == answered


def test_what_is_missing_beside_what_is_broken_is_told_to_the_agent() -> None:
    verdict = choose(asked("damaged_defective", "wrong_missing_item"))
    assert isinstance(verdict, Answer)
    assert verdict.note == "it also asks about: wrong missing item"


def test_a_refund_that_is_only_likely_asked_after_is_told_by_the_return() -> None:
    wishes = (Wish("return_refund", Level.HIGH, True), Wish("refund_status", Level.MEDIUM, True))
    assert keys(choose(Asked(wishes, ANA, HER_ORDER, "delivered"))) == ("return_refund",)


def test_a_stranger_s_second_question_is_answered_beside_the_first() -> None:
    verdict = choose(asked("order_status", "invoice", "website_safety", order_address=None))
    assert verdict == Answer(("order_unknown", "website_safety"), NONE)


def test_more_than_three_answers_are_left_to_the_agent() -> None:
    verdict = choose(asked("order_status", "invoice", "stock", "customs_tax", "discount_promo"))
    assert keys(verdict) == ("order_status", "invoice", "stock")
    assert isinstance(verdict, Answer)
    assert "customs tax, discount promo" in verdict.note


def test_change_and_cancel_together_are_read_by_a_person() -> None:
    verdict = choose(asked("cancel_order", "change_order"))
    assert isinstance(verdict, NeedsPerson)
    assert "change and to cancel" in verdict.reason


@pytest.mark.parametrize(
    ("intents", "held", "words"),
    [
        (("complaint_dispute",), ("complaint_dispute",), "dispute"),
        (("complaint_dispute", "order_status"), ("complaint_dispute",), "also asks about: order status"),
        (("unsubscribe_privacy",), ("unsubscribe_privacy",), "privacy"),
        (("payment_issue",), ("payment_issue",), "payment"),
        (("payment_issue", "order_status"), ("payment_issue", "order_status"), "payment"),
    ],
)
def test_disputes_privacy_and_payment_always_need_a_person(
    intents: tuple[str, ...], held: tuple[str, ...], words: str
) -> None:
    verdict = choose(asked(*intents))
    assert isinstance(verdict, Holding)
    assert (verdict.keys, verdict.disclosure) == (held, ORDER)
    assert words in verdict.reason


def test_a_stranger_s_privacy_wish_is_only_held_and_never_told_done() -> None:
    verdict = choose(asked("unsubscribe_privacy", order_address=None, confirmed=False))
    assert isinstance(verdict, Holding)
    assert verdict.keys == ("holding",)
    assert "nothing confirms" in verdict.reason


@pytest.mark.parametrize(
    ("level", "known", "kind", "words"),
    [
        (Level.HIGH, False, Silent, "not answered"),
        (Level.HIGH, True, NeedsPerson, "its sender is a customer"),
        (Level.MEDIUM, False, NeedsPerson, "may be an offer"),
        (Level.LOW, False, NeedsPerson, "too little says"),
    ],
)
def test_only_plain_offers_of_strangers_get_silence(level: Level, known: bool, kind: type, words: str) -> None:
    verdict = choose(asked("spam_sales", level=level, known=known, guesses=("spam sales (31%)",)))
    assert isinstance(verdict, kind)
    assert words in verdict.reason


@pytest.mark.parametrize(
    ("about", "words"),
    [
        (asked("other", guesses=("stock (22%)", "invoice (11%)")), "it may be: stock (22%), invoice (11%)"),
        (asked("order_status", level=Level.LOW, guesses=("order status (20%)",)), "order status (20%)"),
        (asked("other"), "nothing in it says"),
        (asked("order_status", senders=()), "no From address"),
    ],
)
def test_what_nobody_can_place_needs_a_person_and_names_the_guesses(about: Asked, words: str) -> None:
    verdict = choose(about)
    assert isinstance(verdict, NeedsPerson)
    assert words in verdict.reason


def test_one_unconfirmed_mail_among_the_waiting_ones_is_enough_to_ask() -> None:
    """A forged wish does not become the customer's by a later mail of her own."""
    wishes = (Wish("change_order", confirmed=False), Wish("order_status", confirmed=True))
    assert keys(choose(Asked(wishes, ANA, HER_ORDER, "not_shipped"))) == ("confirm_sender", "order_status")
    both = (Wish("change_order", confirmed=True), Wish("change_order", confirmed=False))
    assert keys(choose(Asked(both, ANA, HER_ORDER, "not_shipped"))) == ("confirm_sender",)


@pytest.mark.parametrize("pair", list(combinations([*ORDER_BOUND, *ANYBODY, *DELICATE], 2)), ids=":".join)
def test_any_two_wishes_of_a_stranger_are_answered_as_if_there_were_no_order(pair: tuple[str, str]) -> None:
    of_another = choose(asked(*pair, order_address=ANOTHER_S, order_state=None, confirmed=False))
    of_nobody = choose(asked(*pair, order_address=None, order_state=None, confirmed=False))
    assert isinstance(of_another, type(of_nobody))
    assert getattr(of_another, "keys", ()) == getattr(of_nobody, "keys", ())
    assert getattr(of_another, "reason", "") == getattr(of_nobody, "reason", "")


@given(
    st.lists(st.tuples(st.sampled_from(list(Intent)), st.sampled_from(list(Level)), st.booleans()), max_size=6),
    st.sampled_from([ANA, TWO, ()]),
    st.sampled_from([HER_ORDER, ANOTHER_S, None]),
    st.booleans(),
)
def test_whatever_is_asked_nothing_changes_on_an_unconfirmed_word(
    wishes: list[tuple[Intent, Level, bool]], senders: tuple[str, ...], address: str | None, known: bool
) -> None:
    told = tuple(Wish(intent.value, level, confirmed) for intent, level, confirmed in wishes)
    verdict = choose(Asked(told, senders, address, known=known))
    if isinstance(verdict, Silent):
        assert not known
        return
    if isinstance(verdict, NeedsPerson):
        assert verdict.reason
        return
    assert 1 <= len(verdict.keys) <= 3
    assert len(set(verdict.keys)) == len(verdict.keys)
    about_an_order = set(verdict.keys) & set(ORDER_BOUND)
    assert not about_an_order or verdict.disclosure is ORDER
    changing = set(verdict.keys) & {intent.value for intent in CHANGES} - {"account_help"}
    unconfirmed = {intent.value for intent, level, confirmed in wishes if not confirmed and level is not Level.LOW}
    assert not changing & unconfirmed
