"""The mails of a batch on their way into the outbox, with few statements; and who must wait for a place there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from mailer.db import insert_once
from mailer.flows.mail import Written
from mailer.flows.situation import Passage
from mailer.flows.terms import Terms
from mailer.model import (
    Conversation,
    ConversationState,
    Customer,
    Enrollment,
    FlowStep,
    SendAnyway,
    settle_alarm,
)
from mailer.offers.compensation import grant
from mailer.outbound.canary import canary_until, edition_of
from mailer.outbound.hourly import hour_full_until
from mailer.outbound.outbox import Outgoing, enqueue_all

_COUNTED_KINDS = ("feedback", "marketing")


@dataclass(frozen=True)
class Place:
    """When to ask again, and why; without a reason in the next round."""

    until: datetime
    reason: str = ""


class Queueing:
    """What one transaction queues."""

    def __init__(self, session: Session, terms: Terms, *, now: datetime, wall: datetime) -> None:
        self._session, self._terms = session, terms
        self.now, self.wall = now, wall
        self._mails: list[tuple[Passage, FlowStep, Written]] = []
        # Addresses that a capped mail went to in this transaction: of one address the next one waits a round.
        self.counted: set[str] = set()

    def add(self, passage: Passage, step: FlowStep, written: Written) -> None:
        """Queue this mail with the others."""
        self._mails.append((passage, step, written))
        if passage.flow.kind in _COUNTED_KINDS:
            self.counted.add(passage.enrollment.address)

    def finish(self) -> list[int]:
        """Write messages and deliveries. Raises InputError for a mail that is not what it was meant to be."""
        if not self._mails:
            return []
        talks = self._conversations()
        pairs: list[tuple[Conversation, Outgoing]] = [
            (talks[self._place_of(passage, written)], written.outgoing) for passage, _, written in self._mails
        ]
        deliveries = enqueue_all(self._session, pairs, now=self.wall)
        for (_, step, _), delivery in zip(self._mails, deliveries, strict=True):
            step.delivery_id = delivery
            self._overrule(step, delivery)
        for flow in {passage.flow.id for passage, _, _ in self._mails}:
            settle_alarm(self._session, "flow", flow, self.now)
        return deliveries

    def _overrule(self, step: FlowStep, delivery: int) -> None:
        told = step.rests_on.get("overruled")
        if told is not None:
            decision = {"agent_id": told["agent_id"], "reason": told["reason"], "overruled": told["was"]}
            self._session.add(SendAnyway(delivery_id=delivery, decided_at=self.wall, **decision))

    def _conversations(self) -> dict[str | int, Conversation]:
        """Where the mails stand: one closed conversation for each order or customer, or the one that they answer."""
        wanted = {self._place_of(passage, written): (passage, written) for passage, _, written in self._mails}
        keys = [one for one in wanted if isinstance(one, str)]
        found: dict[str | int, Conversation] = {one.flow_key or "": one for one in self._by_key(keys)}
        missing = [key for key in keys if key not in found]
        if missing:
            customers = self._customers([wanted[key][0].enrollment for key in missing])
            for key in missing:
                insert_once(self._session, self._new(key, *wanted[key], customers))
                self._name(wanted[key][0])
            found |= {one.flow_key or "": one for one in self._by_key(missing)}
        ids = [one for one in wanted if isinstance(one, int)]
        threads = self._session.exec(select(Conversation).where(col(Conversation.id).in_(ids))) if ids else ()
        return found | {one.id or 0: one for one in threads}

    def _by_key(self, keys: Sequence[str]) -> Sequence[Conversation]:
        return self._session.exec(select(Conversation).where(col(Conversation.flow_key).in_(keys))).all()

    def _place_of(self, passage: Passage, written: Written) -> str | int:
        if written.sheet.thread is not None:
            return written.sheet.thread.conversation_id
        order = passage.enrollment.order_id
        return (
            f"order:{order}"
            if order is not None
            else f"customer:{self._customers([passage.enrollment])[passage.enrollment.address]}"
        )

    def _customers(self, enrollments: Sequence[Enrollment]) -> dict[str, int]:
        """The customers of these passages by address; who is not known yet is from now on."""
        addresses = sorted({one.address for one in enrollments})
        wanted = select(Customer.address, Customer.id).where(col(Customer.address).in_(addresses))
        known = dict(self._session.exec(wanted).all())
        for address in addresses:
            if address not in known:
                insert_once(self._session, Customer(address=address, created_at=self.now))
        found = known if len(known) == len(addresses) else dict(self._session.exec(wanted).all())
        return {address: number or 0 for address, number in found.items()}

    def _name(self, passage: Passage) -> None:
        """Lists show a person by name; who never wrote to us has one on the order."""
        if passage.order is not None and passage.order.customer_name and passage.enrollment.address:
            nameless = (col(Customer.address) == passage.enrollment.address, col(Customer.name) == "")
            self._session.exec(update(Customer).where(*nameless).values(name=passage.order.customer_name))

    def _new(self, key: str, passage: Passage, written: Written, customers: Mapping[str, int]) -> Conversation:
        enrollment = passage.enrollment
        return Conversation(
            customer_id=customers[enrollment.address],
            order_id=enrollment.order_id,
            storefront=enrollment.storefront,
            state=ConversationState.CLOSED,
            reason="mails that we sent by ourselves",
            subject=written.mail.subject,
            language=written.mail.locale,
            flow_key=key,
            closed_at=self.now,
            created_at=self.wall,
            updated_at=self.wall,
        )


def has_place(
    session: Session, passage: Passage, written: Written, terms: Terms, *, now: datetime, queueing: Queueing
) -> Place | None:
    """Who must wait although nothing speaks against the mail itself; None when there is a place for it now."""
    enrollment, flow = passage.enrollment, passage.flow
    if flow.cap is not None and enrollment.address in queueing.counted:
        return Place(now)
    if not _is_granted(session, passage, written, terms, now):
        return Place(now)
    edition = edition_of(written.mail.made_from)
    rests = canary_until(
        session, flow.id, passage.step.id, edition, enrollment.id or 0, terms=terms.canary, now=queueing.wall
    )
    if rests is not None:
        return Place(rests, "the first mails of this edition are watched before the others go")
    full = hour_full_until(session, per_hour=terms.per_hour, now=queueing.wall)
    return Place(full, f"{terms.per_hour} automatic mails an hour") if full is not None else None


def _is_granted(session: Session, passage: Passage, written: Written, terms: Terms, now: datetime) -> bool:
    """What the mail offers is noted as given; a mail whose offer another one took is written anew."""
    order_id = passage.enrollment.order_id
    offered = any(fact.path.startswith("compensation.") for fact in written.facts.facts)
    if not offered or order_id is None or terms.offers is None:
        return True
    about = passage.enrollment.subject_id if passage.enrollment.subject_kind == "delay" else None
    address = passage.enrollment.address
    return grant(session, order_id, address, incident_id=about, terms=terms.offers, now=now) is not None
