"""What a person sees of delays and does about them: one batch at a time, not one customer at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from mailer.errors import Conflict, NotFound
from mailer.model import Conversation, ConversationState, Incident, IncidentState, Order, Shipment
from mailer.orders.delay import record_delay, settle_incident

_WAIT_FOR_US = (ConversationState.NEEDS_ANSWER, ConversationState.DRAFTED, ConversationState.NEEDS_PERSON)


@dataclass(frozen=True)
class Batch:
    """Open incidents of one carrier, route and day; `waiting` of them wait for a person's word."""

    name: str
    kinds: Sequence[str]
    count: int
    waiting: int
    since: datetime
    # How many orders those are, and how many of their customers wait for an answer of ours.
    orders: int = 0
    conversations: int = 0

    @property
    def carrier(self) -> str:
        """Who carries the parcels; "none" where nobody has one."""
        return self.name.split(":")[0]

    @property
    def route(self) -> str:
        """From where to where, as in `DE-US`."""
        return self.name.split(":")[1] if self.name.count(":") else ""


def batches(session: Session, *, limit: int = 100) -> list[Batch]:
    """What is open, what waits for a person first and then the newest."""
    found: dict[str, list[Incident]] = {}
    wanted = select(Incident).where(Incident.state == IncidentState.OPEN).order_by(col(Incident.id).desc())
    for incident in session.exec(wanted):
        found.setdefault(incident.batch, []).append(incident)
    talks = _conversations(session)
    seen = [_batch(name, incidents, talks.get(name, 0)) for name, incidents in found.items()]
    return sorted(seen, key=lambda one: (one.waiting == 0, -one.since.timestamp()))[:limit]


def _conversations(session: Session) -> dict[str, int]:
    counted = (
        select(Incident.batch, func.count(col(Conversation.id).distinct()))
        .join(Conversation, col(Conversation.order_id) == Incident.order_id)
        .where(Incident.state == IncidentState.OPEN, col(Conversation.state).in_(_WAIT_FOR_US))
        .group_by(col(Incident.batch))
    )
    return dict(session.exec(counted).all())


def incidents_of(session: Session, batch: str) -> list[tuple[Incident, Order]]:
    """The open incidents of a batch with their orders. Raises NotFound."""
    wanted = select(Incident, Order).join(Order, col(Order.id) == Incident.order_id)
    mine = wanted.where(Incident.batch == batch, Incident.state == IncidentState.OPEN)
    found = [(incident, order) for incident, order in session.exec(mine.order_by(col(Incident.id)))]
    if not found:
        raise NotFound(f"there is no open batch {batch}; `mailer incidents list` names them")
    return found


def tell(session: Session, batch: str, *, by: str, now: datetime) -> int:
    """Let the customers of a batch hear of it; how many incidents waited for that. Raises NotFound."""
    waiting = [(incident, order) for incident, order in incidents_of(session, batch) if incident.needs_person]
    for incident, order in waiting:
        incident.needs_person = False
        incident.notes = {**incident.notes, "told": f"{now:%Y-%m-%d}: {by} lets the customer know"}
        order.recorded_at = now
        record_delay(session, incident, order, "delay.opened", part="told", now=now)
    return len(waiting)


def settle(session: Session, incident_id: int, *, by: str, reason: str = "", now: datetime) -> None:
    """A person says that it is over; the same cause does not ring again. Raises Conflict, NotFound."""
    incident = session.exec(select(Incident).where(Incident.id == incident_id).with_for_update()).first()
    if incident is None:
        raise NotFound(f"there is no incident {incident_id}; `mailer incidents list` names them")
    if incident.state is IncidentState.SETTLED:
        raise Conflict(f"incident {incident_id} is settled already: {incident.settled_because}")
    order = session.get_one(Order, incident.order_id)
    settle_incident(session, incident, order, f"{by}: {reason}" if reason else f"settled by {by}", now=now)


def settle_all(session: Session, batch: str, *, by: str, reason: str = "", now: datetime) -> int:
    """A whole batch is over; how many incidents. Raises NotFound."""
    found = incidents_of(session, batch)
    for incident, order in found:
        settle_incident(session, incident, order, f"{by}: {reason}" if reason else f"settled by {by}", now=now)
    return len(found)


def describe(session: Session, incident_id: int) -> Iterator[str]:
    """All that is known of one incident, line by line. Raises NotFound."""
    incident = session.get(Incident, incident_id)
    if incident is None:
        raise NotFound(f"there is no incident {incident_id}; `mailer incidents list` names them")
    order = session.get_one(Order, incident.order_id)
    parcel = session.get(Shipment, incident.shipment_id) if incident.shipment_id else None
    yield f"Incident {incident.id}, {_words(incident.kind.value)} of order {order.number}: {incident.state.value}"
    yield f"Batch {incident.batch}, opened {incident.opened_at:%Y-%m-%d %H:%M} UTC"
    if parcel is not None:
        yield f"Parcel {parcel.tracking_number or parcel.external_id} with {parcel.carrier or 'an unnamed carrier'}"
    for name, day in (("Promised", incident.promised_on), ("Expected now", incident.expected_on)):
        if day is not None:
            yield f"{name} {day}"
    if incident.reason:
        yield f"Reason: {incident.reason}"
    if incident.needs_person:
        yield f"The customer has not been told; to let them know: mailer incidents tell {incident.batch}"
    yield from incident.notes.values()
    if incident.settled_at is not None:
        yield f"Settled {incident.settled_at:%Y-%m-%d %H:%M} UTC: {incident.settled_because}"


def batch_line(batch: Batch) -> str:
    """One batch for a list."""
    waits = f"{batch.waiting} wait for your word" if batch.waiting else "customers are told"
    return f"{batch.name:<32}  {batch.count:>5}  {', '.join(batch.kinds)}; {waits}"


def incident_line(incident: Incident, order: Order) -> str:
    """One incident for a list."""
    day = f", expected {incident.expected_on}" if incident.expected_on else ""
    mark = "  waits for your word" if incident.needs_person else ""
    return f"{incident.id:>8}  {order.number:<14}  {_words(incident.kind.value)}{day}{mark}"


def _batch(name: str, incidents: Sequence[Incident], conversations: int) -> Batch:
    return Batch(
        name,
        sorted({_words(one.kind.value) for one in incidents}),
        len(incidents),
        sum(one.needs_person for one in incidents),
        min(one.opened_at for one in incidents),
        len({one.order_id for one in incidents}),
        conversations,
    )


def _words(kind: str) -> str:
    return kind.replace("_", " ")
