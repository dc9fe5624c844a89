"""Plays a [[test]] case of a flow on rows: the order is told of, its events happen, and the real loops turn."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import Session, select

from mailer.clock import FrozenClock
from mailer.db import Database, insert_once
from mailer.events import record_event
from mailer.flows.case import Happening, parse_happening
from mailer.flows.definition import Case, Flow
from mailer.flows.parse import parse_flow
from mailer.flows.simulate import SAMPLE_SHOP, simulate
from mailer.model import (
    Conversation,
    ConversationState,
    Customer,
    EnrollmentState,
    Incident,
    IncidentKind,
    IncidentState,
    Order,
    Refund,
    ReturnRequest,
    ReturnState,
    Shipment,
    Stream,
)
from mailer.offers.compensation import OfferTerms
from mailer.offers.coupons import CouponTerms
from mailer.offers_config import CouponPool
from mailer.outbound.consent import ConsentTerms, ConsentTold, opt_out, record_consent
from mailer.rendering.shop_facts import sync_shop_facts
from mailer.shop_config import Shop
from tests.build import ANA, KEYS, shop_order
from tests.flows.line import TERMS, Line

# Consent to feedback is no matter of a flow's own cases.
POOL = CouponPool(pattern="VIP-########", valid_for=timedelta(days=30))
OPEN_TERMS = replace(TERMS, consent=ConsentTerms(frozenset()), offers=OfferTerms(CouponTerms({"thanks": POOL}, KEYS)))
_OUTCOMES = {"queued": "send", "skipped": "skip", "in_conversation": "skip"}
_OPEN_CONVERSATION = ConversationState.NEEDS_ANSWER


@dataclass
class Rows:
    """One order on rows, and what became of the parcels, delays, returns and conversations of its case."""

    line: Line
    start: datetime
    order_id: int = 0
    ids: dict[tuple[str, int], int] = field(default_factory=dict)

    def happen(self, session: Session, one: Happening, at: datetime, place: int) -> None:
        """Change the rows as the rooms would, and write the Event."""
        subject, _, word = one.kind.partition(".")
        order = session.get_one(Order, self.order_id)
        self._change_order(session, order, one.kind, at)
        subject_id = self._row(session, subject, word, one, at)
        kind = {"mail": "conversation", "rating": "order", "review": "order", "choice": "order"}.get(subject, subject)
        if one.kind == "customer.opted_out":
            # A way out is an Event already, and so is the order that was told of.
            opt_out(session, ANA, Stream(dict(one.data)["stream"]), wording="no more", now=at)
            return
        if one.kind == "order.placed" and at == self.start:
            return
        record_event(
            session,
            one.kind,
            (kind, subject_id),
            key=f"{one.kind}:{place}",
            order_id=self.order_id,
            address=ANA,
            at=at,
            now=at,
            data=dict(one.data),
        )

    def _change_order(self, session: Session, order: Order, kind: str, at: datetime) -> None:
        if kind == "order.refunded":
            order.payment_state = "refunded"
            paid = {"amount": "59.00", "currency": "EUR", "refunded_at": at}
            insert_once(session, Refund(order_id=self.order_id, external_id="1", **paid))
        elif kind == "order.canceled":
            order.canceled_at = at

    def _row(self, session: Session, subject: str, word: str, one: Happening, at: datetime) -> int:
        """The row that the Event is about, made or moved on."""
        key = (subject, one.number)
        if subject not in ("shipment", "delay", "conversation", "return"):
            return self.order_id
        made: Any = session.get(_TABLES[subject], self.ids[key]) if key in self.ids else None
        if made is None:
            made = getattr(self, f"_new_{subject}")(session, one, at)
            session.add(made)
            session.flush()
            self.ids[key] = made.id
        if subject == "delay":
            made.state = IncidentState.SETTLED if word == "settled" else IncidentState.OPEN
            made.settled_at = at if word == "settled" else None
        elif subject == "conversation":
            made.state = ConversationState.CLOSED if word == "closed" else _OPEN_CONVERSATION
        elif subject == "return":
            made.state = ReturnState(word)
        return int(made.id)

    def _new_shipment(self, _session: Session, one: Happening, at: datetime) -> Shipment:
        number = f"JD01460099{one.number:02}"
        return Shipment(
            order_id=self.order_id,
            external_id=str(one.number),
            carrier="DHL",
            tracking_number=number,
            tracking_url=f"https://track.example/{number}",
            shipped_at=at,
            expected_on=at.date() + timedelta(days=5),
        )

    def _new_delay(self, _session: Session, one: Happening, at: datetime) -> Incident:
        kind = dict(one.data).get("kind", "silent")
        return Incident(key=f"delay:{one.number}", kind=IncidentKind(kind), order_id=self.order_id, opened_at=at)

    def _new_conversation(self, session: Session, _one: Happening, at: datetime) -> Conversation:
        customer = session.exec(select(Customer.id).where(Customer.address == ANA)).first()
        if customer is None:
            row = Customer(address=ANA, created_at=at)
            session.add(row)
            session.flush()
            customer = row.id
        return Conversation(
            customer_id=customer or 0,
            order_id=self.order_id,
            state=_OPEN_CONVERSATION,
            created_at=at,
            updated_at=at,
        )

    def _new_return(self, _session: Session, _one: Happening, at: datetime) -> ReturnRequest:
        items = [{"line": "900", "title": "Linen shirt", "sku": "", "quantity": 1, "reason": "too_small"}]
        return ReturnRequest(order_id=self.order_id, address=ANA, items=items, requested_at=at, changed_at=at)


_TABLES: dict[str, Any] = {
    "shipment": Shipment,
    "delay": Incident,
    "conversation": Conversation,
    "return": ReturnRequest,
}


def play(db: Database, flow: Flow, case: Case) -> list[tuple[datetime, str, str]]:
    """What the real loops do with the case, at its events and whenever the simulation says that something happens."""
    live = parse_flow(flow.id, flow.text.replace('status = "draft"', 'status = "live"', 1))
    told = simulate(flow, case, SAMPLE_SHOP)
    always = simulate(flow, replace(case, events=(f"0d {flow.trigger.event}",)), SAMPLE_SHOP)
    start = always[0].at.astimezone(UTC)
    line = Line(db, FrozenClock(start), {flow.id: live}, OPEN_TERMS)
    rows = Rows(line, start)
    db.run_here(lambda session: _tell_order(session, rows, case, start))
    happenings = [(start + one.after, place, one) for place, one in enumerate(map(parse_happening, case.events))]
    for at in sorted({start, *(at for at, _, _ in happenings), *(one.at for one in told)}):
        line.clock.current = at
        for when, place, one in sorted(happenings, key=lambda each: each[:2]):
            if when == at:
                db.run_here(rows.happen, one, at, place)
        line.turn()
    return _done(line)


def _tell_order(session: Session, rows: Rows, case: Case, start: datetime) -> None:
    address = {"country_code": case.order.get("country", "DE"), "province_code": case.order.get("province", "")}
    told = {"created_at": start.isoformat(), "updated_at": start.isoformat(), "shipping_address": address}
    rows.order_id = shop_order(session, start, fulfillments=[], **told)
    order = session.get_one(Order, rows.order_id)
    order.marketplace = bool(case.order.get("marketplace"))
    sync_shop_facts(session, Shop(name="Linen & Co", postal_address="Linen & Co, Hafenstr. 1, Hamburg"), now=start)
    order.province = str(case.order.get("province", ""))
    if case.order.get("marketing_consent"):
        agreed = ConsentTold("k", ANA, Stream.MARKETING, True, "opt_in", "shop", start, "yes")
        record_consent(session, agreed, now=start)


def _done(line: Line) -> list[tuple[datetime, str, str]]:
    steps = [(one.decided_at, _OUTCOMES.get(one.outcome.value, one.outcome.value), one.step) for one in line.steps()]
    left = [
        (one.ended_at, "exit", "") for one in line.enrollments() if one.state is EnrollmentState.EXITED and one.ended_at
    ]
    return sorted([*steps, *left])
