"""Conditions: true or false of plain values, only of names that are known, and harmless whatever is written there."""

from time import monotonic
from typing import Any

import pytest

from mailer.errors import InputError
from mailer.flows.condition import holds, mistakes
from mailer.flows.values import NAMES, condition_values, run_after

VALUES = condition_values(
    {
        "order": {"number": "#1001", "source": "amazon", "total": "79.90", "refunded": True},
        "customer": {"country": "DE", "orders": 3},
        "run": {"value": 2, "rated": True},
    },
    "review.received",
    {"stars": 4},
)


@pytest.mark.parametrize(
    ("condition", "true"),
    [
        ("order.source == 'amazon'", True),
        ("order.refunded and not order.canceled", True),
        ("order.total > 50", True),
        ("customer.country in ['AT', 'CH']", False),
        ("customer.orders >= 3", True),
        ("run.value is none", False),
        ("run.rated and run.value <= 2", True),
        ("order.number.startswith('#')", True),
        ("order.country", False),
        ("order.source | upper == 'AMAZON'", True),
        ("event.stars >= 4", True),
        ("return.keep or delay.needs_person", False),
    ],
)
def test_what_is_true(condition: str, true: bool) -> None:
    assert mistakes(condition, "review.received") == []
    assert holds(condition, VALUES) is true


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        ("order.country > 3", "not supported"),
        ("order.weight > 3", "weight"),
        ("shop.open", "'shop' is undefined"),
        ("order.source.__class__", "unsafe"),
        ("'a' * 10000000000", "works on numbers only"),
        ("9 ** 9 ** 9", "works on numbers only"),
        ("range(10000000000)", "not safely callable"),
        ("order.total / 0", "division"),
        ("'x' | center(10000000)", "center"),
        ("order.total | no_such_filter", "no_such_filter"),
        ("(" * 200 + "1" + ")" * 200, "nested too deep"),
        ("1 + " * 400 + "1", "longer than 500 characters"),
        ("order.refunded }} {% for x in y %}", "chunk after expression"),
    ],
)
def test_what_cannot_be_worked_out_is_told_soon(condition: str, why: str) -> None:
    begin = monotonic()
    with pytest.raises(InputError) as raised:
        holds(condition, VALUES)
    assert why in str(raised.value)
    assert monotonic() - begin < 1


def test_doubling_a_text_comes_to_an_end() -> None:
    grown = "'aaaaaaaaaa'" + " | replace('a', 'aaaaaaaaaa')" * 16
    with pytest.raises(InputError, match="writes too much"):
        holds(grown, VALUES)


@pytest.mark.parametrize("event", ["order.delivered", "review.received"])
def test_every_name_that_may_be_read_has_a_value(event: str) -> None:
    values = condition_values({}, event)
    for group, names in NAMES.items():
        for name in names:
            assert holds(f"{group}.{name} or true", values)


def test_an_events_own_data_may_be_read_where_it_has_some() -> None:
    assert mistakes("event.stars >= 4", "review.received") == []
    assert mistakes("event.stars >= 4", "order.delivered") == [
        '"event.stars >= 4" reads event.stars, which conditions do not know; did you mean run.stars?'
    ]
    assert "there are order.canceled, order.country" in mistakes("order.zzzzzzzzzzzz", "order.delivered")[0]
    assert condition_values({}, "review.received")["event"] == {"stars": None}


def test_what_no_condition_could_read_is_a_mistake_of_the_program() -> None:
    with pytest.raises(ValueError, match=r"order\.weight"):
        condition_values({"order": {"weight": 3}})


@pytest.mark.parametrize(("total", "number"), [("79.90", 79.9), (None, None), ("free", None), (12, 12.0)])
def test_amounts_are_numbers_to_conditions(total: Any, number: float | None) -> None:
    assert condition_values({"order": {"total": total}})["order"]["total"] == number


@pytest.mark.parametrize(
    ("kind", "data", "told"),
    [
        ("rating.received", {"value": 4}, {"rated": True, "value": 4}),
        ("rating.low", {"value": 1}, {"rated": True, "value": 1}),
        ("review.received", {"stars": 5}, {"reviewed": True, "stars": 5}),
        ("mail.replied", {}, {"replied": True}),
        ("choice.made", {"answer": "wait"}, {"chosen": "wait"}),
        ("order.delivered", {}, {}),
    ],
)
def test_what_comes_back_is_kept(kind: str, data: dict[str, Any], told: dict[str, Any]) -> None:
    assert run_after({"replied": True}, kind, data) == {"replied": True, **told}
    assert set(told) <= set(NAMES["run"])
