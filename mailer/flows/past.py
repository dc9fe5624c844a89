"""A real order as a case for the simulation: what is known of it, and everything that happened to it so far."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_
from sqlmodel import Session, col, func, select

from mailer.flows.definition import Case, Flow
from mailer.flows.events import EVENTS
from mailer.flows.subjects import Subjects, read_subjects
from mailer.flows.terms import Terms
from mailer.flows.timing import zones_for
from mailer.model import Enrollment, Event, Order, Stream
from mailer.outbound.consent import has_consent, may_write

# An order with more is not one that a person wants to see move.
_MOST = 300
# What the customer's other matters are told by, where they name no order.
_OF_CUSTOMER = ("conversation.opened", "conversation.closed", "customer.opted_out")
# What does not change by Events: the rest of an order is told by them.
_OF_ORDER = ("number", "source", "country", "total", "marketplace", "home", "test")


@dataclass(frozen=True)
class Past:
    """An order with its Events, oldest first."""

    order: Order
    events: Sequence[Event]
    subjects: Subjects
    candidate: Enrollment

    @property
    def begins_at(self) -> datetime:
        """When the first of it happened, to the minute before."""
        first = self.events[0].occurred_at if self.events else self.order.placed_at
        return first.replace(second=0, microsecond=0)


def read_past(session: Session, order: Order, flows: Mapping[str, Flow], terms: Terms, *, now: datetime) -> Past:
    """What the rows tell of this order."""
    mine = or_(
        col(Event.order_id) == order.id,
        and_(
            col(Event.order_id).is_(None),
            col(Event.address) == order.email,
            col(Event.kind).in_(_OF_CUSTOMER),
            col(Event.occurred_at) >= order.placed_at,
        ),
    )
    wanted = select(Event).where(mine, col(Event.kind).in_(list(EVENTS)))
    events = session.exec(wanted.order_by(col(Event.occurred_at), col(Event.id)).limit(_MOST)).all()
    candidate = Enrollment(
        key="",
        flow=next(iter(flows), ""),
        subject_kind="order",
        subject_id=order.id or 0,
        order_id=order.id,
        address=order.email,
        storefront=order.storefront,
        anchor_at=order.placed_at,
        entered_at=order.placed_at,
        updated_at=now,
    )
    return Past(order, events, read_subjects(session, [candidate], flows, terms, now=now), candidate)


def case_of(session: Session, past: Past, flow: Flow, terms: Terms) -> Case:
    """The order as a case of this flow: the wall on which its start is told is the flow's."""
    order = past.order
    zone = zones_for(flow, order.country, order.province, terms.zone)[0]
    values = past.subjects.values(past.candidate, flow)
    told: dict[str, Any] = {name: values["order"][name] for name in _OF_ORDER}
    told |= {**values["customer"], "province": order.province or "", "orders": _orders_then(session, order)}
    told["marketing_consent"] = bool(order.email) and has_consent(session, order.email, Stream.MARKETING)
    if blocked := may_write(session, order.email, flow.kind, order.country, terms.consent) if order.email else "":
        told["blocked"] = blocked
    return Case(
        name="",
        order={name: value for name, value in told.items() if value is not None},
        events=tuple(_said(past)),
        expect=(),
        start=f"{past.begins_at.astimezone(zone):%Y-%m-%d %H:%M}",
    )


def _orders_then(session: Session, order: Order) -> int:
    """How many orders this customer had when this one was placed, with it."""
    wanted = select(func.count()).where(
        Order.email == order.email,
        Order.placed_at <= order.placed_at,
        or_(col(Order.canceled_at).is_(None), col(Order.canceled_at) > order.placed_at),
    )
    return int(session.exec(wanted).one())


def _said(past: Past) -> Iterator[str]:
    """The Events as cases write them: `4d3h order.delivered`, `1d shipment.shipped #2`."""
    numbers: dict[tuple[str, int], int] = {}
    counts: dict[str, int] = {}
    for event in past.events:
        subject = (event.subject_kind, event.subject_id)
        if subject not in numbers:
            counts[event.subject_kind] = counts.get(event.subject_kind, 0) + 1
            numbers[subject] = counts[event.subject_kind]
        seconds = max(0, int((event.occurred_at - past.begins_at).total_seconds()))
        number = f" #{numbers[subject]}" if numbers[subject] > 1 else ""
        yield f"{seconds}s {event.kind}{number}{_data(event)}"


def _data(event: Event) -> str:
    known = EVENTS[event.kind].data
    told = {name: value for name, value in event.data.items() if name in known and _is_plain(value)}
    return "".join(f" {name}={_written(value)}" for name, value in told.items())


def _is_plain(value: Any) -> bool:
    return isinstance(value, bool | int) or (isinstance(value, str) and bool(value) and not set(value) & set(" \t\n="))


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
