"""What no order of events, repetition, jump of the clock or restart may break, with the real verbs on real rows."""

import os
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from mailer.clock import FrozenClock
from mailer.db import insert_once
from mailer.events import record_event
from mailer.flows.timing import zones_for
from mailer.model import (
    Conversation,
    ConversationState,
    Customer,
    Delivery,
    DeliveryState,
    Enrollment,
    EnrollmentState,
    Event,
    FlowStep,
    Incident,
    IncidentKind,
    IncidentState,
    Message,
    Order,
    ReturnRequest,
    ReturnState,
    StepOutcome,
    Stream,
)
from mailer.outbound.consent import ConsentTold, may_write, opt_out, record_consent
from mailer.outbound.open_matters import open_matters
from mailer.rendering.shop_facts import sync_shop_facts
from mailer.shop_config import Shop
from mailer.windows import is_open
from tests.build import parcel
from tests.conftest import NOW, EmptySqlite
from tests.flows.line import TERMS, Line

SHIPPED = Path(__file__).parents[2] / "schedules/flows"
# Two orders of one customer, one of a customer in a country that asks for consent, one far away.
ORDERS = {
    "#1": ("ana@customer.test", "PT"),
    "#2": ("ana@customer.test", "PT"),
    "#3": ("uwe@customer.test", "DE"),
    "#4": ("kai@customer.test", "US"),
}
OFFER = """
name = "Offer"
status = "live"
kind = "marketing"
[trigger]
event = "order.placed"
per = "customer"
[enter]
only_if = ["customer.mailable"]
reenter = "after 20d"
[exit]
on = ["order.canceled"]
pause = ["conversation.open", "return.open", "delay.open"]
give_up_after = "60d"
[send]
between = "09:00-20:00"
timezone = "recipient"
cap = "1 per 24h"
[[step]]
id = "thank"
wait = "2d"
send = "positive_thanks"
[[step]]
id = "again"
wait = "1d"
send = "positive_thanks"
"""

numbers = st.sampled_from(sorted(ORDERS))
ACTIONS = st.one_of(
    st.tuples(st.sampled_from(["place", "ship", "deliver", "cancel"]), numbers),
    st.tuples(st.sampled_from(["write", "close", "send_back", "settle_return", "late", "in_time", "rate"]), numbers),
    st.tuples(st.sampled_from(["opt_out", "agree"]), numbers),
    st.tuples(st.just("wait"), st.sampled_from([0.2, 3, 11, 26, 80, 200])),
    st.tuples(
        st.just("between"),
        st.tuples(
            st.sampled_from(["write", "send_back", "late", "cancel", "opt_out", "deliver"]),
            numbers,
            st.sampled_from([0.0, 0.1, 11.0]),
        ),
    ),
    st.tuples(st.just("turn"), st.sampled_from(["enroll", "advance", "deliver", "all", "all", "all"])),
)


class World:
    """A shop, its customers, and a relay that looks at each mail against the rules."""

    def __init__(self, line: Line) -> None:
        self.line = line
        for name in ("shipping_notice", "delay_notice", "review_invitation", "satisfaction_survey"):
            text = (SHIPPED / f"{name}.toml").read_text()
            line.flow(name, text.replace('status = "draft"', 'status = "live"'))
        line.flow("offer", OFFER)
        line.relay.look = self._look
        self.seen: Counter[tuple[str, str]] = Counter()

    @property
    def now(self) -> datetime:
        return self.line.clock.now()

    def act(self, what: str, which: Any) -> None:
        """One thing happens."""
        if what == "wait":
            self.line.clock.current += timedelta(hours=which)
        elif what == "turn":
            self.line.turn(*([] if which == "all" else [which]))
        elif what == "between":
            self._between(*which)
        elif what in ("place", "ship", "deliver", "cancel"):
            self._tell(what, which)
        else:
            address, country = ORDERS[which]
            happens: Callable[[Session, str, str, str], None] = getattr(self, f"_{what}")
            self.line.db.run_here(happens, address, country, which)

    def _between(self, what: str, number: str, hours: float) -> None:
        """Something happens while a mail stands in the outbox, and the relay is the next to look."""
        self.line.turn("enroll")
        due = [one.due_at for one in self.line.enrollments() if one.due_at and one.due_at > self.now]
        if due:
            self.line.clock.current = min(due)
        self.line.turn("enroll", "advance")
        self.act(what, number)
        self.line.clock.current += timedelta(hours=hours)
        self.line.turn("deliver")

    def _tell(self, what: str, number: str) -> None:
        """The shop tells of an order; what it told before may come again, and later things before earlier ones."""
        address, country = ORDERS[number]
        shipped = self.now - timedelta(hours=1)
        known = {"place": [], "cancel": [], "ship": [parcel(shipped)], "deliver": [parcel(shipped, "delivered")]}[what]
        told = [{**one, "id": f"p{number}", "tracking_number": f"JD{number}"} for one in known]
        canceled = {"cancelled_at": self.now.isoformat()} if what == "cancel" else {}
        self.line.order(
            id=number,
            name=number,
            email=address,
            fulfillments=told,
            created_at=NOW.isoformat(),
            updated_at=self.now.isoformat(),
            shipping_address={"name": "Ana Costa", "country_code": country},
            **canceled,
        )

    def _talk(self, session: Session, address: str) -> Conversation | None:
        wanted = select(Conversation).join(Customer, col(Customer.id) == Conversation.customer_id)
        mine = wanted.where(Customer.address == address, col(Conversation.flow_key).is_(None))
        return session.exec(mine).first()

    def _write(self, session: Session, address: str, _country: str, _number: str) -> None:
        talk = self._talk(session, address)
        if talk is None:
            insert_once(session, Customer(address=address, created_at=self.now))
            customer = session.exec(select(Customer.id).where(Customer.address == address)).one() or 0
            talk = Conversation(
                customer_id=customer, state=ConversationState.CLOSED, created_at=self.now, updated_at=self.now
            )
            session.add(talk)
            session.flush()
        if talk.state == ConversationState.CLOSED:
            talk.state = ConversationState.NEEDS_PERSON
            self._happens(session, "conversation.opened", ("conversation", talk.id or 0), address)

    def _close(self, session: Session, address: str, _country: str, _number: str) -> None:
        talk = self._talk(session, address)
        if talk is not None and talk.state != ConversationState.CLOSED:
            talk.state = ConversationState.CLOSED
            self._happens(session, "conversation.closed", ("conversation", talk.id or 0), address)

    def _send_back(self, session: Session, address: str, _country: str, number: str) -> None:
        order = self._order(session, number)
        open_one = ReturnRequest.state == ReturnState.REQUESTED
        if (
            order
            and not session.exec(select(ReturnRequest.id).where(ReturnRequest.order_id == order, open_one)).first()
        ):
            row = ReturnRequest(order_id=order, address=address, requested_at=self.now, changed_at=self.now)
            session.add(row)
            session.flush()
            self._happens(session, "return.requested", ("return", row.id or 0), address, order)

    def _settle_return(self, session: Session, address: str, _country: str, number: str) -> None:
        order = self._order(session, number)
        for row in session.exec(select(ReturnRequest).where(ReturnRequest.order_id == order)):
            if row.state != ReturnState.SETTLED:
                row.state = ReturnState.SETTLED
                self._happens(session, "return.settled", ("return", row.id or 0), address, order)

    def _late(self, session: Session, address: str, _country: str, number: str) -> None:
        order = self._order(session, number)
        if order is None:
            return
        count = len(session.exec(select(Incident.id).where(Incident.order_id == order)).all())
        open_one = Incident.state == IncidentState.OPEN
        if session.exec(select(Incident.id).where(Incident.order_id == order, open_one)).first() is None:
            row = Incident(
                key=f"{order}:{count}",
                kind=IncidentKind.OVERDUE,
                order_id=order,
                promised_on=self.now.date(),
                reason="",
                opened_at=self.now,
            )
            session.add(row)
            session.flush()
            data = {"kind": "overdue", "needs_person": False}
            self._happens(session, "delay.opened", ("delay", row.id or 0), address, order, data)

    def _in_time(self, session: Session, address: str, _country: str, number: str) -> None:
        order = self._order(session, number)
        for row in session.exec(select(Incident).where(Incident.order_id == order)):
            if row.state == IncidentState.OPEN:
                row.state = IncidentState.SETTLED
                data = {"kind": "overdue", "needs_person": False}
                self._happens(session, "delay.settled", ("delay", row.id or 0), address, order, data)

    def _rate(self, session: Session, address: str, _country: str, number: str) -> None:
        if order := self._order(session, number):
            told = {"question": "satisfaction", "value": 5}
            self._happens(session, "rating.received", ("order", order), address, order, told)

    def _opt_out(self, session: Session, address: str, _country: str, _number: str) -> None:
        opt_out(session, address, Stream.ALL, wording="enough", now=self.now)

    def _agree(self, session: Session, address: str, _country: str, _number: str) -> None:
        for stream in ("marketing", "feedback"):
            key = f"{address}:{stream}:{self.now.isoformat()}"
            told = ConsentTold(key, address, stream, True, "opt_in", "test", self.now)
            record_consent(session, told, now=self.now)

    def _order(self, session: Session, number: str) -> int | None:
        return session.exec(select(Order.id).where(Order.number == number)).first()

    def _happens(
        self,
        session: Session,
        kind: str,
        subject: tuple[str, int],
        address: str,
        order: int | None = None,
        data: dict[str, Any] | None = None,
    ) -> None:
        key = f"{kind}:{subject[1]}:{self.now.isoformat()}"
        record_event(
            session, kind, subject, key=key, order_id=order, address=address, at=self.now, now=self.now, data=data
        )

    def _look(self, address: str, raw: bytes) -> None:
        """Every rule, at the moment at which the relay is given the mail."""
        name = str(message_from_bytes(raw)["Message-ID"])
        with Session(self.line.db.engine) as session:
            message = session.exec(select(Message).where(Message.internet_message_id == name)).one()
            delivery = session.exec(select(Delivery).where(Delivery.message_id == message.id)).one()
            enrollment = session.get_one(Enrollment, delivery.enrollment_id)
            step = session.exec(select(FlowStep).where(FlowStep.delivery_id == delivery.id)).one()
            self._judge(session, address, delivery, enrollment)
            self.seen[enrollment.key, step.step] += 1

    def _judge(self, session: Session, address: str, delivery: Delivery, enrollment: Enrollment) -> None:
        flow = self.line.flows[enrollment.flow]
        order = session.get(Order, enrollment.order_id) if enrollment.order_id else None
        country = order.country if order else None
        about = f"{enrollment.key} at {self.now}"
        zones = zones_for(flow, country, "", TERMS.zone)
        assert is_open(self.now, flow.window, zones), f"{about}: in quiet hours"
        assert may_write(session, address, flow.kind, country, TERMS.consent) == "", f"{about}: suppressed"
        found = open_matters(session, order_id=enrollment.order_id, address=address)
        assert not (flow.pause & found), f"{about}: {found} is open"
        if flow.kind != "transactional":
            assert not found, f"{about}: {found} is open"
        assert enrollment.state != EnrollmentState.EXITED, f"{about}: after its exit"
        if enrollment.subject_kind == "order":
            events = session.exec(select(Event).where(Event.order_id == enrollment.order_id)).all()
            assert not flow.exit_on & {event.kind for event in events}, f"{about}: after an exit"

    def end(self) -> None:
        """Everything is settled, and time enough passes for all that is due."""
        for number in ORDERS:
            for what in ("close", "settle_return", "in_time"):
                self.act(what, number)
        for _ in range(30):
            self.line.wait(hours=13)
        self.line.wait(days=70)
        self.line.wait(hours=12)
        assert max(self.seen.values(), default=1) == 1, self.seen
        self._all_is_explained()

    def _all_is_explained(self) -> None:
        with Session(self.line.db.engine) as session:
            for enrollment in session.exec(select(Enrollment)):
                final = enrollment.state in (EnrollmentState.FINISHED, EnrollmentState.EXITED)
                assert final or enrollment.reason, enrollment
                assert final or enrollment.due_at, enrollment
                assert enrollment.state != EnrollmentState.EXITED or enrollment.reason, enrollment
            for step in session.exec(select(FlowStep)):
                if step.outcome is StepOutcome.QUEUED:
                    delivery = session.get_one(Delivery, step.delivery_id)
                    assert delivery.state is DeliveryState.SENT or delivery.reason, delivery
                else:
                    assert step.reason, step


@settings(
    max_examples=int(os.environ.get("MAILER_RULES", "12")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
@given(actions=st.lists(ACTIONS, min_size=8, max_size=40))
def test_no_rule_is_ever_broken(empty_sqlite: EmptySqlite, actions: list[tuple[str, Any]]) -> None:
    with empty_sqlite() as db:
        shop = Shop(name="Linen & Co", postal_address="1 Mill Lane, Leeds", country="DE", zone="Europe/Berlin")
        db.run_here(sync_shop_facts, shop, now=NOW)
        world = World(Line(db, FrozenClock(NOW)))
        begin: list[tuple[str, Any]] = [(what, number) for number in ORDERS for what in ("place", "agree")]
        for what, which in begin + actions:
            world.act(what, which)
        world.end()
