"""What we give for a delay: by lateness and value, once for each customer and period, within the month's budget."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from mailer.model import (
    Compensation,
    Coupon,
    DeliveryState,
    Enrollment,
    EnrollmentState,
    Incident,
    IncidentKind,
    Order,
    open_alarms,
)
from mailer.offers.compensation import OfferTerms, available, grant, withdraw_untold
from mailer.offers.coupons import Code, CouponTerms, import_codes
from mailer.offers_config import CouponPool, OffersConfig
from mailer.rendering.compensation import Tier
from mailer.rendering.facts import Subject, read_facts
from mailer.rendering.shop_facts import sync_shop_facts
from mailer.shop_config import Shop
from tests import build
from tests.outbound import flow_mails

DAY = timedelta(days=1)
TERMS = OfferTerms(CouponTerms({"sorry": CouponPool()}, build.KEYS))
TIERS: list[dict[str, Any]] = [
    {"after_days": 2, "offer": "5 EUR", "amount": "5.00"},
    {"after_days": 2, "offer": "15 EUR", "amount": "15.00", "min_total": "100", "coupon": "sorry"},
    {"after_days": 10, "offer": "the shipping fee", "amount": "4.90"},
]


@pytest.fixture(autouse=True)
def shop(session: Session, now: datetime) -> None:
    tell_shop(session, now)


def tell_shop(session: Session, now: datetime, *, budget: str = "0") -> None:
    shop = Shop.model_validate({"name": "Linen & Co", "currency": "EUR", "compensation": TIERS})
    sync_shop_facts(session, shop, OffersConfig(budget=budget), now=now)


def late_order(session: Session, now: datetime, number: int = 1001, **changes: Any) -> int:
    """An order whose parcel was due on the 23rd of November."""
    told = {"id": str(number), "name": f"#{number}", **changes}
    return build.shop_order(session, now, **told)


def offer(session: Session, order_id: int, now: datetime) -> Any:
    session.flush()
    facts = read_facts(session, Subject(order_id=order_id, language="en"), now=now).values()
    return facts.get("compensation.offer")


def given(session: Session, order_id: int, now: datetime) -> Compensation | None:
    return grant(session, order_id, build.ANA, terms=TERMS, now=now)


@pytest.mark.parametrize(
    ("days", "total", "tier"),
    [
        (1, "59.00", None),
        (3, "59.00", 1),
        (3, "100.00", 2),
        (11, "59.00", 3),
        (11, "500.00", 3),
    ],
)
def test_tiers_go_by_lateness_and_value(
    session: Session, now: datetime, days: int, total: str, tier: int | None
) -> None:
    order = late_order(session, now, total_price=total)
    found = available(session, order, build.ANA, now=now + (days + 1) * DAY)
    assert (found.number if isinstance(found, Tier) else None) == tier


def test_it_is_given_once_for_an_order_and_the_offer_stays_what_it_was(session: Session, now: datetime) -> None:
    order, then = late_order(session, now), now + 4 * DAY
    first = given(session, order, then)
    assert first is not None
    assert (first.tier, first.amount, first.currency, first.month) == (1, "5.00", "EUR", "2026-11")
    assert given(session, order, then + 20 * DAY) == first
    assert offer(session, order, then + 20 * DAY) == "5 EUR", "what was said is not said otherwise later"
    assert len(session.exec(select(Compensation)).all()) == 1


def test_a_customer_gets_one_in_a_period_whatever_the_order(session: Session, now: datetime) -> None:
    first, second, then = late_order(session, now), late_order(session, now, 1002), now + 4 * DAY
    given(session, first, then)
    assert available(session, second, build.ANA, now=then) == (
        "the customer was compensated for another order in this period"
    )
    assert offer(session, second, then) is None, "no mail may offer what nobody will give"
    assert given(session, second, then) is None
    assert offer(session, second, then + 91 * DAY) == "the shipping fee"


def test_the_budget_of_a_month_is_never_overdrawn(session: Session, now: datetime) -> None:
    tell_shop(session, now, budget="9.00")
    first, then = late_order(session, now), now + 4 * DAY
    second = late_order(session, now, 1002, email="bo@customer.test")
    assert given(session, first, then) is not None
    assert available(session, second, "bo@customer.test", now=then) == "the budget of this month is used up"
    assert offer(session, second, then) is None
    assert offer(session, first, then) == "5 EUR", "what this order got counts for the others only"
    assert offer(session, second, then + 6 * DAY) == "5 EUR", "December has a budget of its own"


@pytest.mark.parametrize(
    ("passage", "delivery", "taken_back"),
    [
        (EnrollmentState.EXITED, DeliveryState.WITHHELD, True),
        (EnrollmentState.EXITED, None, True),
        (EnrollmentState.FINISHED, DeliveryState.FAILED, True),
        (EnrollmentState.FINISHED, DeliveryState.SENT, False),
        (EnrollmentState.FINISHED, DeliveryState.QUEUED, False),
        (EnrollmentState.FINISHED, DeliveryState.UNKNOWN, False),
        (EnrollmentState.ACTIVE, None, False),
    ],
)
def test_what_nobody_heard_of_counts_no_more(
    session: Session, now: datetime, passage: EnrollmentState, delivery: DeliveryState | None, taken_back: bool
) -> None:
    first, second, then = late_order(session, now), late_order(session, now, 1002), now + 4 * DAY
    incident = late_incident(session, first, then)
    grant(session, first, build.ANA, incident_id=incident, terms=TERMS, now=then)
    enrollment = session.get_one(Enrollment, flow_mails.enrolled(session, incident, then, flow="delay_notice"))
    if delivery is not None:
        flow_mails.end(flow_mails.queued(session, enrollment.id or 0, then), delivery, then)
    enrollment.subject_kind, enrollment.state = "delay", passage
    session.flush()
    assert withdraw_untold(session, now=then) == taken_back
    assert withdraw_untold(session, now=then) == 0
    assert (given(session, second, then) is not None) is taken_back


def test_what_a_reply_offered_stays(session: Session, now: datetime) -> None:
    given(session, late_order(session, now), now + 4 * DAY)
    assert withdraw_untold(session, now=now + 5 * DAY) == 0


def late_incident(session: Session, order_id: int, now: datetime) -> int:
    row = Incident(key=f"silent:{order_id}", kind=IncidentKind.SILENT, order_id=order_id, opened_at=now)
    session.add(row)
    session.flush()
    return row.id or 0


def test_a_tier_with_a_coupon_gives_its_code(session: Session, now: datetime) -> None:
    import_codes(session, "sorry", [Code("SORRY-1")], now=now)
    order = late_order(session, now, total_price="200.00")
    found = given(session, order, now + 4 * DAY)
    assert found is not None
    coupon = session.get_one(Coupon, found.coupon_id)
    assert (coupon.code, coupon.address) == ("SORRY-1", build.ANA)


def test_an_empty_pool_is_an_alarm_and_the_ledger_still_knows(session: Session, now: datetime) -> None:
    found = given(session, late_order(session, now, total_price="200.00"), now + 4 * DAY)
    assert found is not None
    assert found.coupon_id is None
    assert [one.subject for one in open_alarms(session)] == ["sorry"]


def test_marketplaces_canceled_orders_and_strangers_get_nothing(session: Session, now: datetime) -> None:
    then = now + 4 * DAY
    market = late_order(session, now)
    session.get_one(Order, market).marketplace = True
    canceled = late_order(session, now, 1002, cancelled_at=now.isoformat())
    assert available(session, market, build.ANA, now=then) == "a marketplace forbids it"
    assert available(session, canceled, build.ANA, now=then) == "the order was canceled"
    assert available(session, late_order(session, now, 1003), "eve@else.test", now=then) == (
        "the order belongs to another address"
    )
    assert [offer(session, one, then) for one in (market, canceled)] == [None, None]


def test_an_open_incident_makes_late_what_no_carrier_spoke_of(session: Session, now: datetime) -> None:
    order = late_order(session, now, fulfillments=[])
    assert offer(session, order, now) is None
    promised = (now - 3 * DAY).date()
    incident = Incident(
        key="overdue:order", kind=IncidentKind.OVERDUE, order_id=order, promised_on=promised, opened_at=now
    )
    session.add(incident)
    assert offer(session, order, now) == "5 EUR"
    found = grant(session, order, build.ANA, incident_id=incident.id, terms=TERMS, now=now)
    assert found is not None
    assert found.incident_id == incident.id
