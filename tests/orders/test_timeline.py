"""What happened to an order is told in the sequence of time, from every room that knows of it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import Session, select

from mailer.errors import NotFound
from mailer.events import record_event
from mailer.model import (
    Blob,
    Compensation,
    Delivery,
    DeliveryState,
    Direction,
    Enrollment,
    EnrollmentState,
    FlowStep,
    Incident,
    IncidentKind,
    IncidentState,
    Message,
    MessageState,
    Order,
    PayloadState,
    Refund,
    Route,
    SourcePayload,
    StepOutcome,
    Stream,
)
from mailer.orders.ingest import ingest
from mailer.orders.source import parse_payload
from mailer.orders.timeline import timeline_text
from mailer.outbound.consent import ConsentTold, opt_out, record_consent
from tests import build
from tests.orders.payloads import a_parcel, a_scan, an_order

ANA = "ana@example.com"


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def order(session: Session) -> int:
    """Ana's order with a parcel that two scans tell of; its id."""
    scans = (a_scan(1, "in_transit", "06T08:00"), a_scan(2, "delayed", "08T08:00", city="Leipzig", message="Snow"))
    payload = an_order(fulfillments=[a_parcel(*scans)])
    ingest(session, parse_payload(payload), source="shop", now=at(8))
    session.flush()
    return session.exec(select(Order.id)).one() or 0


def lines(session: Session) -> list[str]:
    title, *rest = timeline_text(session, "#1001").splitlines()
    assert title == "what happened (UTC)"
    return [" ".join(line.split()) for line in rest]


def passage(session: Session, order_id: int, outcome: StepOutcome, reason: str = "") -> None:
    """Ana's order passed through the review flow, and one step was decided."""
    entered = Enrollment(
        key="review_invitation:order:1",
        flow="review_invitation",
        subject_kind="order",
        subject_id=order_id,
        order_id=order_id,
        address=ANA,
        state=EnrollmentState.EXITED,
        reason="order.refunded",
        anchor_at=at(9),
        entered_at=at(9),
        updated_at=at(9),
        ended_at=at(19),
    )
    session.add(entered)
    session.flush()
    delivery = None
    if outcome is StepOutcome.QUEUED:
        mail = build.customer_mail(session, at(12), sender=ANA, order=order_id)
        message = Message(
            conversation_id=mail.conversation_id,
            direction=Direction.OUT,
            state=MessageState.COMPOSED,
            sha256=mail.sha256,
            internet_message_id="<flow@shop.test>",
            subject="How do you like it?",
            received_at=at(12),
            created_at=at(12),
        )
        session.add(message)
        session.flush()
        delivery = Delivery(
            key="flow:1",
            message_id=message.id or 0,
            enrollment_id=entered.id,
            kind="feedback",
            recipient=ANA,
            state=DeliveryState.SENT,
            queued_at=at(12),
            next_attempt_at=at(12),
        )
        session.add(delivery)
        session.flush()
    step = FlowStep(enrollment_id=entered.id or 0, step="ask", outcome=outcome, reason=reason, decided_at=at(12))
    step.delivery_id = delivery.id if delivery else None
    session.add(step)
    session.flush()


def test_what_shop_and_carriers_told(session: Session) -> None:
    order(session)
    assert lines(session) == [
        "2026-11-02 08:00 event order.placed",
        "2026-11-05 10:00 event order.shipped",
        "2026-11-06 08:00 carrier DHL JD014: in_transit",
        "2026-11-08 08:00 carrier DHL JD014: delayed Leipzig Snow",
    ]


def test_money_and_delays(session: Session) -> None:
    order_id = order(session)
    late = Incident(
        key="silent:1",
        kind=IncidentKind.SILENT,
        order_id=order_id,
        reason="nothing was heard for 5 days",
        expected_on=date(2026, 11, 20),
        needs_person=True,
        opened_at=at(13),
        state=IncidentState.SETTLED,
        settled_at=at(16),
        settled_because="it moves again",
    )
    refund = Refund(order_id=order_id, external_id="41", amount="12.00", note="too late", refunded_at=at(17))
    given = Compensation(
        key="c1", address=ANA, order_id=order_id, amount="5", currency="EUR", month="2026-11", given_at=at(14)
    )
    session.add_all([late, refund, given])
    session.flush()
    found = lines(session)[-4:]
    assert found == [
        "2026-11-13 12:00 alarm late: silent nothing was heard for 5 days expected on 2026-11-20 an agent looks first",
        "2026-11-14 12:00 we compensation 5 EUR tier 1",
        "2026-11-16 12:00 alarm late no more it moves again",
        "2026-11-17 12:00 shop refund 12.00 EUR too late",
    ]


def test_consent_and_the_way_out(session: Session) -> None:
    order(session)
    told = ConsentTold("k1", ANA, "marketing", True, "opt_in", "shop", at(9))
    record_consent(session, told, now=at(9))
    opt_out(session, ANA, Stream.MARKETING, wording="no more, please", now=at(10))
    found = lines(session)
    assert "2026-11-09 12:00 customer agreed to marketing (opt_in, by shop)" in found
    assert "2026-11-10 12:00 customer refused marketing (withdrawn, by customer)" in found
    assert "2026-11-10 12:00 stop no mail of stream marketing: no more, please" in found


def test_a_flow_that_sent_and_what_the_customer_answered(session: Session) -> None:
    order_id = order(session)
    passage(session, order_id, StepOutcome.QUEUED)
    record_event(
        session,
        "rating.received",
        ("order", order_id),
        key="rating.received:1",
        order_id=order_id,
        address=ANA,
        at=at(13),
        now=at(13),
        data={"question": "satisfaction", "value": 4, "enrollment_id": 1},
    )
    found = lines(session)
    assert "2026-11-09 12:00 flow review_invitation let it in" in found
    assert "2026-11-12 12:00 flow review_invitation, ask: its mail is sent" in found
    assert "2026-11-13 12:00 event rating.received question=satisfaction value=4" in found
    assert found[-1] == "2026-11-19 12:00 flow review_invitation exited order.refunded"
    assert not any("How do you like it?" in line for line in found)
    assert any("customer wrote:" in line for line in found)


def test_a_mail_that_was_not_sent_says_why(session: Session) -> None:
    passage(session, order(session), StepOutcome.SKIPPED, "they never agreed to surveys")
    assert "2026-11-12 12:00 flow review_invitation, ask: skipped they never agreed to surveys" in lines(session)


def test_a_rating_by_mail_is_no_question(session: Session) -> None:
    order_id = order(session)
    mail = build.customer_mail(session, at(12), sender=ANA, order=order_id, subject="5")
    mail.route = Route.RATING
    session.flush()
    assert f"2026-11-12 12:00 customer wrote: 5 [rating] (conversation {mail.conversation_id})" in lines(session)


def test_mails_of_another_order_are_not_told(session: Session) -> None:
    order(session)
    other = build.shop_order(session, at(10), name="#2002", email=ANA)
    build.customer_mail(session, at(12), sender=ANA, order=other, subject="About the other one")
    assert not any("About the other one" in line for line in lines(session))


def test_payloads_that_could_not_be_read_are_counted(session: Session) -> None:
    order_id = order(session)
    session.add(Blob.of("f" * 64, b"{}"))
    session.flush()
    for number in range(2):
        row = SourcePayload(source="shop", kind="shopify", key=str(number), sha256="f" * 64, received_at=at(14))
        row.state, row.order_id = PayloadState.UNREADABLE, order_id
        session.add(row)
    session.flush()
    assert "2026-11-14 12:00 shop 2 unreadable from shop; `mailer orders deliveries` shows them" in lines(session)


def test_time_orders_all_lines(session: Session) -> None:
    order_id = order(session)
    passage(session, order_id, StepOutcome.QUEUED)
    opt_out(session, ANA, Stream.ALL, wording="stop", now=at(11) + timedelta(minutes=1))
    moments = [line[:16] for line in lines(session)]
    assert moments == sorted(moments)


def test_an_order_that_is_not_there(session: Session) -> None:
    with pytest.raises(NotFound):
        timeline_text(session, "#7")
