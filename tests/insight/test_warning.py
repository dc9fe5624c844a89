"""Which jumps are told, and which chance explains."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from mailer.insight.warning import at_least, jumps, warnings
from mailer.model import Classification
from tests.web.build import case


@pytest.mark.parametrize(
    ("lately", "weekly", "told"), [(4, 0.0, False), (5, 0.0, True), (9, 5.0, False), (20, 5.0, True), (60, 50.0, False)]
)
def test_a_jump_is_more_than_chance(lately: int, weekly: float, told: bool) -> None:
    key = ("delivery delay", "carrier", "DHL")
    assert bool(jumps({key: lately}, {key: weekly})) is told


def test_poisson_tails_are_as_in_the_tables() -> None:
    assert at_least(1, 1.0) == pytest.approx(0.6321, abs=1e-4)
    assert at_least(10, 5.0) == pytest.approx(0.0318, abs=1e-4)


def test_mails_are_counted_by_product_carrier_and_country(session: Session, now: datetime) -> None:
    for number in range(6):
        found = case(session, now, number=f"#{number}", address=f"c{number}@shop.test")
        judged = session.get_one(Classification, found.draft)
        judged.intent = "delivery_delay"
    session.flush()
    told = warnings(session, now=now)
    assert [(one.kind, one.subject, one.count) for one in told] == [
        ("product", "Linen shirt", 6),
        ("carrier", "DHL", 6),
        ("country", "DE", 6),
    ] or {(one.kind, one.subject, one.count) for one in told} == {
        ("product", "Linen shirt", 6),
        ("carrier", "DHL", 6),
        ("country", "DE", 6),
    }
    assert warnings(session, now=now + timedelta(days=9)) == []
