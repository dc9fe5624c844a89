"""Routes learned from parcels that arrived: how long half, and nine in ten, of them took."""

from array import array
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlmodel import Session, col, select

from mailer.db import insert_once
from mailer.model import Order, ParcelRoute, ParcelState, Shipment
from mailer.rendering.parcel_routes import ENOUGH, Way, ways

# What is older tells of another season and other roads.
_LOOK_BACK = timedelta(days=180)
_AT_ONCE = 5_000


def parcel_times(session: Session, *, home: str, now: datetime) -> Mapping[Way, Sequence[float]]:
    """Hours on the way of each parcel that arrived in the last half year, by every way that it counts for.

    `home` is where parcels leave that name no origin. It reads much: ask outside of a transaction that writes.
    """
    columns = select(Shipment.origin, Order.country, Shipment.carrier, Shipment.service)
    wanted: Any = columns.add_columns(col(Shipment.shipped_at), col(Shipment.delivered_at))
    arrived = wanted.join(Order, col(Order.id) == Shipment.order_id).where(
        col(Shipment.state) == ParcelState.DELIVERED,
        col(Shipment.delivered_at) > now - _LOOK_BACK,
        col(Shipment.shipped_at).is_not(None),
    )
    found: dict[Way, array[float]] = defaultdict(lambda: array("d"))
    for origin, country, carrier, service, shipped, delivered in session.exec(arrived).yield_per(_AT_ONCE):
        hours = (delivered - shipped).total_seconds() / 3600
        if hours > 0:
            for way in ways(origin or home, country or "", carrier.casefold(), service.casefold()):
                found[way].append(hours)
    return found


def learn_routes(session: Session, times: Mapping[Way, Sequence[float]], *, now: datetime) -> int:
    """Write down what was learned, instead of what was known; how many routes are known well enough."""
    session.exec(delete(ParcelRoute))
    for (origin, destination, carrier, service), hours in sorted(times.items()):
        sorted_hours = sorted(hours)
        route = ParcelRoute(
            origin=origin,
            destination=destination,
            carrier=carrier,
            service=service,
            parcels=len(sorted_hours),
            p50_hours=quantile(sorted_hours, 0.5),
            p90_hours=quantile(sorted_hours, 0.9),
            learned_at=now,
        )
        insert_once(session, route)
    return sum(len(hours) >= ENOUGH for hours in times.values())


def quantile(ascending: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of them does not exceed. Raises IndexError for none."""
    place = max(-(-len(ascending) * share // 1) - 1, 0)
    return round(ascending[int(place)], 2)


def known_routes(session: Session) -> list[ParcelRoute]:
    """All routes, those with the most parcels first."""
    return list(session.exec(select(ParcelRoute).order_by(col(ParcelRoute.parcels).desc(), col(ParcelRoute.id))))


def route_line(route: ParcelRoute) -> str:
    """One route for a list."""
    way = f"{route.origin or 'anywhere'} to {route.destination or 'anywhere'}"
    carrier = " ".join(word for word in (route.carrier, route.service) if word) or "all carriers"
    if route.parcels < ENOUGH:
        return f"{way}, {carrier}: {route.parcels} of {ENOUGH} parcels"
    return f"{way}, {carrier}: half in {_days(route.p50_hours)}, nine in ten in {_days(route.p90_hours)}" + (
        f" ({route.parcels:,} parcels)"
    )


def _days(hours: float) -> str:
    return f"{hours / 24:.1f} days"
