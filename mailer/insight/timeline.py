"""One customer's whole story: all that they wrote and we wrote, and what happened to their orders, the newest first."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Session, col, select

from mailer.errors import NotFound
from mailer.model import (
    Agent,
    Choice,
    Compensation,
    Consent,
    Conversation,
    Customer,
    Delivery,
    Direction,
    FlowStep,
    Incident,
    Message,
    Note,
    Order,
    Rating,
    Refund,
    ReturnRequest,
    Review,
    Scan,
    Shipment,
    Suppression,
)

_LONGEST = 300


class HappeningKind(StrEnum):
    """What a line of a story tells."""

    THEY_WROTE = "they_wrote"  # a mail of theirs
    WE_WROTE = "we_wrote"  # a reply of ours
    FLOW_WROTE = "flow_wrote"  # a mail of a flow
    ORDERED = "ordered"  # they placed an order
    CANCELED = "canceled"  # an order was canceled
    PARCEL = "parcel"  # a carrier's word on a parcel
    DELAY = "delay"  # an incident was opened
    RATING = "rating"  # an answer to a survey
    REVIEW = "review"  # a review of a product
    CHOICE = "choice"  # wait or cancel
    RETURN = "return"  # a wish to send something back
    REFUND = "refund"  # money went back
    COMPENSATION = "compensation"  # what we gave for a delay
    CONSENT = "consent"  # they may or may not be written to
    SUPPRESSION = "suppression"  # we do not write to them
    NOTE = "note"  # what a colleague noted


@dataclass(frozen=True)
class Happening:
    """One line of a story. `title` and `detail` are the words of whoever wrote, or of the row; `link` may be empty."""

    at: datetime
    kind: HappeningKind
    title: str
    detail: str = ""
    link: str = ""


@dataclass(frozen=True)
class _Of:
    """Whose story, and which part of it."""

    session: Session
    customer_id: int
    address: str
    before: datetime | None
    limit: int

    def newest(self, wanted: Any, at: Any) -> Iterator[Any]:
        """The newest rows before the moment, and all that share the last one's."""
        if self.before is not None:
            wanted = wanted.where(at < self.before)
        dated = wanted.add_columns(at).order_by(at.desc())
        rows = self.session.execute(dated.limit(self.limit)).all()
        if len(rows) == self.limit:
            rows = self.session.execute(dated.where(at >= rows[-1][-1])).all()
        return (row[:-1] for row in rows)


def timeline(session: Session, customer_id: int, *, limit: int = 50, before: datetime | None = None) -> list[Happening]:
    """The newest lines of a customer's story, before a moment where one is given. Raises NotFound.

    To go on, ask again with the moment of the last line; lines of one moment stay together, so there may be more.
    """
    customer = session.get(Customer, customer_id)
    if customer is None:
        raise NotFound(f"there is no customer {customer_id}")
    whose = _Of(session, customer_id, customer.address, before, limit)
    found = sorted((one for tell in _TELL for one in tell(whose)), key=lambda one: one.at, reverse=True)
    if len(found) <= limit:
        return found
    return [one for one in found if one.at >= found[limit - 1].at]


def _mails(of: _Of) -> Iterator[Happening]:
    wanted = (
        select(Message, Delivery, FlowStep.step)
        .join(Conversation, col(Conversation.id) == Message.conversation_id)
        .outerjoin(Delivery, col(Delivery.message_id) == Message.id)
        .outerjoin(FlowStep, col(FlowStep.delivery_id) == Delivery.id)
        .where(Conversation.customer_id == of.customer_id)
    )
    for message, delivery, step in of.newest(wanted, col(Message.received_at)):
        yield _mail(message, delivery, step)


def _mail(message: Message, delivery: Delivery | None, step: str | None) -> Happening:
    link = f"/conversations/{message.conversation_id}"
    if message.direction is Direction.IN:
        words = (message.own_words or message.text)[:_LONGEST]
        return Happening(message.received_at, HappeningKind.THEY_WROTE, message.subject, words, link)
    of_flow = delivery is not None and delivery.enrollment_id is not None
    kind = HappeningKind.FLOW_WROTE if of_flow else HappeningKind.WE_WROTE
    state = " · ".join(part for part in (step or "", delivery.state.value if delivery else "") if part)
    return Happening(message.received_at, kind, message.subject, state, link)


def _orders(of: _Of) -> Iterator[Happening]:
    wanted = select(Order).where(Order.email == of.address)
    for (order,) in of.newest(wanted, col(Order.placed_at)):
        total = " ".join(part for part in (order.total, order.currency) if part)
        yield Happening(order.placed_at, HappeningKind.ORDERED, order.number, total, f"/orders/{order.id}")
    canceled = wanted.where(col(Order.canceled_at).is_not(None))
    for (order,) in of.newest(canceled, col(Order.canceled_at)):
        yield Happening(order.canceled_at, HappeningKind.CANCELED, order.number, "", f"/orders/{order.id}")


def _parcels(of: _Of) -> Iterator[Happening]:
    wanted = (
        select(Scan, Shipment, Order)
        .join(Shipment, col(Shipment.id) == Scan.shipment_id)
        .join(Order, col(Order.id) == Shipment.order_id)
        .where(Order.email == of.address)
    )
    for scan, parcel, order in of.newest(wanted, col(Scan.happened_at)):
        name = " ".join(part for part in (order.number, parcel.carrier, parcel.tracking_number) if part)
        detail = " · ".join(part for part in (scan.state.value, scan.place, scan.remark) if part)
        yield Happening(scan.happened_at, HappeningKind.PARCEL, name, detail, f"/orders/{order.id}")


def _of_orders(
    row: Any, at: Any, kind: HappeningKind, tell: Callable[[Any], tuple[str, str]]
) -> Callable[[_Of], Iterator[Happening]]:
    """How rows that bear an order are told."""

    def told(of: _Of) -> Iterator[Happening]:
        wanted = select(row, Order).join(Order, Order.id == row.order_id).where(col(Order.email) == of.address)
        for one, order in of.newest(wanted, at):
            title, detail = tell(one)
            name = f"{order.number} {title}".strip()
            yield Happening(getattr(one, at.key), kind, name, detail[:_LONGEST], f"/orders/{order.id}")

    return told


def _ratings(of: _Of) -> Iterator[Happening]:
    wanted = select(Rating).where(Rating.address == of.address, col(Rating.suspected_robot).is_(False))
    for (rating,) in of.newest(wanted, col(Rating.rated_at)):
        link = f"/orders/{rating.order_id}" if rating.order_id else ""
        title = f"{rating.question}: {rating.value}"
        yield Happening(rating.rated_at, HappeningKind.RATING, title, rating.comment[:_LONGEST], link)


def _consents(of: _Of) -> Iterator[Happening]:
    wanted = select(Consent).where(Consent.address == of.address)
    for (consent,) in of.newest(wanted, col(Consent.given_at)):
        answer = "granted" if consent.granted else "withdrawn"
        yield Happening(consent.given_at, HappeningKind.CONSENT, f"{consent.stream}: {answer}", consent.wording)


def _suppressions(of: _Of) -> Iterator[Happening]:
    wanted = select(Suppression).where(Suppression.address == of.address)
    for (one,) in of.newest(wanted, col(Suppression.since)):
        lifted = f"lifted: {one.lifted_because}" if one.lifted_at else one.words
        yield Happening(one.since, HappeningKind.SUPPRESSION, f"{one.stream.value}: {one.cause.value}", lifted)


def _notes(of: _Of) -> Iterator[Happening]:
    wanted = (
        select(Note, Agent.name)
        .join(Agent, col(Agent.id) == Note.agent_id)
        .join(Conversation, col(Conversation.id) == Note.conversation_id)
        .where(Conversation.customer_id == of.customer_id, col(Note.deleted_at).is_(None))
    )
    for note, name in of.newest(wanted, col(Note.written_at)):
        link = f"/conversations/{note.conversation_id}"
        yield Happening(note.written_at, HappeningKind.NOTE, name, note.text[:_LONGEST], link)


def _money(amount: str, currency: str) -> str:
    return " ".join(part for part in (amount, currency) if part)


_TELL: tuple[Callable[[_Of], Iterator[Happening]], ...] = (
    _mails,
    _notes,
    _orders,
    _parcels,
    _ratings,
    _consents,
    _suppressions,
    _of_orders(Incident, col(Incident.opened_at), HappeningKind.DELAY, lambda one: (one.kind.value, one.reason)),
    _of_orders(
        Review, col(Review.written_at), HappeningKind.REVIEW, lambda one: (f"{one.product} {one.stars}/5", one.words)
    ),
    _of_orders(Choice, col(Choice.chosen_at), HappeningKind.CHOICE, lambda one: (one.answer, one.comment)),
    _of_orders(
        ReturnRequest,
        col(ReturnRequest.requested_at),
        HappeningKind.RETURN,
        lambda one: (f"{one.wish}, {one.state.value}", one.comment),
    ),
    _of_orders(
        Refund, col(Refund.refunded_at), HappeningKind.REFUND, lambda one: (_money(one.amount, one.currency), one.note)
    ),
    _of_orders(
        Compensation,
        col(Compensation.given_at),
        HappeningKind.COMPENSATION,
        lambda one: (_money(one.amount, one.currency), ""),
    ),
)
