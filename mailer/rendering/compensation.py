"""What we offer for a delay: the tier that is reached, unless the customer or the month has had enough.

Facts of replies and the ledger of `mailer.offers` read the same rule here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlmodel import Session, col, select

from mailer.model import Compensation, Incident, IncidentState, Order
from mailer.rendering.shop_facts import ShopBook

_NOTHING = Decimal()
_PERIOD_DAYS = 90


@dataclass(frozen=True)
class Tier:
    """One [[shop.compensation]]; `number` counts from 1 in its place there."""

    number: int
    after_days: int
    offer: Any
    amount: Decimal = _NOTHING
    currency: str = ""
    coupon: str = ""


@dataclass(frozen=True)
class Ledger:
    """What was given already, as it bears on one order.

    `given_tier` for this order, `elsewhere` for another one of the customer within the period; `spent` this month on
    all other orders; `late` in days, as far as open incidents tell it.
    """

    given_tier: int | None = None
    elsewhere: bool = False
    spent: Decimal = _NOTHING
    late: int | None = None


def read_ledger(session: Session, order: Order, shop: ShopBook) -> Ledger:
    """The rows that speak for or against an offer; nothing is read where the shop offers nothing."""
    if not shop.get("compensation"):
        return Ledger()
    rows = session.exec(
        select(Compensation).where(
            Compensation.address == order.email.lower(), col(Compensation.withdrawn_at).is_(None)
        )
    ).all()
    mine = [row for row in rows if row.order_id == order.id]
    since = shop.now - timedelta(days=shop.get("compensation.days") or _PERIOD_DAYS)
    return Ledger(
        given_tier=mine[0].tier if mine else None,
        elsewhere=any(row.given_at > since for row in rows if row.order_id != order.id),
        spent=_spent(session, order, shop) if _amount(shop.get("compensation.budget")) else _NOTHING,
        late=_late(session, order, shop.today),
    )


def offered(order: Order, late: int | None, ledger: Ledger, shop: ShopBook) -> Tier | str:
    """The tier that this order may be offered, or why none; `late` in days by what the carriers said."""
    if order.marketplace or order.canceled_at is not None:
        return "a marketplace forbids it" if order.marketplace else "the order was canceled"
    tiers = tiers_of(shop)
    if ledger.given_tier is not None:
        return next((tier for tier in tiers if tier.number == ledger.given_tier), "its tier is there no more")
    days = max((one for one in (late, ledger.late) if one is not None), default=None)
    tier = reached(tiers, days, order.total, _totals(shop))
    return "no tier is reached" if tier is None else _too_much(tier, ledger, shop) or tier


def _too_much(tier: Tier, ledger: Ledger, shop: ShopBook) -> str:
    if ledger.elsewhere:
        return "the customer was compensated for another order in this period"
    budget = _amount(shop.get("compensation.budget"))
    return "the budget of this month is used up" if budget and ledger.spent + tier.amount > budget else ""


def tiers_of(shop: ShopBook) -> list[Tier]:
    """The tiers of config.toml, in their sequence."""
    return [
        Tier(
            number,
            int(one["after_days"]),
            one["offer"],
            _amount(one.get("amount")),
            one.get("currency") or shop.get("currency") or "",
            one.get("coupon") or "",
        )
        for number, one in enumerate(shop.get("compensation") or (), 1)
    ]


def reached(tiers: Sequence[Tier], late: int | None, total: str | None, least: Mapping[int, Decimal]) -> Tier | None:
    """The highest tier that a delay of so many days and an order of this total reach; `least` totals by number."""
    if late is None:
        return None
    worth = _amount(total)
    open_to = [one for one in tiers if one.after_days <= late and least.get(one.number, _NOTHING) <= worth]
    return max(open_to, key=lambda one: (one.after_days, least.get(one.number, _NOTHING)), default=None)


def _totals(shop: ShopBook) -> dict[int, Decimal]:
    return {number: _amount(one.get("min_total")) for number, one in enumerate(shop.get("compensation") or (), 1)}


def _spent(session: Session, order: Order, shop: ShopBook) -> Decimal:
    month = select(Compensation.amount).where(
        Compensation.month == month_of(shop),
        Compensation.order_id != order.id,
        col(Compensation.withdrawn_at).is_(None),
    )
    return sum((_amount(amount) for amount in session.exec(month)), _NOTHING)


def month_of(shop: ShopBook) -> str:
    """The month, in the shop's zone, whose budget pays now."""
    return f"{shop.today:%Y-%m}"


def _late(session: Session, order: Order, today: date) -> int | None:
    """By the promise that an open incident broke, or for as long as it is open."""
    open_ones = session.exec(
        select(Incident).where(Incident.order_id == order.id, Incident.state == IncidentState.OPEN)
    ).all()
    return max((_days(one, today) for one in open_ones), default=None)


def _days(incident: Incident, today: date) -> int:
    if incident.promised_on is None:
        return max((today - incident.opened_at.date()).days, 0)
    return max((max(incident.expected_on or today, today) - incident.promised_on).days, 0)


def _amount(value: Any) -> Decimal:
    try:
        amount = Decimal(str(value or 0))
    except InvalidOperation:
        return _NOTHING
    return amount if amount.is_finite() else _NOTHING
