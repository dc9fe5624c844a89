"""A shop whose flows run: its clock, its files, and each loop of the line as the daemon turns it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import col, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.flows.advance import Advancer
from mailer.flows.definition import Flow
from mailer.flows.enroll import Enroller
from mailer.flows.parse import parse_flow
from mailer.flows.terms import Terms
from mailer.hours import weekdays
from mailer.model import Delivery, Enrollment, EnrollmentNote, FlowStep
from mailer.orders.ingest import ingest
from mailer.orders.source import parse_payload
from mailer.outbound.deliver import Deliverer
from mailer.outbound.outcome import Accepted, Outcome
from mailer.outbound.smtp import Envelope
from mailer.rendering.catalog import Catalog
from mailer.rendering.shop_facts import sync_shop_facts
from mailer.shop_config import Shop
from tests.build import KEYS, TEMPLATES, payload

TERMS = Terms(
    keys=KEYS,
    shop="Linen & Co",
    zone=ZoneInfo("Europe/Berlin"),
    language="en",
    senders={"care": ("care@shop.test", "Linen & Co")},
    sender="care",
    calendar=weekdays(ZoneInfo("Europe/Berlin")),
    country="DE",
    public_url="https://mail.shop.test",
)


def flow_text(
    *,
    status: str = "live",
    kind: str = "transactional",
    trigger: str = 'event = "order.placed"\nper = "order"',
    enter: str = "",
    leave: str = "",
    send_on: str = "",
    step: str = "",
    send: str = "order_confirmation",
    more: str = "",
) -> str:
    """The file of a flow with one step `first`; each argument is the inside of a table."""
    return f"""
name = "Plain"
status = "{status}"
kind = "{kind}"
[trigger]
{trigger}
[enter]
{enter}
[exit]
{leave}
[send]
{send_on}
[[step]]
id = "first"
send = "{send}"
{step}
{more}
"""


class Relay:
    """Takes every mail, and keeps it."""

    size_limit = None

    def __init__(self) -> None:
        self.mails: list[tuple[datetime, str, bytes]] = []
        # Called with each mail right before it is taken.
        self.look: Callable[[str, bytes], None] = lambda _to, _raw: None
        self._to = ""

    def __call__(self, now: datetime) -> "Relay":
        self._now = now
        return self

    async def offer(self, envelope: Envelope) -> None:
        self._to = envelope.recipient

    async def hand_over(self, raw: bytes) -> Outcome:
        self.look(self._to, raw)
        self.mails.append((self._now, self._to, raw))
        return Accepted("250 taken")

    async def rest(self) -> None: ...

    async def close(self) -> None: ...


@dataclass
class Line:
    """Turns the loops of the second line by hand."""

    db: Database
    clock: FrozenClock
    flows: dict[str, Flow] = field(default_factory=dict)
    terms: Terms = TERMS
    relay: Relay = field(default_factory=Relay)
    catalog: Catalog = field(default_factory=lambda: Catalog(TEMPLATES))

    def open(self) -> "Line":
        """With what the shop says of itself."""
        shop = Shop(name="Linen & Co", postal_address="1 Mill Lane, Leeds", country="DE", zone="Europe/Berlin")
        self.db.run_here(sync_shop_facts, shop, now=self.clock.now())
        return self

    def flow(self, flow_id: str, text: str) -> Flow:
        """Put a flow into service."""
        self.flows[flow_id] = parse_flow(flow_id, text)
        return self.flows[flow_id]

    def order(self, **changes: Any) -> None:
        """Tell of an order now."""
        told = payload(self.clock.now(), **changes)
        self.db.run_here(ingest, parse_payload(told), now=self.clock.now())

    def turn(self, *loops: str) -> None:
        """Every loop, or these alone, until nothing is left to do now."""
        asyncio.run(self._turn(loops or ("enroll", "advance", "deliver")))

    def wait(self, **span: float) -> None:
        """Let time pass, then turn."""
        self.clock.current += timedelta(**span)
        self.turn()

    async def _turn(self, loops: Sequence[str]) -> None:
        # As after a restart: nothing is remembered outside of the database.
        enroller = Enroller(self.db, self.clock, self.clock, lambda: self.flows, self.terms)
        advancer = Advancer(self.db, self.clock, self.clock, lambda: self.flows, self.catalog, self.terms)
        deliverer = Deliverer(self.db, self.clock, owner="w", sender="care@shop.test", lease=timedelta(seconds=30))
        steps: dict[str, Callable[[], Awaitable[bool]]] = {
            "enroll": enroller.enroll,
            "advance": advancer.advance,
            "deliver": lambda: deliverer.deliver_next(self.relay(self.clock.now())),
        }
        idle = 0
        for _ in range(80):
            # What the guard sends back is nothing to the loop that asked it.
            idle = 0 if any([await steps[name]() for name in loops]) else idle + 1
            if idle == 2:
                return
        raise AssertionError("the loops find work for ever")

    def enrollments(self) -> list[Enrollment]:
        return self.db.read_here(lambda session: list(session.exec(select(Enrollment).order_by(col(Enrollment.id)))))

    def steps(self) -> list[FlowStep]:
        return self.db.read_here(lambda session: list(session.exec(select(FlowStep).order_by(col(FlowStep.id)))))

    def deliveries(self) -> list[Delivery]:
        return self.db.read_here(lambda session: list(session.exec(select(Delivery).order_by(col(Delivery.id)))))

    def notes(self) -> list[str]:
        def read(session: Any) -> list[str]:
            notes = session.exec(select(EnrollmentNote).order_by(col(EnrollmentNote.id)))
            return [f"{one.what} {one.step} {one.reason}".strip() for one in notes]

        return self.db.read_here(read)

    def told(self) -> str:
        """All that happened, for a test that fails."""
        rows = [*self.enrollments(), *self.steps(), *self.deliveries()]
        return "\n".join([*self.notes(), *map(str, rows)])
