"""What a mail of a flow tells of one parcel, one delay, one return and the newest refund, and what we told last."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session, col, func, select

from mailer.model import (
    Delivery,
    DeliveryState,
    Enrollment,
    FlowStep,
    Incident,
    OrderLine,
    Refund,
    ReturnRequest,
    Shipment,
)
from mailer.rendering.fact import Fact, Subject, Turn, Value
from mailer.rendering.hosts import PICTURE_HOSTS, TRACKING_HOSTS, safe_link
from mailer.rendering.order_facts import Purchase
from mailer.rendering.parcel_routes import learned_days, learned_route
from mailer.rendering.shop_facts import ShopBook

_OURS = "mailer"
# What the customer has read, as far as we know.
_ARRIVED = (DeliveryState.SENT, DeliveryState.UNKNOWN, DeliveryState.HANDING_OVER)
# Our mails that name a day of arrival: the word for it, and the fact that the day was.
_NOTICES = {"shipping_notice": ("shipping", "shipment.expected_on"), "delay_notice": ("delay", "delay.expected_on")}


@dataclass(frozen=True)
class Notice:
    """The last mail in which we told of a parcel: "shipping" or "delay", when, and the day that it named."""

    kind: str
    sent_at: datetime
    expected_on: str | None


@dataclass(frozen=True)
class Occasion:
    """What a mail of a flow is about beside its order, and what was told before."""

    shipment: Shipment | None = None
    incident: Incident | None = None
    asked_back: ReturnRequest | None = None
    notice: Notice | None = None
    # The day by which nine in ten parcels of its way have come, where the carrier tells no day.
    usual_on: date | None = None


def read_occasion(
    session: Session, subject: Subject, purchase: Purchase | None, shop: ShopBook, *, told_before: bool = True
) -> Occasion:
    """The rows that the subject names. `told_before`: whether a mail of ours may have told of the order."""
    shipment = session.get(Shipment, subject.shipment_id) if subject.shipment_id else None
    return Occasion(
        shipment,
        session.get(Incident, subject.incident_id) if subject.incident_id else None,
        session.get(ReturnRequest, subject.return_id) if subject.return_id else None,
        _notice(session, subject.order_id) if subject.order_id and told_before else None,
        _usual_on(session, shipment, purchase, shop) if shipment and purchase else None,
    )


def _usual_on(session: Session, shipment: Shipment, purchase: Purchase, shop: ShopBook) -> date | None:
    if shipment.expected_on is not None or shipment.shipped_at is None:
        return None
    origin, destination = shipment.origin or shop.get("country") or "", purchase.order.country or ""
    route = learned_route(session, origin, destination, shipment.carrier, shipment.service)
    return learned_days(route, shipment.shipped_at, shop.zone)[1] if route else None


def newest_occasion(session: Session, subject: Subject) -> Subject:
    """The same subject about the newest parcel, delay and return of its order: for previews."""
    if subject.order_id is None:
        return subject
    newest = [
        session.exec(select(func.max(col(row.id))).where(col(row.order_id) == subject.order_id)).one()
        for row in (Shipment, Incident, ReturnRequest)
    ]
    return replace(subject, shipment_id=newest[0], incident_id=newest[1], return_id=newest[2])


def occasion_facts(occasion: Occasion, purchase: Purchase | None, shop: ShopBook) -> Iterator[Fact]:
    """Everything under `shipment.`, `delay.`, `return.`, `refund.` and `notice.`."""
    if occasion.shipment is not None and purchase is not None:
        yield from _shipment(occasion.shipment, purchase, shop)
        if usual_on := _ahead(occasion.usual_on, shop):
            yield from _facts("shipment", {"expected_on": usual_on}, _OURS, shop.now)
    if occasion.incident is not None:
        yield from _delay(occasion.incident, shop)
    if occasion.asked_back is not None:
        yield from _return(occasion.asked_back, shop)
    if purchase is not None and purchase.refunds:
        yield from _refund(purchase.refunds[-1], purchase, shop)
    if (notice := occasion.notice) is not None:
        values = {"kind": notice.kind, "sent_on": shop.day(notice.sent_at).isoformat()}
        yield from _facts("notice", {**values, "expected_on": notice.expected_on}, _OURS, notice.sent_at)


def occasion_turns(occasion: Occasion, shop: ShopBook) -> Iterator[Turn]:
    """When a day that was named is over, and when another day of delay begins."""
    tomorrow = shop.start_of(shop.today + timedelta(days=1))
    expected_on = occasion.usual_on or (occasion.shipment.expected_on if occasion.shipment else None)
    if _ahead(expected_on, shop):
        yield Turn("shipment.expected_on", _after(expected_on, shop))
    if occasion.incident is not None:
        if _ahead(occasion.incident.expected_on, shop):
            yield Turn("delay.expected_on", _after(occasion.incident.expected_on, shop))
        if occasion.incident.promised_on is not None:
            yield Turn("delay.days_late", tomorrow)


def _shipment(shipment: Shipment, purchase: Purchase, shop: ShopBook) -> Iterator[Fact]:
    parcels = [parcel.id for parcel in purchase.parcels]
    values: dict[str, Value] = {
        "carrier": shipment.carrier,
        "number": shipment.tracking_number,
        "url": safe_link(shipment.tracking_url, TRACKING_HOSTS | shop.link_hosts),
        "state": shipment.state.value,
        "expected_on": _ahead(shipment.expected_on, shop),
        "shipped_on": shop.day(shipment.shipped_at).isoformat() if shipment.shipped_at else None,
        "position": parcels.index(shipment.id) + 1 if shipment.id in parcels else None,
        "count": len(parcels) or None,
    }
    lines = items_of(shipment, purchase)
    if _count(lines) < sum(line.quantity for line in purchase.lines) and len(parcels) == 1:
        # It said what it holds, and that is not all of it.
        values["rest_follows"] = True if lines else None
    source, at = shipment.carrier or purchase.order.source, shipment.state_at or purchase.order.changed_at
    yield from _facts("shipment", values, source, at)
    for position, line in enumerate(lines):
        picture = safe_link(line["image_url"], PICTURE_HOSTS | shop.link_hosts)
        yield from _facts(f"shipment.items.{position}", {**line, "image_url": picture}, source, at)


def items_of(shipment: Shipment, purchase: Purchase) -> list[dict[str, Any]]:
    """What lies in a parcel, as the shop's system said; of an order with one parcel all of it; else nothing."""
    told = shipment.raw.get("fulfillment")
    inside = told.get("line_items") if isinstance(told, Mapping) else None
    if isinstance(inside, list) and (known := [one for one in inside if isinstance(one, Mapping)]):
        by_id = {line.external_id: line for line in purchase.lines}
        by_sku = {line.sku: line for line in purchase.lines if line.sku}
        found = [(by_id.get(str(one.get("id"))) or by_sku.get(str(one.get("sku"))), one) for one in known]
        return [_item(line, _quantity(one, line)) for line, one in found if line is not None]
    return [_item(line, line.quantity) for line in purchase.lines] if len(purchase.parcels) == 1 else []


def _item(line: OrderLine, quantity: int) -> dict[str, Any]:
    title = f"{line.title} ({line.variant})" if line.variant else line.title
    return {"title": title, "quantity": quantity, "image_url": line.image_url}


def _quantity(told: Mapping[str, Any], line: OrderLine) -> int:
    quantity = told.get("quantity")
    return quantity if isinstance(quantity, int) and 0 < quantity <= line.quantity else line.quantity


def _count(lines: Sequence[Mapping[str, Any]]) -> int:
    return sum(int(line["quantity"]) for line in lines)


def _delay(incident: Incident, shop: ShopBook) -> Iterator[Fact]:
    expected = _ahead(incident.expected_on, shop)
    late = None
    if incident.promised_on is not None:
        late = (max(incident.expected_on or shop.today, shop.today) - incident.promised_on).days
    values: dict[str, Value] = {
        "kind": incident.kind.value,
        "reason": incident.reason,
        "promised_on": incident.promised_on.isoformat() if incident.promised_on else None,
        "expected_on": expected,
        "days_late": late if late and late > 0 else None,
    }
    yield from _facts("delay", values, _OURS, incident.opened_at)


def _return(asked: ReturnRequest, shop: ShopBook) -> Iterator[Fact]:
    values: dict[str, Value] = {
        "state": asked.state.value,
        "keep": asked.keep,
        "wish": asked.wish,
        "send_to": asked.send_to,
        "label_url": safe_link(asked.label_url, TRACKING_HOSTS | shop.link_hosts),
    }
    yield from _facts("return", values, _OURS, asked.changed_at)
    for position, item in enumerate(asked.items):
        told = {"title": item.get("title"), "quantity": item.get("quantity") or 1}
        yield from _facts(f"return.items.{position}", told, _OURS, asked.changed_at)


def _refund(refund: Refund, purchase: Purchase, shop: ShopBook) -> Iterator[Fact]:
    values: dict[str, Value] = {
        "amount": refund.amount,
        "currency": refund.currency or purchase.order.currency,
        "on": shop.day(refund.refunded_at).isoformat(),
    }
    yield from _facts("refund", values, purchase.order.source, refund.refunded_at)


def _notice(session: Session, order_id: int) -> Notice | None:
    wanted = (
        select(FlowStep, Delivery)
        .join(Enrollment, col(FlowStep.enrollment_id) == Enrollment.id)
        .join(Delivery, col(FlowStep.delivery_id) == Delivery.id)
        .where(Enrollment.order_id == order_id, col(Delivery.state).in_(_ARRIVED))
        .order_by(col(FlowStep.id).desc())
    )
    for step, delivery in session.exec(wanted):
        kind, day = _NOTICES.get(step.template.rpartition("/")[2].partition(".")[0], ("", ""))
        if kind:
            named = step.facts.get(day, {}).get("value")
            return Notice(kind, step.sent_at or delivery.settled_at or delivery.queued_at, named)
    return None


def _facts(root: str, values: Mapping[str, Value], source: str, at: datetime) -> Iterator[Fact]:
    for name, value in values.items():
        if value not in (None, ""):
            yield Fact(f"{root}.{name}", value, source, at)


def _ahead(day: date | None, shop: ShopBook) -> str | None:
    """A day that was named, while it is not over: afterwards it tells a customer nothing."""
    return day.isoformat() if day is not None and day >= shop.today else None


def _after(day: date | None, shop: ShopBook) -> datetime:
    return shop.start_of((day or shop.today) + timedelta(days=1))
