"""All that happened to one order, in the sequence of time: told by the shop, seen by carriers, written and answered."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from mailer.model import (
    Compensation,
    Consent,
    Conversation,
    Customer,
    Delivery,
    Direction,
    Enrollment,
    Event,
    FlowStep,
    Incident,
    Message,
    Order,
    PayloadState,
    Refund,
    Scan,
    Shipment,
    SourcePayload,
    Suppression,
)
from mailer.orders.show import find_order

# What other lines tell better: scans, incidents, refunds and mails have rows of their own.
_TOLD_BY_ROWS = ("delay.opened", "delay.settled", "mail.replied", "customer.opted_out")


@dataclass(frozen=True, order=True)
class Happened:
    """One line: when, who said so, and what."""

    at: datetime
    who: str
    what: str


def timeline_text(session: Session, number: str, *, storefront: str = "main") -> str:
    """What happened to the order with this number, the oldest first, times in UTC. Raises NotFound."""
    order = find_order(session, number, storefront=storefront)
    lines = [f"  {one.at:%Y-%m-%d %H:%M}  {one.who:<9} {one.what}" for one in happened(session, order)]
    return "\n".join(["what happened (UTC)", *lines])


def happened(session: Session, order: Order) -> list[Happened]:
    """All that is known, the oldest first; what bears one moment keeps a sequence of its own."""
    found = [
        *_events(session, order),
        *_scans(session, order),
        *_money(session, order),
        *_delays(session, order),
        *_permissions(session, order),
        *_flows(session, order),
        *_mails(session, order),
        *_payloads(session, order),
    ]
    return sorted(found, key=lambda one: one.at)


def _events(session: Session, order: Order) -> Iterator[Happened]:
    wanted = select(Event).where(Event.order_id == order.id, col(Event.kind).not_in(_TOLD_BY_ROWS))
    for event in session.exec(wanted.order_by(col(Event.id))):
        # Each word of a carrier is a scan; only that there is no such parcel any more is told by nobody else.
        if not event.kind.startswith("shipment.") or event.kind == "shipment.canceled":
            yield Happened(event.occurred_at, "event", " ".join([event.kind, *_data(event.data)]))


def _data(data: dict[str, Any]) -> Iterator[str]:
    for name, value in data.items():
        if not name.endswith("_id") and value not in (None, "", False):
            yield f"{name}={value}"


def _scans(session: Session, order: Order) -> Iterator[Happened]:
    wanted = select(Scan, Shipment).join(Shipment, col(Shipment.id) == Scan.shipment_id)
    for scan, parcel in session.exec(wanted.where(Shipment.order_id == order.id).order_by(col(Scan.id))):
        name = " ".join(part for part in (parcel.carrier, parcel.tracking_number) if part) or "parcel"
        said = "" if scan.status.lower() == scan.state else f'said "{scan.status}"'
        yield Happened(scan.happened_at, "carrier", _joined(f"{name}: {scan.state}", said, scan.place, scan.remark))


def _money(session: Session, order: Order) -> Iterator[Happened]:
    for refund in session.exec(select(Refund).where(Refund.order_id == order.id).order_by(col(Refund.id))):
        amount = _joined(refund.amount, refund.currency or order.currency or "")
        yield Happened(refund.refunded_at, "shop", _joined("refund", amount, refund.note))
    for given in session.exec(select(Compensation).where(Compensation.order_id == order.id)):
        words = _joined("compensation", given.amount, given.currency, f"tier {given.tier}")
        yield Happened(given.given_at, "we", words)
        if given.withdrawn_at:
            yield Happened(given.withdrawn_at, "we", "compensation taken back")


def _delays(session: Session, order: Order) -> Iterator[Happened]:
    for incident in session.exec(select(Incident).where(Incident.order_id == order.id).order_by(col(Incident.id))):
        person = "an agent looks first" if incident.needs_person else ""
        days = f"expected on {incident.expected_on}" if incident.expected_on else ""
        yield Happened(incident.opened_at, "alarm", _joined(f"late: {incident.kind}", incident.reason, days, person))
        if incident.settled_at:
            yield Happened(incident.settled_at, "alarm", _joined("late no more", incident.settled_because))


def _permissions(session: Session, order: Order) -> Iterator[Happened]:
    for consent in session.exec(select(Consent).where(Consent.address == order.email)):
        word = "agreed to" if consent.granted else "refused"
        yield Happened(consent.given_at, "customer", f"{word} {consent.stream} ({consent.basis}, by {consent.source})")
    for stop in session.exec(select(Suppression).where(Suppression.address == order.email)):
        yield Happened(stop.since, "stop", f"no mail of stream {stop.stream}: {stop.words}")
        if stop.lifted_at:
            yield Happened(stop.lifted_at, "stop", f"mail of stream {stop.stream} again: {stop.lifted_because}")


def _flows(session: Session, order: Order) -> Iterator[Happened]:
    passages = session.exec(select(Enrollment).where(Enrollment.order_id == order.id)).all()
    by_id = {passage.id: passage for passage in passages}
    for passage in passages:
        yield Happened(passage.entered_at, "flow", f"{passage.flow} let it in")
        if passage.ended_at:
            yield Happened(passage.ended_at, "flow", _joined(f"{passage.flow} {passage.state}", passage.reason))
    wanted = (
        select(FlowStep, Delivery)
        .outerjoin(Delivery, col(Delivery.id) == FlowStep.delivery_id)
        .where(col(FlowStep.enrollment_id).in_(by_id))
    )
    for step, delivery in session.exec(wanted.order_by(col(FlowStep.id))):
        state = f"its mail is {delivery.state}" if delivery else str(step.outcome.value)
        what = f"{by_id[step.enrollment_id].flow}, {step.step}: {state}"
        yield Happened(step.decided_at, "flow", _joined(what, step.reason, delivery.reason if delivery else ""))


def _mails(session: Session, order: Order) -> Iterator[Happened]:
    """What was written by customer and agents, in conversations about the order or with its buyer where there is none.

    Mails of flows are told with their steps.
    """
    talks = select(Conversation.id).where(
        or_(
            col(Conversation.order_id) == order.id,
            col(Conversation.order_id).is_(None)
            & col(Conversation.customer_id).in_(select(Customer.id).where(Customer.address == order.email)),
        )
    )
    wanted = (
        select(Message, Delivery)
        .outerjoin(Delivery, col(Delivery.message_id) == Message.id)
        .where(col(Message.conversation_id).in_(talks), col(Delivery.enrollment_id).is_(None))
    )
    for message, delivery in session.exec(wanted.order_by(col(Message.id))):
        yield _mail(message, delivery)


def _mail(message: Message, delivery: Delivery | None) -> Happened:
    talk = f"(conversation {message.conversation_id})"
    if message.direction == Direction.IN:
        kind = "" if message.route == "triage" else f"[{message.route}]"
        return Happened(
            message.received_at, "customer", " ".join(filter(None, ["wrote:", message.subject, kind, talk]))
        )
    state = f"{delivery.kind} {delivery.state}:" if delivery else "answer:"
    at = (delivery.settled_at or delivery.queued_at) if delivery else message.created_at
    return Happened(at, "we", " ".join([state, message.subject, talk]))


def _payloads(session: Session, order: Order) -> Iterator[Happened]:
    """What its sources sent that told nothing new or could not be read is counted, not listed."""
    wanted = (
        select(SourcePayload.source, SourcePayload.state, func.count(), func.max(SourcePayload.received_at))
        .where(SourcePayload.order_id == order.id, col(SourcePayload.state) != PayloadState.TAKEN)
        .group_by(col(SourcePayload.source), col(SourcePayload.state))
    )
    rows: Sequence[Any] = session.exec(wanted).all()
    for source, state, count, last in rows:
        yield Happened(last, "shop", f"{count} {state} from {source}; `mailer orders deliveries` shows them")


def _joined(*parts: str) -> str:
    return "  ".join(part for part in parts if part)
