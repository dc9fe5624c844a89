"""The orders export of Shopify's admin."""

import io
from datetime import UTC, datetime

import pytest

from mailer.orders.source import UNTRACKED, BadOrder, OrderIn
from mailer.orders.sources.shopify_csv import ShopifyCsv
from mailer.testing import OrderSourceContract

HEAD = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,{},Accepts Marketing,Currency,Subtotal,Shipping,Taxes,"
    "Total,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Billing Name,Billing Country,"
    "Shipping Name,Shipping Country,Notes,Cancelled at,Id,Tags"
)
HEADER = HEAD.format("Fulfilled at")
FIRST = (
    "#1001,Ana@example.com,paid,2026-05-14 11:25:00 +0100,fulfilled,{fulfilled},yes,EUR,59.00,0,0,59.00,"
    "2026-05-14 11:23:45 +0100,1,Linen shirt - M,59.00,'LS-M,Ana Silva,DE,Ana Silva,DE,,"
    "{cancelled},'820982911946154508,vip"
)
SECOND = '#1001,ana@example.com,,,,,,,,,,,2026-05-14 11:23:45 +0100,2,"Hat, wide",10.00,HAT,,,,,,,,'
OPEN = (
    "#1002,bo@example.com,pending,,unfulfilled,,no,EUR,,,,10.00,2026-05-15 11:00:00 +0100,1,Hat,10.00,HAT,Bo,FR,,,,,7,"
)


def shipped(fulfilled: str = "2026-05-16 09:00:00 +0100", cancelled: str = "") -> str:
    return FIRST.format(fulfilled=fulfilled, cancelled=cancelled)


class TestShopifyCsv(OrderSourceContract):
    source = ShopifyCsv()
    good = "\n".join((HEADER, shipped(), SECOND, OPEN)) + "\n"
    good_numbers = ("#1001", "#1002")
    partly_bad = "\n".join((HEADER, shipped().replace("Ana@example.com", ""), OPEN)) + "\n"
    partly_bad_numbers = ("#1002",)


def one(*lines: str) -> OrderIn:
    (order,) = ShopifyCsv().read(io.StringIO("\n".join(lines) + "\n"))
    assert isinstance(order, OrderIn), order
    return order


def test_the_orders_facts_come_from_its_first_line_and_its_items_from_all() -> None:
    order = one(HEADER, shipped(), SECOND)
    assert (order.name, order.email, order.id) == ("#1001", "ana@example.com", "820982911946154508")
    assert (order.customer_name, order.country, order.total_price) == ("Ana Silva", "DE", "59.00")
    assert order.created_at == datetime(2026, 5, 14, 10, 23, 45, tzinfo=UTC)
    assert [(line.title, line.sku, line.quantity) for line in order.line_items] == [
        ("Linen shirt - M", "LS-M", 1),
        ("Hat, wide", "HAT", 2),
    ]


@pytest.mark.parametrize("column", ["Fulfilled at", "Fulfillment Date", "FULFILLED AT"])
def test_a_date_of_fulfillment_says_that_it_left_without_a_number(column: str) -> None:
    (parcel,) = one(HEAD.format(column), shipped()).fulfillments
    assert (parcel.key, parcel.tracking_number, parcel.shipped) == (UNTRACKED, "", True)
    assert parcel.created_at == datetime(2026, 5, 16, 8, 0, tzinfo=UTC)


def test_an_order_that_is_not_fulfilled_has_no_parcel() -> None:
    assert one(HEADER, OPEN).fulfillments == ()


def test_fulfilled_without_a_date_has_left_at_a_time_that_nobody_told() -> None:
    (parcel,) = one(HEADER, shipped(fulfilled="")).fulfillments
    assert (parcel.shipped, parcel.created_at) == (True, None)


def test_the_latest_time_of_an_order_says_when_the_shop_changed_it() -> None:
    order = one(HEADER, shipped(cancelled="2026-05-17 09:00:00 +0100"))
    assert order.cancelled_at == order.changed_at == datetime(2026, 5, 17, 8, 0, tzinfo=UTC)


def test_a_mistake_names_shopifys_column() -> None:
    read = list(ShopifyCsv().read(io.StringIO(f"{HEADER}\n{shipped(fulfilled='yesterday')}\n")))
    (bad,) = read
    assert isinstance(bad, BadOrder)
    assert bad.problems[0].startswith('line 2: fulfilled at: "yesterday" is not a time')
