"""What a mail of a flow tells of a parcel, a delay, a return and a refund; and what was told last."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from mailer.model import (
    Delivery,
    DeliveryState,
    Enrollment,
    FlowStep,
    Incident,
    IncidentKind,
    Message,
    Order,
    OrderLine,
    ParcelState,
    Refund,
    ReturnRequest,
    ReturnState,
    Shipment,
    StepOutcome,
)
from mailer.rendering.facts import Facts, Subject, read_facts
from mailer.rendering.shipment_facts import newest_occasion
from mailer.rendering.shop_facts import sync_shop_facts
from mailer.shop_config import Shop
from tests import build

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
DAY = timedelta(days=1)
TODAY = NOW.date()
SHOP = {"name": "Linen & Co", "zone": "Europe/Berlin", "account_url": "https://www.shop.example/account"}


def order(session: Session) -> Order:
    return session.exec(select(Order).where(Order.id == build.shop_order(session, NOW))).one()


def read(session: Session, now: datetime = NOW, **about: Any) -> Facts:
    session.flush()
    return read_facts(session, Subject(**about), now=now)


def told(session: Session, root: str, now: datetime = NOW, **about: Any) -> dict[str, object]:
    values = read(session, now, **about).values()
    return {path.removeprefix(f"{root}."): value for path, value in values.items() if path.startswith(f"{root}.")}


def parcel(session: Session, of: Order, **changes: Any) -> Shipment:
    values: dict[str, Any] = {
        "external_id": f"p{len(session.exec(select(Shipment)).all())}",
        "carrier": "UPS",
        "tracking_number": "1Z",
        "tracking_url": "https://www.ups.com/track?n=1Z",
        "state": ParcelState.IN_TRANSIT,
        "shipped_at": NOW - DAY,
        "state_at": NOW,
        "expected_on": TODAY + 2 * DAY,
    }
    row = Shipment(order_id=of.id, **{**values, **changes})
    session.add(row)
    session.flush()
    return row


def test_a_parcel_is_told_with_its_place_among_the_others(session: Session) -> None:
    bought = order(session)
    second = parcel(session, bought)
    assert told(session, "shipment", order_id=bought.id, shipment_id=second.id) == {
        "carrier": "UPS",
        "number": "1Z",
        "url": "https://www.ups.com/track?n=1Z",
        "state": "in_transit",
        "expected_on": "2026-11-24",
        "shipped_on": "2026-11-21",
        "position": 2,
        "count": 2,
    }
    assert told(session, "shipment", order_id=bought.id) == {}


@pytest.mark.parametrize(
    ("url", "hosts", "kept"),
    [
        ("https://www.ups.com/track", (), True),
        ("https://track.shop.example/1", (), True),
        ("https://tracker.example/1", ("tracker.example",), True),
        ("https://tracker.example/1", (), False),
        ("http://www.ups.com/track", (), False),
        ("javascript:alert(1)", (), False),
        ("https://www.ups.com@evil.example/", (), False),
    ],
)
def test_a_link_leads_to_carriers_and_the_shop_only(
    session: Session, url: str, hosts: tuple[str, ...], kept: bool
) -> None:
    sync_shop_facts(session, Shop.model_validate({**SHOP, "link_hosts": hosts}), now=NOW)
    bought = order(session)
    found = told(session, "shipment", order_id=bought.id, shipment_id=parcel(session, bought, tracking_url=url).id)
    assert found.get("url") == (url if kept else None)


def test_a_day_that_has_passed_is_not_told_and_ends_the_facts(session: Session) -> None:
    bought = order(session)
    one = parcel(session, bought, expected_on=TODAY)
    about = {"order_id": bought.id, "shipment_id": one.id}
    assert told(session, "shipment", **about)["expected_on"] == "2026-11-22"
    until = read(session, **about).relevant(["shipment.expected_on"]).until
    assert until == datetime(2026, 11, 23, tzinfo=UTC)
    assert "expected_on" not in told(session, "shipment", until, **about)


def single(session: Session, raw: dict[str, Any]) -> tuple[Order, Shipment]:
    """An order of two lines with one parcel that says what it holds."""
    bought = order(session)
    (one,) = session.exec(select(Shipment).where(Shipment.order_id == bought.id)).all()
    one.raw = raw
    session.add(OrderLine(order_id=bought.id, external_id="l2", title="Scarf", sku="SC", quantity=2))
    session.flush()
    return bought, one


def test_an_order_of_one_parcel_holds_all_of_it(session: Session) -> None:
    bought, one = single(session, {})
    found = told(session, "shipment", order_id=bought.id, shipment_id=one.id)
    assert [found["items.0.title"], found["items.1.title"]] == ["Linen shirt (M)", "Scarf"]
    assert "rest_follows" not in found


@pytest.mark.parametrize(
    ("inside", "items", "rest"),
    [
        ([{"sku": "SC", "quantity": 1}], [("Scarf", 1)], True),
        ([{"id": "l2", "quantity": 2}], [("Scarf", 2)], True),
        ([{"sku": "SC", "quantity": 99}], [("Scarf", 2)], True),
        ([{"sku": "SC", "quantity": "x"}], [("Scarf", 2)], True),
        ([{"sku": "unknown"}], [], None),
        ("nonsense", [("Linen shirt (M)", 2), ("Scarf", 2)], None),
    ],
)
def test_a_parcel_holds_what_the_shop_says(
    session: Session, inside: object, items: list[tuple[str, int]], rest: bool | None
) -> None:
    bought, one = single(session, {"fulfillment": {"line_items": inside}})
    found = told(session, "shipment", order_id=bought.id, shipment_id=one.id)
    titles = [(found[f"items.{place}.title"], found[f"items.{place}.quantity"]) for place in range(len(items))]
    assert titles == items
    assert f"items.{len(items)}.title" not in found
    assert found.get("rest_follows") == rest


def test_what_other_parcels_hold_is_not_guessed(session: Session) -> None:
    bought, one = single(session, {})
    parcel(session, bought)
    assert "items.0.title" not in told(session, "shipment", order_id=bought.id, shipment_id=one.id)


@pytest.mark.parametrize(
    ("promised", "expected", "known"),
    [
        (TODAY - 3 * DAY, None, {"promised_on": "2026-11-19", "days_late": 3}),
        (TODAY - DAY, TODAY + 2 * DAY, {"promised_on": "2026-11-21", "expected_on": "2026-11-24", "days_late": 3}),
        (TODAY + DAY, None, {"promised_on": "2026-11-23"}),
        (None, TODAY - DAY, {}),
    ],
)
def test_a_delay_is_told_in_days(
    session: Session, promised: date | None, expected: date | None, known: dict[str, object]
) -> None:
    bought = order(session)
    one = Incident(
        key="k",
        kind=IncidentKind.OVERDUE,
        order_id=bought.id,
        promised_on=promised,
        expected_on=expected,
        reason="a storm",
        opened_at=NOW,
    )
    session.add(one)
    session.flush()
    found = told(session, "delay", order_id=bought.id, incident_id=one.id)
    assert found == {"kind": "overdue", "reason": "a storm", **known}


def test_a_return_is_told(session: Session) -> None:
    bought = order(session)
    one = ReturnRequest(
        order_id=bought.id,
        address=bought.email,
        state=ReturnState.RECEIVED,
        items=[{"line": "1", "title": "Hat", "quantity": 2, "reason": "SIZE"}],
        wish="exchange",
        send_to="Lagerweg 1",
        label_url="https://evil.example/label",
        requested_at=NOW,
        changed_at=NOW,
    )
    session.add(one)
    session.flush()
    assert told(session, "return", order_id=bought.id, return_id=one.id) == {
        "state": "received",
        "keep": False,
        "wish": "exchange",
        "send_to": "Lagerweg 1",
        "items.0.title": "Hat",
        "items.0.quantity": 2,
    }


def test_the_newest_refund_is_told_and_all_of_them_count_for_the_order(session: Session) -> None:
    bought = order(session)
    for number, (amount, at) in enumerate([("10.00", NOW - DAY), ("5.50", NOW), ("1.00", NOW - 2 * DAY)]):
        session.add(Refund(order_id=bought.id, external_id=str(number), amount=amount, currency="EUR", refunded_at=at))
    values = read(session, order_id=bought.id).values()
    assert {path: values[path] for path in ("refund.amount", "refund.currency", "refund.on")} == {
        "refund.amount": "5.50",
        "refund.currency": "EUR",
        "refund.on": "2026-11-22",
    }
    assert (values["order.refunded"], values["order.refunded_on"]) == ("16.50", "2026-11-22")


def sent(
    session: Session, of: Order, template: str, *, at: datetime, state: DeliveryState = DeliveryState.SENT, **facts: str
) -> None:
    """A mail of a flow to the customer of this order."""
    name = f"{template}{at:%d%H}{state}"
    if (message_id := session.exec(select(Message.id)).first()) is None:
        build.asked(session, NOW, number="#7")
        message_id = session.exec(select(Message.id)).first()
    enrollment = Enrollment(
        key=name,
        flow="f",
        subject_kind="order",
        subject_id=of.id,
        order_id=of.id,
        address=of.email,
        anchor_at=at,
        entered_at=at,
        updated_at=at,
    )
    session.add(enrollment)
    session.flush()
    delivery = Delivery(
        key=name,
        message_id=message_id,
        recipient=of.email,
        state=state,
        queued_at=at,
        next_attempt_at=at,
        settled_at=at,
    )
    session.add(delivery)
    session.flush()
    session.add(
        FlowStep(
            enrollment_id=enrollment.id,
            step="first",
            outcome=StepOutcome.QUEUED,
            delivery_id=delivery.id,
            template=template,
            facts={path.replace("__", "."): {"value": value} for path, value in facts.items()},
            decided_at=at,
        )
    )
    session.flush()


def test_what_the_last_notice_said_is_told(session: Session) -> None:
    bought = order(session)
    assert told(session, "notice", order_id=bought.id) == {}
    shipping = "lifecycle/shipping_notice.de.html"
    sent(session, bought, shipping, at=NOW - 3 * DAY, shipment__expected_on="2026-11-23")
    assert told(session, "notice", order_id=bought.id) == {
        "kind": "shipping",
        "sent_on": "2026-11-19",
        "expected_on": "2026-11-23",
    }
    delay = "storefronts/outlet/lifecycle/delay_notice.en.html"
    sent(session, bought, delay, at=NOW - DAY)
    sent(session, bought, "lifecycle/review_invitation.en.html", at=NOW)
    sent(session, bought, shipping, at=NOW, state=DeliveryState.BOUNCED)
    sent(session, bought, shipping, at=NOW, state=DeliveryState.QUEUED)
    assert told(session, "notice", order_id=bought.id) == {"kind": "delay", "sent_on": "2026-11-21"}


def test_a_preview_takes_the_newest_of_everything(session: Session) -> None:
    bought = order(session)
    second = parcel(session, bought)
    subject = newest_occasion(session, Subject(order_id=bought.id, language="de"))
    assert (subject.shipment_id, subject.incident_id, subject.return_id) == (second.id, None, None)
    assert subject.language == "de"
    assert newest_occasion(session, Subject()) == Subject()


@pytest.mark.parametrize(
    ("picture", "kept"),
    [
        ("https://cdn.shopify.com/s/files/1/shirt.jpg", True),
        ("https://www.shop.example/shirt.jpg", True),
        ("https://spy.example/shirt.gif", False),
        ("data:image/png;base64,AAAA", False),
    ],
)
def test_pictures_come_from_the_shop_only(session: Session, picture: str, kept: bool) -> None:
    sync_shop_facts(session, Shop.model_validate(SHOP), now=NOW)
    bought, one = single(session, {})
    line = session.exec(select(OrderLine).where(OrderLine.external_id == "l2")).one()
    line.image_url = picture
    values = read(session, order_id=bought.id, shipment_id=one.id).values()
    for path in ("items.1.image_url", "shipment.items.1.image_url"):
        assert values.get(path) == (picture if kept else None)
