"""How fast do parcels leave and arrive? Day cohorts of orders, and routes."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from mailer.insight.chosen import of_orders, within
from mailer.insight.sheet import Cell, Column, Filters, Sheet, hours, quantile, share
from mailer.model import Order, Shipment
from mailer.wording import N_

_WITHIN = (
    (timedelta(hours=24), "24 h"),
    (timedelta(days=3), "3 d"),
    (timedelta(days=5), "5 d"),
    (timedelta(days=7), "7 d"),
)
_MOST = 50


def cohorts(session: Session, filters: Filters, *, now: datetime) -> Sheet:
    """The orders of each day: which share had left us within a day, three, five and seven."""
    shipped, scanned = func.min(col(Shipment.shipped_at)), func.min(col(Shipment.scanned_at))
    query = (
        select(Order.placed_at, shipped, scanned)
        .outerjoin(Shipment, col(Shipment.order_id) == Order.id)
        .where(col(Order.canceled_at).is_(None))
        .group_by(col(Order.id), col(Order.placed_at))
    )
    by_day: dict[date, list[tuple[datetime, datetime | None, datetime | None]]] = defaultdict(list)
    for placed_at, left_at, seen_at in session.exec(
        of_orders(within(query, col(Order.placed_at), filters), filters)
    ).all():
        by_day[filters.day_of(placed_at)].append((placed_at, left_at, seen_at))
    return Sheet(
        "shipping",
        N_("Shipping by day of the order"),
        N_(
            "Orders of each day, canceled ones left out: the share that had left us (F: fulfilled, as the shop"
            " says) or was seen by the carrier (S: first scan) within that time after the order was placed. A"
            " share is shown once its time is over for the whole day."
        ),
        [
            Column(N_("Day")),
            Column(N_("Orders"), "count"),
            *(Column(f"F {words}", "share") for _, words in _WITHIN),
            *(Column(f"S {words}", "share") for _, words in _WITHIN),
        ],
        [_cohort(day, by_day[day], filters, now) for day in filters.days if by_day[day]],
        chart="lines",
        drawn=("F 24 h", "F 3 d", "S 3 d"),
    )


def _cohort(
    day: date, found: Sequence[tuple[datetime, datetime | None, datetime | None]], filters: Filters, now: datetime
) -> list[Cell]:
    ended = datetime.combine(day + timedelta(days=1), datetime.min.time(), filters.zone)
    row: list[Cell] = [day, len(found)]
    for which in (1, 2):
        for limit, _ in _WITHIN:
            left = sum(one[which] is not None and one[which] - one[0] <= limit for one in found)  # type: ignore[operator]
            row.append(share(left, len(found)) if ended + limit <= now else None)
    return row


def ways(session: Session, filters: Filters) -> Sheet:
    """Each country and carrier: how long parcels took, and how many were there by the first day that was told."""
    query: Any = (
        select(Order.country, Shipment.carrier, Shipment.shipped_at, Shipment.delivered_at)
        .add_columns(col(Shipment.first_expected_on))
        .join(Order, col(Order.id) == Shipment.order_id)
        .where(col(Shipment.shipped_at).is_not(None))
    )
    query = of_orders(within(query, col(Shipment.delivered_at), filters), filters)
    found: dict[tuple[str, str], list[tuple[float, bool | None]]] = defaultdict(list)
    for country, carrier, shipped_at, delivered_at, expected_on in session.exec(query).all():
        on_time = None if expected_on is None else filters.day_of(delivered_at) <= expected_on
        found[country or "not known", carrier or "not known"].append((hours(delivered_at - shipped_at) / 24, on_time))
    return Sheet(
        "routes",
        N_("On the way, by country and carrier"),
        N_(
            "Parcels delivered in these days. On time: on or before the first day that the carrier or the shop"
            " named, of those for which one was named. Median and nine in ten: days from leaving us to the door."
        ),
        [
            Column(N_("Country")),
            Column(N_("Carrier")),
            Column(N_("Parcels"), "count"),
            Column(N_("On time"), "share"),
            Column(N_("Median"), "days"),
            Column(N_("Nine in ten"), "days"),
        ],
        [_way(*way, took) for way, took in sorted(found.items(), key=lambda one: -len(one[1]))[:_MOST]],
    )


def _way(country: str, carrier: str, took: list[tuple[float, bool | None]]) -> list[Cell]:
    days = [one for one, _ in took]
    judged = [on_time for _, on_time in took if on_time is not None]
    return [country, carrier, len(took), share(sum(judged), len(judged)), quantile(days, 0.5), quantile(days, 0.9)]
