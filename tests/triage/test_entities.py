"""Whatever may be an order number is found; only what a customer calls one is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.clock import monotonic
from mailer.model import number_key
from mailer.triage.entities import claims_number, likely_number, order_numbers, shape_of

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


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Wo ist meine Bestellung Nr. 10023?", "10023"),
        ("Bestellung mit der Nummer 88123", "88123"),
        ("commande n° FR-20391 svp", "FR-20391"),
        ("numéro de commande : 88123", "88123"),
        ("mi pedido ORD-9981 no llegó", "ORD-9981"),
        ("pedido de número 4451", "4451"),
        ("我的订单号是20231105", "20231105"),
        ("订单号：２０３９１", "20391"),
        ("订单12345号还没到", "12345"),
        ("ordine numero 55512 in ritardo", "55512"),
        ("bestelling met nummer 1001234", "1001234"),
        ("zamówienie nr 99812", "99812"),
        ("beställning 88123", "88123"),
        ("注文番号: 100-2345", "100-2345"),
        ("주문번호 7654321 입니다", "7654321"),
        ("заказ № 55123", "55123"),
        ("Order ID: A1B2C3D4", "A1B2C3D4"),
        ("ORD-10492 has not come", "ORD-10492"),
        ("order placed 2026-11-03, number 88123", "88123"),
        ("order no: 112-3456789-1234567", "112-3456789-1234567"),
        ("Call me 0171 5550000", None),
        ("my number is +49 171 5550000", None),
        ("I paid 12000 EUR", None),
        ("on 2026-11-03", None),
        ("PLZ 10115 Berlin", None),
        ("meine Bestellung vom 03.11.2026", None),
        ("mon colis commandé le 3/11/2026", None),
        ("tracking number 123456789012", None),
        ("parcel RB123456785GB", None),
        ("", None),
    ],
)
def test_the_one_order_number_of_a_mail_in_any_language(text: str, number: str | None) -> None:
    assert likely_number("", text) == number


def test_a_known_order_is_recognised_however_bare_it_stands() -> None:
    assert likely_number("", "it was 4711, on 12 May 2026, phone 0171 5550000", "#4711") == "4711"


def test_of_several_claimed_the_one_in_the_shops_shape_is_meant() -> None:
    ours = shape_of(["#1001", "#1002"])
    text = "order number AB-99 of another shop, my order 1007"
    assert claims_number("", text, ours) == "1007"


@pytest.mark.parametrize(
    ("number", "fits"),
    [("#1007", True), ("9999", True), ("10000", True), ("LC-1007", False), ("123456", False), ("10", False)],
)
def test_the_shape_of_a_shops_numbers(number: str, fits: bool) -> None:
    assert shape_of(["#1001", "#1002"]).fits(number) is fits
    assert shape_of([]).fits(number)
