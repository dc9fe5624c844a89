"""The rule for returns, as a table; and what holds whatever the numbers are."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.feedback.eligibility import (
    OUR_FAULTS,
    REASONS,
    WISHES,
    Rules,
    Wanted,
    Window,
    judge,
    last_day,
    warranty_until,
    window,
    worth_of,
)

TODAY = date(2026, 11, 22)
RULES = Rules(days=30, warranty_months=24, keep_below=Decimal("10"), agree_below=Decimal("50"))


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def wanted(reason: str = "too_small", price: str | None = "29.00", quantity: int = 1) -> Wanted:
    return Wanted(reason, quantity, None if price is None else Decimal(price))


@pytest.mark.parametrize(
    ("days", "where"),
    [
        (0, Window.OPEN),
        (30, Window.OPEN),
        (31, Window.WARRANTY),
        (729, Window.WARRANTY),
        (732, Window.OVER),
    ],
)
def test_the_time_of_an_order(days: int, where: Window) -> None:
    assert window(RULES, ago(days), TODAY) is where


def test_without_delivery_or_rule_nobody_knows() -> None:
    assert window(RULES, None, TODAY) is Window.UNKNOWN
    assert window(Rules(), ago(1), TODAY) is Window.UNKNOWN
    assert last_day(Rules(), ago(1)) is None
    assert warranty_until(Rules(days=30), ago(1)) is None
    assert window(Rules(days=30), ago(31), TODAY) is Window.OVER, "no warranty is told of"


CASES = {
    "too small in time": ([wanted()], "refund", 3, True, False, ""),
    "cheap is kept": ([wanted(price="9.99")], "refund", 3, True, True, ""),
    "two cheap ones together are not cheap": ([wanted(price="9.99", quantity=2)], "refund", 3, True, False, ""),
    "an exchange is never kept": ([wanted(price="5.00")], "exchange", 3, True, False, ""),
    "what costs nothing is not kept by rule": ([wanted(price="0")], "refund", 3, True, False, ""),
    "dear": ([wanted(price="50.00")], "refund", 3, False, False, "agree_below is 50"),
    "just under": ([wanted(price="49.99")], "refund", 3, True, False, ""),
    "no price": ([wanted(price=None)], "refund", 3, False, False, "price of an item is not known"),
    "repair": ([wanted("defective")], "repair", 3, False, False, "a repair needs somebody"),
    "late and unwanted": ([wanted("unwanted")], "refund", 40, False, False, "not every item has a defect"),
    "late and defective": ([wanted("defective")], "refund", 40, True, False, ""),
    "late, one of two defective": (
        [wanted("defective", "5"), wanted("unwanted", "5")],
        *("refund", 40, False, False, "not every item has a defect"),
    ),
    "after the warranty": ([wanted("defective")], "refund", 900, False, False, "are over"),
    "not there yet": ([wanted("late")], "refund", None, False, False, "no day of delivery"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_the_rule_says(name: str) -> None:
    items, wish, days, agreed, keep, why = CASES[name]
    verdict = judge(RULES, items, wish, None if days is None else ago(days), TODAY)
    assert (verdict.agreed, verdict.keep) == (agreed, keep)
    assert why in verdict.why
    assert bool(verdict.why) is not agreed


def test_without_a_limit_a_person_decides_all() -> None:
    assert not judge(Rules(days=30), [wanted(price="0.01")], "refund", ago(1), TODAY).agreed


PRICES = st.none() | st.decimals(0, 1000, places=2)
ITEMS = st.lists(st.builds(Wanted, st.sampled_from(REASONS), st.integers(1, 9), PRICES), min_size=1, max_size=5)


@given(ITEMS, st.sampled_from(WISHES), st.none() | st.integers(0, 2000))
def test_the_rule_agrees_only_within_its_limits(items: list[Wanted], wish: str, days: int | None) -> None:
    verdict = judge(RULES, items, wish, None if days is None else ago(days), TODAY)
    worth = worth_of(items)
    if verdict.agreed:
        assert days is not None
        assert worth is not None
        assert worth < RULES.agree_below
        assert days <= 30 or all(item.reason in OUR_FAULTS for item in items)
    if verdict.keep:
        assert worth is not None
        assert worth < Decimal("10")
