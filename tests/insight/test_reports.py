"""Every report on a small shop whose figures are counted by hand."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session, col, select

from mailer.insight.reports import PARTS, REPORTS
from mailer.insight.sheet import Filters
from mailer.model import (
    Approval,
    Delivery,
    DeliveryState,
    Direction,
    Draft,
    Message,
    Order,
    Rating,
    ReplyClock,
    ReturnRequest,
    Review,
    Shipment,
)
from mailer.web import auth
from tests.web.build import Case, case

ZONE = ZoneInfo("Europe/Berlin")


def rows(session: Session, key: str, now: datetime, **filters: Any) -> list[dict[str, Any]]:
    days = Filters(date(2026, 11, 1), date(2026, 11, 30), ZONE, **filters)
    sheet = REPORTS[key](session, days, now)
    names = [column.name for column in sheet.columns]
    assert all(len(row) == len(names) for row in sheet.rows)
    return [dict(zip(names, row, strict=True)) for row in sheet.rows]


def answered(session: Session, found: Case, at: datetime, agent: int, *, edited: bool = False) -> None:
    """The draft of a case was approved and the relay took it."""
    draft = session.get_one(Draft, found.draft)
    draft.written_by = agent if edited else None
    session.add(Approval(draft_id=found.draft, version=1, agent_id=agent, approved_at=at, similarity=0.8))
    ours = session.get_one(Message, found.message).model_dump(exclude={"id", "raw_mail_id"})
    reply = Message(**{**ours, "direction": Direction.OUT, "internet_message_id": f"<r{found.draft}@shop.test>"})
    session.add(reply)
    session.flush()
    sent = Delivery(key=f"draft-{found.draft}", message_id=reply.id or 0, draft_id=found.draft, recipient="a@b.test")
    sent.state, sent.settled_at, sent.queued_at, sent.next_attempt_at = DeliveryState.SENT, at, at, at
    session.add(sent)
    clock = session.exec(select(ReplyClock).where(ReplyClock.conversation_id == found.conversation)).one()
    clock.stopped_at = at
    session.flush()


@pytest.fixture
def shop(session: Session, now: datetime) -> list[Case]:
    """Three customers: one answered in two hours as drafted, one after 30 hours with an edit, one still waits."""
    agent = auth.add_agent(session, "ana", auth.Role.AGENT, now)
    begun = now - timedelta(days=10)
    cases = [
        case(session, now, number=f"#{place}", address=f"c{place}@shop.test", received_at=begun) for place in range(3)
    ]
    answered(session, cases[0], begun + timedelta(hours=2), agent)
    answered(session, cases[1], begun + timedelta(hours=30), agent, edited=True)
    return cases


def test_clocks_kept_and_broken(session: Session, now: datetime, shop: list[Case]) -> None:
    (row,) = rows(session, "clocks", now)
    assert (row["Began"], row["Kept"], row["Broken"], row["Runs"]) == (3, 1, 2, 0)
    assert (row["Share kept"], row["Median"], row["Nine in ten"]) == (pytest.approx(1 / 3), 2.0, 30.0)


def test_mails_and_answers_by_day(session: Session, now: datetime, shop: list[Case]) -> None:
    by_day = {row["Day"]: (row["Received"], row["Answered"]) for row in rows(session, "days", now)}
    assert by_day[date(2026, 11, 12)] == (3, 1)
    assert by_day[date(2026, 11, 13)] == (0, 1)
    assert len(by_day) == 30


def test_open_now_by_age(session: Session, now: datetime, shop: list[Case]) -> None:
    assert [row["drafted"] for row in rows(session, "backlog", now)] == [0, 0, 0, 0, 1]


def test_volume(session: Session, now: datetime, shop: list[Case]) -> None:
    assert rows(session, "intents", now) == [{"What": "order status", "Mails": 3, "Share": 1.0}]
    assert rows(session, "languages", now)[0]["What"] == "en"
    assert rows(session, "countries", now)[0]["What"] == "DE"
    assert rows(session, "products", now)[0]["What"] == "Linen shirt"
    assert rows(session, "intents", now, language="fr") == []
    assert rows(session, "intents", now, intent="refund_status") == []
    assert rows(session, "intents", now, country="DE", intent="order_status")[0]["Mails"] == 3


def test_drafts_and_who_wrote_again(session: Session, now: datetime, shop: list[Case]) -> None:
    again = session.get_one(Message, shop[0].message).model_dump(exclude={"id", "raw_mail_id"})
    at = now - timedelta(days=9)
    session.add(Message(**{**again, "received_at": at, "internet_message_id": "<again@customer.test>"}))
    session.flush()
    (row,) = rows(session, "templates", now)
    assert (row["Template"], row["Approved"], row["Unchanged"]) == ("order_status", 2, 0.5)
    assert (row["Similar"], row["Answers"], row["Wrote again"]) == (pytest.approx(0.8), 2, 0.5)


def test_satisfaction_leaves_robots_out(session: Session, now: datetime, shop: list[Case]) -> None:
    order = shop[0].order
    for number, value in enumerate([5, 5, 4, 2, 5, 1]):
        rating = Rating(
            question="satisfaction", subject_kind="order", subject_id=number, address="a@b.test", value=value
        )
        rating.order_id, rating.suspected_robot = order, number == 5
        rating.rated_at = rating.changed_at = now - timedelta(days=1)
        session.add(rating)
    session.flush()
    row = next(row for row in rows(session, "satisfaction", now) if row["Question"].startswith("satisfaction"))
    assert (row["Answers"], row["Suspected robots"], row["Mean"], row["Satisfied"]) == (5, 1, 4.2, 0.8)
    assert rows(session, "satisfaction-weeks", now)[0]["Mean"] == 4.2
    few = next(row for row in rows(session, "satisfaction", now) if row["Question"].startswith("recommend"))
    assert (few["Answers"], few["NPS"]) == (0, None)


def test_shipping_cohorts_and_routes(session: Session, now: datetime, shop: list[Case]) -> None:
    for found in shop:
        order = session.get_one(Order, found.order)
        parcel = session.exec(select(Shipment).where(col(Shipment.order_id) == found.order)).one()
        order.placed_at = now - timedelta(days=9)
        parcel.shipped_at, parcel.scanned_at = (
            order.placed_at + timedelta(hours=20),
            order.placed_at + timedelta(days=4),
        )
        parcel.delivered_at = parcel.shipped_at + timedelta(days=3)
        parcel.first_expected_on = parcel.delivered_at.date()
    session.get_one(Order, shop[2].order).canceled_at = now
    session.flush()
    (row,) = rows(session, "shipping", now)
    assert (row["Orders"], row["F 24 h"], row["S 3 d"], row["S 5 d"]) == (2, 1.0, 0.0, 1.0)
    (way,) = rows(session, "routes", now)
    assert (way["Country"], way["Carrier"], way["Parcels"], way["On time"], way["Median"]) == ("DE", "DHL", 3, 1.0, 3.0)


def test_returns_and_fit_by_product(session: Session, now: datetime, shop: list[Case]) -> None:
    items = [{"title": "Linen shirt", "reason": "too_small", "quantity": 2}]
    asked = ReturnRequest(order_id=shop[0].order, address="a@b.test", items=items, requested_at=now, changed_at=now)
    fit = Review(order_id=shop[0].order, product="Linen shirt", address="a@b.test", stars=3, fit="small")
    fit.written_at = fit.changed_at = now
    session.add_all([asked, fit])
    session.flush()
    assert rows(session, "returns", now) == [
        {"Product": "Linen shirt", "Reason": "too small", "Items": 2, "Share": 1.0},
    ]
    (row,) = rows(session, "reviews", now)
    assert (row["Stars"], row["Runs small"], row["Runs large"]) == (3.0, 1.0, 0.0)


def test_every_report_stands_an_empty_shop_and_is_on_a_page(session: Session, now: datetime) -> None:
    for key in REPORTS:
        rows(session, key, now)
    assert {key for keys in PARTS.values() for key in keys} == set(REPORTS)
