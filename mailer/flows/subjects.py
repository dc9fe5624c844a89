"""Whom passages are about: orders, parcels, delays, returns and customers, and what conditions may read of them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any, TypeVar

from sqlmodel import Session, col, func, select

from mailer.errors import InputError
from mailer.flows.definition import Flow
from mailer.flows.terms import Terms
from mailer.flows.values import condition_values
from mailer.model import (
    Customer,
    Enrollment,
    Event,
    Incident,
    IncidentState,
    Order,
    ReturnRequest,
    Shipment,
    Stream,
    Suppression,
)
from mailer.outbound.address import mailable
from mailer.outbound.consent import has_consent
from mailer.rendering.environment import expression_reads
from mailer.rendering.order_facts import state_of

T = TypeVar("T")
_REFUNDED, _PARTLY = ("refunded",), ("partially_refunded",)


@dataclass(frozen=True)
class Subjects:
    """The rows about a batch of passages, by id or by address."""

    home: Any
    today: date
    orders: Mapping[int, Order] = field(default_factory=dict)
    parcels: Mapping[int, Sequence[Shipment]] = field(default_factory=dict)
    incidents: Mapping[int, Sequence[Incident]] = field(default_factory=dict)
    returns: Mapping[int, Sequence[ReturnRequest]] = field(default_factory=dict)
    events: Mapping[int, Event] = field(default_factory=dict)
    customers: Mapping[str, Customer] = field(default_factory=dict)
    order_counts: Mapping[str, int] = field(default_factory=dict)
    # Addresses that nothing may be sent to, and those that agreed to offers.
    stopped: frozenset[str] = frozenset()
    consenting: frozenset[str] = frozenset()

    def order(self, enrollment: Enrollment) -> Order | None:
        """The order that a passage is about."""
        return self.orders.get(enrollment.order_id or 0)

    def destination(self, enrollment: Enrollment) -> tuple[str | None, str]:
        """Country and province of the recipient, as far as they are known."""
        order = self.order(enrollment)
        return (order.country, order.province) if order else (None, "")

    def is_marketplace(self, enrollment: Enrollment) -> bool:
        """Whether the customer is a marketplace's."""
        order = self.order(enrollment)
        return order is not None and order.marketplace

    def values(self, enrollment: Enrollment, _flow: Flow) -> dict[str, dict[str, Any]]:
        """What the conditions of a flow may read."""
        order, event = self.order(enrollment), self.events.get(enrollment.event_id or 0)
        data = event.data if event else {}
        given = {
            "customer": self._customer(enrollment, order),
            "run": enrollment.run,
            **({"order": self._order(order)} if order else {}),
            **({"shipment": _parcel(parcel)} if (parcel := self._shipment(enrollment)) else {}),
            **({"delay": self._delay(delay)} if (delay := self._incident(enrollment)) else {}),
            **(
                {"return": {"state": sent.state.value, "keep": sent.keep}} if (sent := self._return(enrollment)) else {}
            ),
            "conversation": {"answered": bool(data.get("answered"))},
        }
        return condition_values(given, event.kind if event else "", data)

    def _customer(self, enrollment: Enrollment, order: Order | None) -> dict[str, Any]:
        customer = self.customers.get(enrollment.address)
        return {
            "mailable": _is_mailable(enrollment.address) and enrollment.address not in self.stopped,
            "address_known": bool(enrollment.address),
            "language": (order.language if order else None) or (customer.language if customer else None),
            "country": order.country if order else None,
            "orders": self.order_counts.get(enrollment.address, 0),
            "marketing_consent": enrollment.address in self.consenting,
        }

    def _order(self, order: Order) -> dict[str, Any]:
        return {
            "number": order.number,
            "source": order.source,
            "country": order.country,
            "state": state_of(order, self.parcels.get(order.id or 0, ())),
            "total": order.total,
            "refunded": order.payment_state in _REFUNDED,
            "partly_refunded": order.payment_state in _PARTLY,
            "canceled": order.canceled_at is not None,
            "marketplace": order.marketplace,
            "home": self.home(order.country),
            "test": False,
        }

    def _shipment(self, enrollment: Enrollment) -> Shipment | None:
        parcels = self.parcels.get(enrollment.order_id or 0, ())
        if enrollment.subject_kind == "shipment":
            return next((one for one in parcels if one.id == enrollment.subject_id), None)
        return parcels[0] if len(parcels) == 1 else None

    def _incident(self, enrollment: Enrollment) -> Incident | None:
        delays = self.incidents.get(enrollment.order_id or 0, ())
        if enrollment.subject_kind == "delay":
            return next((one for one in delays if one.id == enrollment.subject_id), None)
        return next((one for one in reversed(delays) if one.state is IncidentState.OPEN), None)

    def _return(self, enrollment: Enrollment) -> ReturnRequest | None:
        returns = self.returns.get(enrollment.order_id or 0, ())
        if enrollment.subject_kind == "return":
            return next((one for one in returns if one.id == enrollment.subject_id), None)
        return returns[-1] if returns else None

    def _delay(self, delay: Incident) -> dict[str, Any]:
        told = delay.promised_on
        late = (max(delay.expected_on or self.today, self.today) - told).days if told else None
        return {"kind": delay.kind.value, "needs_person": delay.needs_person, "days_late": late}


def read_subjects(
    session: Session, enrollments: Sequence[Enrollment], flows: Mapping[str, Flow], terms: Terms, *, now: datetime
) -> Subjects:
    """The rows about these passages; what no condition of their flows reads is not asked for."""
    if not enrollments:
        return Subjects(terms.is_home, now.date())
    reads = frozenset[str]().union(*(paths_read(flows[one.flow]) for one in enrollments if one.flow in flows))
    orders = sorted({one.order_id for one in enrollments if one.order_id is not None})
    addresses = sorted({one.address for one in enrollments if one.address})
    groups = {path.partition(".")[0] for path in reads} | {one.subject_kind for one in enrollments}
    consent = addresses if "customer.marketing_consent" in reads else []
    events = sorted({one.event_id for one in enrollments if one.event_id is not None})
    return Subjects(
        terms.is_home,
        now.astimezone(terms.zone).date(),
        orders={one.id or 0: one for one in session.exec(select(Order).where(col(Order.id).in_(orders)))},
        parcels=_by_order(session, Shipment, orders) if groups & {"order", "shipment"} else {},
        incidents=_by_order(session, Incident, orders) if "delay" in groups else {},
        returns=_by_order(session, ReturnRequest, orders) if "return" in groups else {},
        events={one.id or 0: one for one in session.exec(select(Event).where(col(Event.id).in_(events)))},
        customers={
            one.address: one for one in session.exec(select(Customer).where(col(Customer.address).in_(addresses)))
        },
        order_counts=_order_counts(session, addresses) if "customer.orders" in reads else {},
        stopped=_stopped(session, addresses) if "customer.mailable" in reads else frozenset(),
        consenting=frozenset(one for one in consent if has_consent(session, one, Stream.MARKETING)),
    )


def paths_read(flow: Flow) -> frozenset[str]:
    """Everything that the conditions of a flow read."""
    return _paths_read((*flow.only_if, *flow.skip_if, *(step.condition for step in flow.steps if step.condition)))


@lru_cache(maxsize=500)
def _paths_read(conditions: tuple[str, ...]) -> frozenset[str]:
    found: set[str] = set()
    for condition in conditions:
        try:
            found |= set(expression_reads(condition))
        except InputError:
            continue
    return frozenset(found)


def _by_order(session: Session, table: type[T], orders: Sequence[int]) -> dict[int, list[T]]:
    found: dict[int, list[T]] = defaultdict(list)
    wanted: Any = select(table).where(table.order_id.in_(orders)).order_by(table.id)  # type: ignore[attr-defined]
    for row in session.exec(wanted):
        found[row.order_id].append(row)
    return found


def _order_counts(session: Session, addresses: Sequence[str]) -> dict[str, int]:
    wanted = select(Order.email, func.count(col(Order.id))).where(
        col(Order.email).in_(addresses), col(Order.canceled_at).is_(None)
    )
    return dict(session.exec(wanted.group_by(col(Order.email))).all())


def _stopped(session: Session, addresses: Sequence[str]) -> frozenset[str]:
    wanted = select(Suppression.address).where(
        col(Suppression.address).in_(addresses),
        Suppression.stream == Stream.ALL,
        col(Suppression.lifted_at).is_(None),
    )
    return frozenset(session.exec(wanted))


def _parcel(parcel: Shipment) -> dict[str, Any]:
    return {
        "state": parcel.state.value,
        "carrier": parcel.carrier or None,
        "number": parcel.tracking_number or None,
    }


@lru_cache(maxsize=10_000)
def _is_mailable(address: str) -> bool:
    try:
        mailable(address)
    except InputError:
        return False
    return True
