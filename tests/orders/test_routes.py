"""Routes are learned from parcels that arrived, and used once enough of them are known."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, select

from mailer.model import Order, ParcelRoute, ParcelState, Shipment
from mailer.orders.routes import known_routes, learn_routes, parcel_times, quantile, route_line
from mailer.rendering.parcel_routes import learned_days, read_routes

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def arrived(session: Session, now: datetime, hours: float, number: int, **changes: str) -> Shipment:
    """A parcel to Portugal that took so many hours and came yesterday."""
    order = Order(
        source="api",
        number=f"#{number}",
        number_key=str(number),
        email="a@b.test",
        country=changes.pop("country", "PT"),
        placed_at=now,
        changed_at=now,
        recorded_at=now,
    )
    session.add(order)
    session.flush()
    parcel = Shipment(
        order_id=order.id or 0,
        external_id="1",
        state=ParcelState.DELIVERED,
        shipped_at=now - DAY - timedelta(hours=hours),
        delivered_at=now - DAY,
        **{"carrier": "DHL", "service": "Parcel", **changes},
    )
    session.add(parcel)
    session.flush()
    return parcel


def learned(session: Session, now: datetime) -> int:
    session.flush()
    return learn_routes(session, parcel_times(session, home="DE", now=now), now=now)


def test_thirty_parcels_make_a_route_known(session: Session, now: datetime) -> None:
    for number in range(29):
        arrived(session, now, number + 1, number)
    assert learned(session, now) == 0
    assert read_routes(session).of("DE", "PT", "DHL", "Parcel") is None
    arrived(session, now, 30, 29)
    assert learned(session, now) == 3, "with its service, with its carrier, and the two countries alone"
    route = read_routes(session).of("DE", "PT", "dhl", "parcel")
    assert route is not None
    assert (route.parcels, route.p50_hours, route.p90_hours) == (30, 15, 27)


def test_the_closest_route_that_is_known_counts(session: Session, now: datetime) -> None:
    for number in range(30):
        arrived(session, now, 20, number)
    for number in range(30, 60):
        arrived(session, now, 90, number, carrier="UPS", service="")
    learned(session, now)
    routes = read_routes(session)
    assert getattr(routes.of("DE", "PT", "DHL", "Express"), "p90_hours", None) == 20
    assert getattr(routes.of("DE", "PT", "UPS", ""), "p90_hours", None) == 90
    assert getattr(routes.of("DE", "PT", "DPD", ""), "parcels", None) == 60
    assert routes.of("DE", "ES", "DHL", "Parcel") is None
    assert routes.of("PT", "PT", "DHL", "Parcel") is None


def test_only_what_arrived_lately_and_took_time_tells(session: Session, now: datetime) -> None:
    old, under_way, wrong, unsent = (arrived(session, now, 20, number) for number in range(4))
    old.delivered_at = now - 200 * DAY
    under_way.state = ParcelState.IN_TRANSIT
    wrong.shipped_at = now
    unsent.shipped_at = None
    session.flush()
    assert parcel_times(session, home="DE", now=now) == {}


def test_learning_again_replaces_what_was_known(session: Session, now: datetime) -> None:
    arrived(session, now, 20, 1, country="ES")
    learned(session, now)
    arrived(session, now, 30, 2, country="ES")
    learned(session, now + DAY)
    rows = session.exec(select(ParcelRoute)).all()
    assert {(row.parcels, row.learned_at) for row in rows} == {(2, now + DAY)}
    assert [route_line(row) for row in known_routes(session)] == [
        "DE to ES, all carriers: 2 of 30 parcels",
        "DE to ES, dhl: 2 of 30 parcels",
        "DE to ES, dhl parcel: 2 of 30 parcels",
    ]


def test_a_route_is_told_in_days(session: Session, now: datetime) -> None:
    for number in range(40):
        arrived(session, now, 24 + number, number)
    learned(session, now)
    first = route_line(known_routes(session)[0])
    assert first == "DE to PT, all carriers: half in 1.8 days, nine in ten in 2.5 days (40 parcels)"


def test_days_that_are_told_are_those_of_the_shop() -> None:
    route = ParcelRoute(p50_hours=24, p90_hours=40, learned_at=datetime(2026, 11, 1, tzinfo=UTC))
    shipped = datetime(2026, 11, 16, 7, 30, tzinfo=UTC)
    assert learned_days(route, shipped, ZoneInfo("Europe/Berlin")) == (date(2026, 11, 17), date(2026, 11, 18))


@pytest.mark.parametrize(("values", "share", "found"), [([5], 0.9, 5), ([1, 2], 0.5, 1), (range(1, 11), 0.9, 9)])
def test_a_quantile_is_a_value_that_was_there(values: list[float], share: float, found: float) -> None:
    assert quantile(list(values), share) == found


@given(st.lists(st.integers(1, 2_000), min_size=1), st.sampled_from([0.5, 0.9]))
def test_enough_of_them_are_not_above_a_quantile(hours: list[int], share: float) -> None:
    found = quantile(sorted(float(one) for one in hours), share)
    assert sum(one <= found for one in hours) >= share * len(hours)
    assert sum(one < found for one in hours) < share * len(hours)
