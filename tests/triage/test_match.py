"""The order that a mail names, else the sender's newest open one; another's only when it is plainly named."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session

from mailer.model import Order, ParcelState, Shipment
from mailer.triage.match import By, match_order

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
ANA, BO = "ana@customer.test", "bo@customer.test"


@pytest.fixture
def orders(session: Session) -> None:
    """Ana has a delivered, an open and a canceled order, from old to new; Bo has one of last year's number."""
    _order(session, "#1001", ANA, 1, ParcelState.DELIVERED)
    _order(session, "LC-1002", ANA, 2, ParcelState.IN_TRANSIT)
    _order(session, "#1003", ANA, 3, canceled=True)
    _order(session, "#2026", BO, 4)
    _order(session, "#1001", BO, 5, storefront="nordic")


@pytest.mark.parametrize(
    ("numbers", "claimed", "sender", "number", "by"),
    [
        (["1001"], "1001", ANA, "#1001", By.NUMBER),
        (["# 1001"], None, ANA, "#1001", By.NUMBER),
        (["lc-1002"], None, ANA, "LC-1002", By.NUMBER),
        (["2026", "1001"], "2026", ANA, "#1001", By.NUMBER),
        (["9999", "1003", "1001"], None, ANA, "#1003", By.NUMBER),
        (["2026"], None, ANA, "LC-1002", By.ADDRESS),
        (["2026"], "2026", ANA, "#2026", By.NUMBER),
        (["1001"], "1001", "stranger@x.test", "#1001", By.NUMBER),
        (["1001"], None, "stranger@x.test", None, By.NOTHING),
        (["9999"], "9999", ANA, "LC-1002", By.ADDRESS),
        ([], None, ANA, "LC-1002", By.ADDRESS),
        ([], None, BO, "#2026", By.ADDRESS),
        ([], None, "stranger@x.test", None, By.NOTHING),
        ([], None, "", None, By.NOTHING),
    ],
)
@pytest.mark.usefixtures("orders")
def test_the_order_of_a_mail(
    session: Session, numbers: list[str], claimed: str | None, sender: str, number: str | None, by: By
) -> None:
    match = match_order(session, "main", numbers, sender, claimed)
    assert (match.order.number if match.order else None, match.by) == (number, by)


@pytest.mark.usefixtures("orders")
def test_each_storefront_has_orders_of_its_own(session: Session) -> None:
    match = match_order(session, "nordic", ["1001"], BO, "1001")
    assert match.order is not None
    assert match.order.email == BO
    assert match_order(session, "nordic", ["2026"], BO, "2026").by == By.ADDRESS


def test_without_an_open_order_it_is_the_newest(session: Session) -> None:
    _order(session, "#1", ANA, 1, ParcelState.DELIVERED)
    _order(session, "#2", ANA, 2, ParcelState.DELIVERED)
    match = match_order(session, "main", [], ANA)
    assert match.order is not None
    assert match.order.number == "#2"


def _order(
    session: Session,
    number: str,
    email: str,
    day: int,
    parcel: ParcelState | None = None,
    *,
    canceled: bool = False,
    storefront: str = "main",
) -> None:
    placed = NOW - timedelta(days=20 - day)
    order = Order(
        storefront=storefront,
        source="test",
        number=number,
        number_key=number.casefold().removeprefix("#"),
        email=email,
        placed_at=placed,
        canceled_at=NOW if canceled else None,
        changed_at=placed,
        recorded_at=placed,
    )
    session.add(order)
    session.flush()
    if parcel:
        session.add(Shipment(order_id=order.id or 0, external_id="1", state=parcel))
        session.flush()
