"""A mail that a flow sends, right before it leaves: has its flow ended, does something hold it, is it still so?

What the flow's file asks for stands in the step's `rests_on`: this room does not know flows, only their rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, or_, update
from sqlmodel import Session, col, select

from mailer.calendars import parse_zone
from mailer.errors import Conflict
from mailer.hours import Interval
from mailer.model import (
    Delivery,
    Enrollment,
    EnrollmentNote,
    EnrollmentState,
    Event,
    EventReader,
    EventTaken,
    FlowStep,
    Message,
    Order,
    StepOutcome,
)
from mailer.outbound.consent import ConsentTerms, may_write
from mailer.outbound.open_matters import open_matters
from mailer.rendering.facts import Subject, differences, read_facts
from mailer.windows import next_open

READER = "flows"
# How the reason of a queued delivery begins that waits for something of its flow; an Event wakes it.
WAITS = "waits: "
# The reason of an enrollment whose next step waits for the one before to be sent.
BEFORE = "the mail before is still on its way"
_SOON, _AGAIN_IN = timedelta(seconds=2), timedelta(minutes=30)


@dataclass(frozen=True)
class Passage:
    """What the flow of a mail says of it now: why it ended, that its time is over, until when the mail waits, why."""

    ended: str = ""
    late: str = ""
    waits: tuple[datetime, str] | None = None
    no_consent: str = ""


@dataclass(frozen=True)
class Gates:
    """What the guard keeps of a flow in `rests_on`: when and where mails may leave, what holds them, whom they ask."""

    zones: Sequence[ZoneInfo]
    window: Interval | None = None
    pause: frozenset[str] = frozenset()
    country: str | None = None
    needs_consent: bool = False
    # After this moment what it says is of no use.
    expires_at: datetime | None = None

    def stored(self) -> dict[str, Any]:
        """As a FlowStep keeps it."""
        return {
            "zones": [zone.key for zone in self.zones],
            "window": [self.window.start, self.window.end] if self.window else None,
            "pause": sorted(self.pause),
            "country": self.country,
            "needs_consent": self.needs_consent,
            "expires_at": self.expires_at.isoformat() if self.expires_at else None,
        }

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "Gates":
        """As a FlowStep kept it."""
        window = kept.get("window")
        return cls(
            zones=tuple(parse_zone(name) for name in kept.get("zones", ())),
            window=Interval(*window) if window else None,
            pause=frozenset(kept.get("pause", ())),
            country=kept.get("country"),
            needs_consent=bool(kept.get("needs_consent")),
            expires_at=datetime.fromisoformat(until) if (until := kept.get("expires_at")) else None,
        )


def passage_of(session: Session, delivery: Delivery, *, now: datetime) -> tuple[Passage, tuple[str, ...]]:
    """What the flow says of its mail, and which facts of the mail are others now."""
    enrollment, step = session.get(Enrollment, delivery.enrollment_id), step_of(session, delivery)
    if enrollment is None or step is None:
        return Passage(ended="its passage is gone"), ()
    if enrollment.state == EnrollmentState.EXITED:
        return Passage(ended=enrollment.reason), ()
    gates = Gates.of(step.rests_on.get("gates", {}))
    if gates.expires_at is not None and now >= gates.expires_at:
        return Passage(late="its time was over before it could leave"), ()
    if waits := _waits(session, delivery, enrollment, gates, now):
        return Passage(waits=waits), ()
    terms = ConsentTerms(frozenset({"*"} if gates.needs_consent else ()))
    refused = may_write(session, delivery.recipient, delivery.kind, gates.country, terms)
    overruled = delivery.kind == "transactional"
    return Passage(no_consent="" if overruled else refused), _changed(session, enrollment, step, delivery, now)


def step_of(session: Session, delivery: Delivery) -> FlowStep | None:
    """The step of a flow that a delivery carries."""
    return session.exec(select(FlowStep).where(FlowStep.delivery_id == delivery.id)).first()


def note_passage(session: Session, delivery: Delivery, what: str, reason: str, *, now: datetime) -> None:
    """Keep what became of the mail of a step, and let the next step look at it."""
    step = step_of(session, delivery)
    session.add(
        EnrollmentNote(
            enrollment_id=delivery.enrollment_id or 0, at=now, what=what, step=step.step if step else "", reason=reason
        )
    )
    if what == "sent" and step is not None:
        step.sent_at = now
    session.exec(
        update(Enrollment)
        .where(
            col(Enrollment.id) == delivery.enrollment_id,
            col(Enrollment.state) == EnrollmentState.ACTIVE,
            col(Enrollment.reason) == BEFORE,
        )
        .values(due_at=now, version=col(Enrollment.version) + 1)
    )


def decide_anew(session: Session, delivery: Delivery, reason: str, *, now: datetime) -> None:
    """The step of this mail is to be decided again, as if it had not been: with the facts as they are."""
    step = step_of(session, delivery)
    if step is None:
        return
    step.outcome, step.reason = StepOutcome.AGAIN, reason
    session.exec(
        update(Enrollment)
        .where(col(Enrollment.id) == delivery.enrollment_id, col(Enrollment.state) != EnrollmentState.EXITED)
        .values(
            state=EnrollmentState.ACTIVE,
            step=step.step,
            due_at=now,
            ended_at=None,
            reason=reason,
            version=col(Enrollment.version) + 1,
        )
    )


def skip_step(session: Session, delivery: Delivery, reason: str) -> None:
    """Nobody may write there: the step says so."""
    step = step_of(session, delivery)
    if step is not None:
        step.outcome, step.reason = StepOutcome.SKIPPED, reason


def queue_step(session: Session, delivery: Delivery) -> None:
    """A person sends it after all. Raises Conflict when the flow decided that step anew meanwhile."""
    step = step_of(session, delivery)
    if step is None or step.outcome is StepOutcome.AGAIN:
        raise Conflict(f"the flow decides this step anew, delivery {delivery.id} is overtaken; nothing was changed")
    step.outcome, step.reason = StepOutcome.QUEUED, "a person sent it"


def quiet_until(window: Interval | None, zones: Sequence[ZoneInfo], now: datetime) -> datetime | None:
    """When mails may leave, where it is night in one of the zones; None when they may."""
    opens = next_open(now, window, zones)
    return opens if opens > now else None


def _waits(
    session: Session, delivery: Delivery, enrollment: Enrollment, gates: Gates, now: datetime
) -> tuple[datetime, str] | None:
    if _something_unread(session, delivery, enrollment):
        return now + _SOON, f"{WAITS}something happened that flows have not read yet"
    found = open_matters(session, order_id=enrollment.order_id, address=enrollment.address)
    if held := sorted(gates.pause & found):
        return now + _AGAIN_IN, f"{WAITS}{', '.join(held)}"
    if opens := quiet_until(gates.window, gates.zones, now):
        return opens, f"{WAITS}quiet hours until {opens.astimezone(gates.zones[0]):%Y-%m-%d %H:%M %Z}"
    return None


def _something_unread(session: Session, delivery: Delivery, enrollment: Enrollment) -> bool:
    """Whether an Event of its order, its customer or its conversation waits to be taken by flows."""
    mark = session.exec(select(EventReader.all_taken_to).where(EventReader.reader == READER)).first() or 0
    taken = select(EventTaken.event_id).where(EventTaken.event_id == Event.id, EventTaken.reader == READER)
    talk = session.get_one(Message, delivery.message_id).conversation_id
    near: list[ColumnElement[bool]] = [and_(col(Event.subject_kind) == "conversation", col(Event.subject_id) == talk)]
    if enrollment.order_id is not None:
        near.append(col(Event.order_id) == enrollment.order_id)
    if enrollment.address:
        near.append(col(Event.address) == enrollment.address)
    waiting = select(Event.id).where(col(Event.id) > mark, or_(*near), ~taken.exists())
    return session.exec(waiting.limit(1)).first() is not None


def _changed(
    session: Session, enrollment: Enrollment, step: FlowStep, delivery: Delivery, now: datetime
) -> tuple[str, ...]:
    order = session.get(Order, enrollment.order_id) if enrollment.order_id else None
    if order is not None and order.email != delivery.recipient.casefold():
        return ("the order belongs to another address",)
    if step.rests_on.get("run", enrollment.run) != enrollment.run:
        return ("something came back from the customer",)
    facts = read_facts(session, Subject.of(step.rests_on), now=now).relevant(step.rests_on.get("paths", ()))
    return () if facts.fingerprint == step.fingerprint else tuple(differences(step.facts, facts))
