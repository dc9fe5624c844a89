"""Whatever may be an order number is found; only what a customer calls one is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.clock import monotonic
from mailer.model import number_key
from mailer.triage.entities import claims_number, order_numbers

LONG = 100_000


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("#1001", ("1001",)),
        ("# 1001", ("1001",)),
        ("#7", ("7",)),
        ("order #42!", ("42",)),
        ("my order 1001 please", ("1001",)),
        ("Order no. 1001", ("1001",)),
        ("order number: LC-10023", ("LC-10023",)),
        ("order number is 1001", ("1001",)),
        ("EN-2024-00123", ("EN-2024-00123",)),
        ("404-1234567-1234567", ("404-1234567-1234567",)),
        ("1001-A and #1002", ("1002", "1001-A")),
        ("the 1001, then order 1002, then #1003", ("1003", "1002", "1001")),
        ("1001 1001 #1001", ("1001",)),
        ("订单1001号", ("1001",)),
        ("no number at all, 12 of them", ()),
        ("", ()),
    ],
)
def test_numbers_are_found_the_likeliest_first(text: str, numbers: tuple[str, ...]) -> None:
    assert order_numbers("", text) == numbers
    assert order_numbers(text, "") == numbers


@pytest.mark.parametrize(
    ("text", "claimed"),
    [
        ("#1001", "1001"),
        ("order 1001", "1001"),
        ("ORDER NR 1001", "1001"),
        ("my order number is 1001", "1001"),
        ("order: 1001", "1001"),
        ("it was 1001", None),
        ("my phone number 01715550000", None),
        ("tracking number 123456789012", None),
        ("house no. 1001", None),
        ("the piano 1001", None),
        ("in the border 1001", None),
        ("I ordered in 2026", None),
        ("", None),
    ],
)
def test_only_what_is_called_an_order_number_is_claimed_to_be_one(text: str, claimed: str | None) -> None:
    assert claims_number("", text) == claimed


@given(
    prefix=st.sampled_from(["", "A", "LC", "SHOP-", "EN-", "ORD"]),
    digits=st.integers(100, 999_999_999_999),
    suffix=st.sampled_from(["", "-1", "-A", "-2026-DE"]),
    before=st.sampled_from(["", "#", "# ", "order ", "Order no. ", "order number: ", "my order is (", "注文", "«"]),
    after=st.sampled_from(["", ".", "?", ", please", ") thanks", "です", "\n"]),
)
def test_no_number_is_lost(prefix: str, digits: int, suffix: str, before: str, after: str) -> None:
    number = f"{prefix}{digits}{suffix}"
    found = [number_key(each) for each in order_numbers("", f"{before}{number}{after}")]
    assert number_key(number) in found


@pytest.mark.parametrize(
    "piece",
    ["#", "order ", "order:", "order number is ", "1", "1-", "a", "a1", "100 ", "#100-", "order\n", "ab-100-a", " "],
    ids=repr,
)
def test_crafted_text_of_100_kb_takes_no_long_time(piece: str) -> None:
    text = piece * (LONG // len(piece))
    start = monotonic()
    assert len(order_numbers(text, text)) <= 20
    claims_number(text, text)
    assert monotonic() - start < 2


@given(st.text())
def test_any_text_yields_numbers_or_none(text: str) -> None:
    for number in order_numbers(text, text):
        assert any(char.isdigit() for char in number)
        assert len(number) <= 60
