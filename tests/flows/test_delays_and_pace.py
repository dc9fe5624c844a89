"""From a silent parcel to one apology with one offer; and what keeps flows from sending all at once."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import (
    Compensation,
    Coupon,
    Delivery,
    DeliveryState,
    EnrollmentState,
    Incident,
    IncidentState,
    Message,
    open_alarms,
)
from mailer.offers.compensation import OfferTerms
from mailer.offers.coupons import Code, CouponTerms, import_codes
from mailer.offers_config import CouponPool, OffersConfig
from mailer.orders.alarms import DelayTerms
from mailer.orders.delay import look_for_delays
from mailer.orders.incidents import tell
from mailer.outbound.canary import CanaryTerms, clear_canaries
from mailer.outbound.catch_up import CatchUpTerms, approve_catch_up
from mailer.outbound.hold import resume_flow
from mailer.rendering.shop_facts import sync_shop_facts
from mailer.shop_config import Shop
from tests.build import KEYS, parcel
from tests.flows.line import TERMS, Line, flow_text

FLOWS = Path(__file__).parents[2] / "schedules" / "flows"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
OFFERS = OfferTerms(CouponTerms({"sorry": CouponPool()}, KEYS))


@pytest.fixture
def line(db: Database, clock: FrozenClock) -> Line:
    """A shop that offers a voucher for a delay, with its delay notice in service."""
    found = Line(db, clock, terms=replace(TERMS, offers=OFFERS))
    shop = {"name": "Linen & Co", "country": "DE", "zone": "Europe/Berlin", "postal_address": "1 Mill Lane, Leeds"}
    tier = {"after_days": 0, "offer": "a voucher of 5 EUR", "amount": "5.00", "coupon": "sorry"}
    offers = Shop.model_validate({**shop, "compensation": [tier]})
    db.run_here(sync_shop_facts, offers, OffersConfig(), now=clock.now())
    text = (FLOWS / "delay_notice.toml").read_text().replace('status = "draft"', 'status = "live"')
    found.flow("delay_notice", text)
    return found


def look(line: Line) -> None:
    """As the loop of delays does, and then all others."""
    while line.db.run_here(look_for_delays, terms=DelayTerms(home="DE"), now=line.clock.now()):
        pass
    line.turn()


def late(line: Line, number: int = 1001, days: float = 5, **changes: Any) -> None:
    """An order that was paid so long ago and did not leave."""
    placed = line.clock.now() - timedelta(days=days)
    told = {"id": str(number), "name": f"#{number}", "created_at": placed.isoformat(), "fulfillments": []}
    line.order(**{**told, "updated_at": placed.isoformat(), **changes})


def texts(line: Line) -> list[str]:
    def read(session: Session) -> list[str]:
        rows = select(Message.text).join(Delivery, col(Delivery.message_id) == Message.id)
        return list(session.exec(rows.order_by(col(Delivery.id))))

    return line.db.read_here(read)


def rows(line: Line, table: Any) -> list[Any]:
    return line.db.read_here(lambda session: list(session.exec(select(table).order_by(table.id)).all()))


def test_an_order_that_does_not_leave_is_told_of_once_with_what_makes_good_for_it(line: Line) -> None:
    line.db.run_here(import_codes, "sorry", [Code("SORRY-1"), Code("SORRY-2")], now=line.clock.now())
    late(line)
    look(line)
    (text,) = texts(line)
    assert "a voucher of 5 EUR" in text
    (given,) = rows(line, Compensation)
    assert (given.address, given.incident_id) == ("ana@customer.test", rows(line, Incident)[0].id)
    assert [one.given_for is not None for one in rows(line, Coupon)] == [True, False]
    for _ in range(4):
        line.clock.current += DAY
        look(line)
    assert len(texts(line)) == 1, "nothing new happened, so nobody is told again"


def test_a_second_order_of_the_same_customer_gets_the_notice_without_an_offer(line: Line) -> None:
    late(line)
    look(line)
    late(line, 1002)
    look(line)
    first, second = texts(line)
    assert "a voucher of 5 EUR" in first
    assert "a voucher of 5 EUR" not in second
    assert len(rows(line, Compensation)) == 1


def test_what_a_person_must_see_first_is_told_when_they_say_so(line: Line) -> None:
    shipped = line.clock.now() - 6 * DAY
    unseen = {**parcel(shipped), "events": [], "estimated_delivery_at": None}
    late(line, days=7, fulfillments=[unseen])
    look(line)
    (incident,) = rows(line, Incident)
    assert (incident.kind.value, incident.needs_person, texts(line)) == ("not_scanned", True, [])
    line.db.run_here(tell, incident.batch, by="ana", now=line.clock.now())
    look(line)
    assert len(texts(line)) == 1


def test_a_delay_that_is_over_in_the_night_is_told_to_nobody(line: Line) -> None:
    line.clock.current = line.clock.current.replace(hour=23)
    late(line)
    look(line)
    assert texts(line) == []
    line.clock.current += 4 * HOUR
    shipped = line.clock.now() - HOUR
    late(line, updated_at=line.clock.now().isoformat(), fulfillments=[parcel(shipped, "carrier_picked_up")])
    look(line)
    line.wait(hours=12)
    assert texts(line) == []
    assert [one.state for one in rows(line, Incident)] == [IncidentState.SETTLED]
    assert [one.state for one in line.enrollments()] == [EnrollmentState.EXITED]


@pytest.fixture
def plain(db: Database, clock: FrozenClock) -> Line:
    """A shop that confirms every order."""
    found = Line(db, clock).open()
    found.flow("confirm", flow_text())
    return found


def placed(line: Line, *numbers: int) -> None:
    for number in numbers:
        line.order(id=str(number), name=f"#{number}", email=f"c{number}@customer.test", fulfillments=[])
    line.turn()


def test_a_new_edition_goes_to_a_few_first_and_stops_itself_when_they_come_back(plain: Line) -> None:
    plain.terms = replace(plain.terms, canary=CanaryTerms(first=3, rest=15 * MINUTE, limit=1))
    placed(plain, *range(8))
    assert len(plain.relay.mails) == 3

    def come_back(session: Session) -> None:
        for one in session.exec(select(Delivery).limit(2)):
            one.state = DeliveryState.BOUNCED

    plain.db.run_here(come_back)
    plain.wait(minutes=20)
    plain.wait(hours=2)
    assert len(plain.relay.mails) == 3
    assert [(one.kind, one.subject) for one in plain.db.read_here(open_alarms)] == [("canary", "confirm")]
    plain.db.run_here(resume_flow, "confirm", by="ana", now=plain.clock.now())
    plain.db.run_here(clear_canaries, "confirm", now=plain.clock.now())
    plain.wait(minutes=20)
    assert sorted(to for _, to, _ in plain.relay.mails) == [f"c{number}@customer.test" for number in range(8)]


def test_no_hour_has_more_automatic_mails_than_the_shop_allows_and_none_is_lost(plain: Line) -> None:
    plain.terms = replace(plain.terms, per_hour=8)
    placed(plain, *range(20))
    assert len(plain.relay.mails) == 1
    assert any("8 automatic mails an hour" in note for note in plain.notes()), "who waits is told why"
    for _ in range(40):
        plain.wait(minutes=10)
    moments = [at for at, _, _ in plain.relay.mails]
    assert len({to for _, to, _ in plain.relay.mails}) == len(moments) == 20
    assert max(sum(begin <= at < begin + HOUR for at in moments) for begin in moments) <= 8


def test_after_an_outage_nothing_leaves_before_a_person_saw_the_plan(plain: Line) -> None:
    terms = CatchUpTerms(after=6 * HOUR, least=5, per_hour=60)
    plain.terms = replace(plain.terms, catch_up=terms)
    plain.turn()
    plain.flow("confirm", flow_text(step='wait = "2h"'))
    for number in range(9):
        plain.order(id=str(number), name=f"#{number}", email=f"c{number}@customer.test", fulfillments=[])
    plain.turn("enroll")
    plain.wait(hours=9)
    plain.wait(hours=1)
    assert plain.relay.mails == []
    plain.db.run_here(approve_catch_up, by="ana", terms=terms, now=plain.clock.now())
    plain.turn()
    assert len(plain.relay.mails) == 1, "not all at once"
    for _ in range(10):
        plain.wait(minutes=1)
    assert len({to for _, to, _ in plain.relay.mails}) == 9
