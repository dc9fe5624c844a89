"""Where a carrier tells no day, customers hear the one by which nine in ten parcels of the way have come."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from mailer.model import ParcelRoute, Shipment
from mailer.rendering.facts import Facts, Subject, read_facts
from mailer.rendering.parcel_routes import learned_route
from mailer.rendering.shop_facts import sync_shop_facts
from mailer.shop_config import Shop
from tests import build

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SHOP = Shop.model_validate({"name": "Linen & Co", "country": "DE", "zone": "Europe/Berlin"})


def route(session: Session, now: datetime, *, parcels: int = 30, hours: float = 120, carrier: str = "dhl") -> None:
    row = ParcelRoute(
        origin="DE", destination="PT", carrier=carrier, parcels=parcels, p50_hours=60, p90_hours=hours, learned_at=now
    )
    session.add(row)
    session.flush()


def facts(session: Session, now: datetime, *, told: bool = False) -> Facts:
    """Of the only parcel, which left four days ago; `told`: the carrier named a day."""
    sync_shop_facts(session, SHOP, now=now)
    parcel = build.parcel(now - 4 * DAY)
    order = build.shop_order(session, now, fulfillments=[parcel if told else {**parcel, "estimated_delivery_at": None}])
    shipment = session.exec(select(Shipment.id)).one()
    return read_facts(session, Subject(order_id=order, shipment_id=shipment, language="en"), now=now)


@pytest.mark.parametrize(
    ("parcels", "hours", "told", "expected"),
    [
        (30, 120, False, "2026-11-23"),
        (30, 120, True, "2026-11-23"),
        (30, 200, True, "2026-11-23"),
        (29, 120, False, None),
        (30, 48, False, None),
    ],
)
def test_a_day_is_told_where_enough_is_known(
    session: Session, now: datetime, parcels: int, hours: float, told: bool, expected: str | None
) -> None:
    route(session, now, parcels=parcels, hours=hours)
    assert facts(session, now, told=told).values().get("shipment.expected_on") == expected


def test_the_day_turns_when_it_is_over(session: Session, now: datetime) -> None:
    route(session, now)
    found = facts(session, now).relevant(["shipment.expected_on"])
    assert found.until == datetime.fromisoformat("2026-11-24T00:00:00+01:00")


def test_the_closest_way_of_one_parcel_is_asked(session: Session, now: datetime) -> None:
    route(session, now, carrier="", hours=90)
    assert learned_route(session, "DE", "ES", "DHL", "") is None
    everybody = learned_route(session, "DE", "PT", "DHL", "Parcel")
    assert everybody is not None
    assert everybody.p90_hours == 90
    route(session, now)
    own = learned_route(session, "DE", "PT", "DHL", "Parcel")
    assert own is not None
    assert own.p90_hours == 120
