"""The second line from end to end: an order's Event becomes a mail, once."""

from datetime import timedelta
from pathlib import Path

import pytest

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import DeliveryState
from tests.build import parcel
from tests.flows.line import Line

SHIPPED = Path("schedules/flows")


@pytest.fixture
def line(db: Database, clock: FrozenClock) -> Line:
    return Line(db, clock)


def _shipped_flow(name: str) -> str:
    return (SHIPPED / f"{name}.toml").read_text().replace('status = "draft"', 'status = "live"')


def test_a_parcel_that_left_is_told_once(line: Line) -> None:
    line.flow("shipping_notice", _shipped_flow("shipping_notice"))
    line.order(fulfillments=[parcel(line.clock.now() - timedelta(hours=2))])
    line.turn()
    print(line.notes(), line.enrollments(), line.steps())
    [delivery] = line.deliveries()
    assert delivery.state is DeliveryState.SENT
