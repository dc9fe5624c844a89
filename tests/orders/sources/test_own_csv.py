"""Mailer's own columns."""

import io
from datetime import UTC, date, datetime

import pytest

from mailer.errors import InputError
from mailer.orders.source import UNTRACKED, BadOrder, OrderIn
from mailer.orders.sources.own_csv import COLUMNS, OwnCsv
from mailer.testing import OrderSourceContract

HEAD = "order_number,email,placed_at"


class TestOwnCsv(OrderSourceContract):
    source = OwnCsv()
    good = (
        f"{HEAD},customer_name,country,item_title,quantity,tracking_number\n"
        "#1001,Ana@example.com,2026-11-02T09:00:00+01:00,Ana Silva,DE,Linen shirt,1,JD014\n"
        "#1001,,,,,Hat,2,JD015\n"
        "#1002,bo@example.com,2026-11-03 09:00:00 +0100,Bo,FR,Hat,1,\n"
    )
    good_numbers = ("#1001", "#1002")
    partly_bad = f"{HEAD}\n1,nobody,2026-11-02\n2,bo@example.com,2026-11-03T09:00:00Z\n,cy@example.com,\n"
    partly_bad_numbers = ("2",)


def read(header: str, *lines: str) -> list[OrderIn | BadOrder]:
    return list(OwnCsv().read(io.StringIO("\n".join((header, *lines)) + "\n")))


def one(header: str, *lines: str) -> OrderIn:
    (order,) = read(header, *lines)
    assert isinstance(order, OrderIn), order
    return order


def problems(header: str, *lines: str) -> list[str]:
    return [problem for each in read(header, *lines) if isinstance(each, BadOrder) for problem in each.problems]


def test_all_columns_find_their_place() -> None:
    values = {
        "order_number": "#1001",
        "email": "ana@example.com",
        "placed_at": "2026-11-02T09:00:00Z",
        "customer_name": "Ana Silva",
        "language": "de",
        "country": "de",
        "currency": "eur",
        "total": "59.00",
        "payment_state": "paid",
        "canceled_at": "2026-11-20T09:00:00Z",
        "item_title": "Linen shirt",
        "item_variant": "M",
        "item_sku": "LS-M",
        "quantity": "2",
        "tracking_number": "JD014",
        "carrier": "DHL",
        "tracking_url": "https://dhl.example/JD014",
        "shipped_at": "2026-11-05T10:00:00Z",
        "parcel_state": "in_transit",
        "parcel_state_at": "2026-11-06T10:00:00Z",
        "expected_on": "2026-11-10",
    }
    assert tuple(values) == COLUMNS
    order = one(",".join(values), ",".join(values.values()))
    assert (order.customer_name, order.country, order.customer_locale) == ("Ana Silva", "DE", "de")
    assert (order.total_price, order.currency, order.financial_status) == ("59.00", "eur", "paid")
    assert order.cancelled_at == order.changed_at == datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    (line,) = order.line_items
    assert (line.title, line.variant_title, line.sku, line.quantity) == ("Linen shirt", "M", "LS-M", 2)
    (parcel,) = order.fulfillments
    assert (parcel.key, parcel.tracking_company, parcel.tracking_url) == ("JD014", "DHL", "https://dhl.example/JD014")
    assert parcel.shipped
    assert parcel.created_at == datetime(2026, 11, 5, 10, 0, tzinfo=UTC)
    assert parcel.estimated_delivery_at is not None
    assert parcel.estimated_delivery_at.date() == date(2026, 11, 10)
    assert [(scan.status, scan.happened_at.day) for scan in parcel.events] == [("in_transit", 6)]


def test_lines_of_an_order_may_stand_apart() -> None:
    lines = ("1,a@b.example,2026-11-02T09:00:00Z,Shirt", "2,c@d.example,2026-11-02T09:00:00Z,Hat", "1,,,Socks")
    orders = read(f"{HEAD},item_title", *lines)
    assert [[line.title for line in each.line_items] for each in orders if isinstance(each, OrderIn)] == [
        ["Shirt", "Socks"],
        ["Hat"],
    ]


def test_a_parcel_is_named_once_however_many_items_lie_in_it() -> None:
    row = "1,a@b.example,2026-11-02T09:00:00Z,{},JD014,in_transit,2026-11-06T10:00:00Z"
    order = one(f"{HEAD},item_title,tracking_number,parcel_state,parcel_state_at", row.format("A"), row.format("B"))
    assert [parcel.key for parcel in order.fulfillments] == ["JD014"]
    assert len({scan.key for scan in order.fulfillments[0].events}) == 1


@pytest.mark.parametrize(
    ("columns", "values", "key", "shipped"),
    [
        ("shipped_at", "2026-11-05T10:00:00Z", UNTRACKED, True),
        ("tracking_number", "JD014", "JD014", False),
        ("shipped_at,tracking_number", "2026-11-05T10:00:00Z,JD014", "JD014", True),
    ],
)
def test_a_parcel_has_left_when_shipped_at_says_so(columns: str, values: str, key: str, shipped: bool) -> None:
    (parcel,) = one(f"{HEAD},{columns}", f"1,a@b.example,2026-11-02T09:00:00Z,{values}").fulfillments
    assert (parcel.key, parcel.shipped) == (key, shipped)


@pytest.mark.parametrize(
    ("columns", "row", "problem"),
    [
        ("total", ",a@b.example,2026-11-02T09:00:00Z,1", "line 2: order_number: missing"),
        ("total", "1,,2026-11-02T09:00:00Z,1", "line 2: email: missing"),
        ("total", "1,a@b.example,,1", "line 2: placed_at: missing"),
        (
            "country",
            "1,a@b.example,2026-11-02T09:00:00Z,Germany",
            'line 2: country: "Germany" is not two letters as in DE',
        ),
        (
            "shipped_at",
            "1,a@b.example,2026-11-02T09:00:00Z,5.11.2026",
            'line 2: shipped_at: "5.11.2026" is not a time; write it as in 2026-11-02T09:00:00+01:00',
        ),
        ("parcel_state", "1,a@b.example,2026-11-02T09:00:00Z,delivered", "line 2: parcel_state_at: missing"),
        (
            "expected_on,tracking_number",
            "1,a@b.example,2026-11-02T09:00:00Z,10.11.2026,JD014",
            'line 2: expected_on: "10.11.2026" is not a day; write it as in 2026-11-27',
        ),
    ],
)
def test_a_mistake_is_told_with_line_and_column(columns: str, row: str, problem: str) -> None:
    assert problems(f"{HEAD},{columns}", row) == [problem]


def test_a_mistake_of_an_item_is_told_with_the_items_line() -> None:
    rows = ("1,a@b.example,2026-11-02T09:00:00Z,Shirt,1", "1,,,Hat,many")
    (problem,) = problems(f"{HEAD},item_title,quantity", *rows)
    assert problem.startswith("line 3: quantity: ")


def test_an_order_with_two_addresses_is_not_imported() -> None:
    rows = ("1,a@b.example,2026-11-02T09:00:00Z", "1,A@B.example,", "1,other@b.example,")
    assert problems(HEAD, *rows) == ["line 4: email: another than on the order's first line"]


def test_a_misspelt_column_is_not_lost_without_a_word() -> None:
    with pytest.raises(InputError, match="Did you mean tracking_number"):
        read(f"{HEAD},traking_number", "1,a@b.example,2026-11-02T09:00:00Z,JD014")


def test_missing_columns_are_told_all_at_once() -> None:
    with pytest.raises(InputError) as caught:
        read("order_number", "1")
    assert caught.value.problems == ("the column email is missing", "the column placed_at is missing")
