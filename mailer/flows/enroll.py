"""Events that no flow has read yet let subjects into flows, end passages and wake those that wait; each Event once.

A reader's watermark says up to where all Events are taken, so that a look for new ones never walks through the old.
On PostgreSQL a transaction may commit after one with higher ids: there the mark only passes Events of some age.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, func, or_
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from mailer.clock import Clock
from mailer.db import Database, insert_once
from mailer.errors import InputError
from mailer.flows.decide import may_enter
from mailer.flows.definition import Flow
from mailer.flows.notes import note
from mailer.flows.passing import end, is_ready, pass_on
from mailer.flows.situation import endings
from mailer.flows.subjects import read_subjects
from mailer.flows.terms import Terms
from mailer.flows.timing import after, due_at, zones_for
from mailer.model import (
    Conversation,
    Customer,
    Enrollment,
    EnrollmentState,
    Event,
    EventReader,
    EventTaken,
    FlowStep,
    Order,
    raise_alarm,
)

log = structlog.get_logger()

READER = "flows"
_BATCH = 200
_AGE = timedelta(minutes=10)
_MOST_PASSED = 20_000

Flows = Callable[[], Mapping[str, Flow]]


class Enroller:
    """Takes Events, batch by batch. `story` is the time in which orders and flows live."""

    def __init__(self, db: Database, clock: Clock, story: Clock, flows: Flows, terms: Terms) -> None:
        self._db, self._clock, self._story = db, clock, story
        self._flows, self._terms = flows, terms
        self._moved_at: datetime | None = None

    async def enroll(self) -> bool:
        """Take the Events that nobody took; False when there were none that can be taken now."""
        events = await self._db.read(events_to_take, _BATCH)
        if events:
            flows, now, wall = dict(self._flows()), self._story.now(), self._clock.now()
            await self._db.run_each(
                lambda session, some: take(session, some, flows, self._terms, now=now, wall=wall), events, _set_aside
            )
        await self._move_on(worked=bool(events))
        return bool(events)

    async def _move_on(self, *, worked: bool) -> None:
        now = self._clock.now()
        if worked or self._moved_at is None or now - self._moved_at > timedelta(minutes=1):
            await self._db.run(move_watermark, age=timedelta() if self._db.is_sqlite else _AGE, now=now)
            self._moved_at = now


def events_to_take(session: Session, limit: int) -> list[Event]:
    """The oldest Events that this reader has not taken, without answers that triage has not read."""
    waiting = select(Event).where(*untaken(session), is_ready()).order_by(col(Event.id)).limit(limit)
    return list(session.exec(waiting).all())


def untaken(session: Session) -> tuple[ColumnElement[bool], ...]:
    """What holds of Events that flows have not taken yet."""
    taken = select(EventTaken.event_id).where(EventTaken.event_id == Event.id, EventTaken.reader == READER)
    return (col(Event.id) > _watermark(session), ~taken.exists())


def take(
    session: Session,
    events: Sequence[Event],
    flows: Mapping[str, Flow],
    terms: Terms,
    *,
    now: datetime,
    wall: datetime | None = None,
) -> int:
    """Act on these Events, each once whoever else has read them; how many were ours.

    `now` is the time in which flows live, `wall` the machine's, where that is another.
    """
    taken = 0
    for event in events:
        if insert_once(session, EventTaken(event_id=event.id or 0, reader=READER, taken_at=now)):
            _take_one(session, event, flows, terms, now, wall or now)
            taken += 1
    return taken


def move_watermark(session: Session, *, age: timedelta, now: datetime) -> int:
    """Pass the Events that are all taken and old enough; the new mark."""
    insert_once(session, EventReader(reader=READER))
    reader = session.exec(select(EventReader).where(EventReader.reader == READER).with_for_update()).one()
    some = select(Event.id).where(col(Event.id) > reader.all_taken_to).order_by(col(Event.id)).limit(_MOST_PASSED)
    window = some.subquery()
    last = session.exec(select(func.max(window.c.id))).one()
    if last is None:
        return reader.all_taken_to
    taken = select(EventTaken.event_id).where(EventTaken.event_id == Event.id, EventTaken.reader == READER)
    stays = select(func.min(col(Event.id))).where(
        col(Event.id) > reader.all_taken_to,
        col(Event.id) <= last,
        or_(~taken.exists(), col(Event.recorded_at) > now - age) if age else ~taken.exists(),
    )
    first = session.exec(stays).one()
    reader.all_taken_to = last if first is None else first - 1
    return reader.all_taken_to


def _watermark(session: Session) -> int:
    return session.exec(select(EventReader.all_taken_to).where(EventReader.reader == READER)).first() or 0


def _set_aside(session: Session, event: Event, error: str) -> None:
    """An Event that cannot be acted on must not stop the mails behind it; a person hears of it."""
    # The next look counts from here too: nobody takes it again.
    insert_once(session, EventTaken(event_id=event.id or 0, reader=READER, taken_at=event.recorded_at))
    words = f"Event {event.id} ({event.kind}) could not be taken by flows: {error}"
    raise_alarm(session, "event", str(event.id), words, event.recorded_at)


def _take_one(
    session: Session, event: Event, flows: Mapping[str, Flow], terms: Terms, now: datetime, wall: datetime
) -> None:
    # What an import or a first poll tells of long ago is history: it ends and wakes, and lets nobody in.
    is_news = event.recorded_at - event.occurred_at <= terms.enroll_within
    for flow in flows.values() if is_news else ():
        fallback = flow.trigger.fallback
        if flow.status != "draft" and event.kind == flow.trigger.event:
            _let_in(session, event, flow, terms, by_fallback=False, now=now)
        elif flow.status != "draft" and fallback is not None and event.kind == fallback.event:
            _let_in(session, event, flow, terms, by_fallback=True, now=now)
    pass_on(session, event, flows, now=now, wall=wall)


def _let_in(session: Session, event: Event, flow: Flow, terms: Terms, *, by_fallback: bool, now: datetime) -> None:
    candidate = _candidate(session, event, flow, now)
    if candidate is None:
        return
    _place_in_time(session, candidate, event, flow, terms, by_fallback=by_fallback)
    before = _newest(session, flow, candidate)
    if before is not None and not _may_come_again(session, before, candidate, flow):
        return
    goes_on = before is not None and not _is_over(before)
    if before is not None and not goes_on:
        candidate.key = f"{_key(flow, candidate)}:{_rounds(session, flow, candidate) + 1}"
    subjects = read_subjects(session, [candidate], {flow.id: flow}, terms, now=now)
    try:
        outside = may_enter(flow, subjects.values(candidate, flow))
    except InputError as error:
        raise_alarm(session, "flow", flow.id, f"a condition of [enter] cannot be worked out: {error}", now)
        return
    if before is not None and goes_on:
        _bring_forward(session, before, candidate, outside, now)
    elif not outside and not _enter(session, candidate, flow, now) and before is None:
        # Another worker was faster, perhaps by the fallback: now it is there to be brought forward.
        _let_in(session, event, flow, terms, by_fallback=by_fallback, now=now)


def _candidate(session: Session, event: Event, flow: Flow, now: datetime) -> Enrollment | None:
    """The passage that this Event would begin; None when it is not about such a subject."""
    per, order = flow.trigger.per, session.get(Order, event.order_id) if event.order_id else None
    if per == "conversation" and order is not None and event.address not in ("", order.email.lower()):
        # Somebody else wrote about it: they were answered and are asked, and what is in the order is not for them.
        order = None
    address = (order.email if order else event.address).lower()
    subject_id: int | None = event.subject_id if event.subject_kind == per else None
    if per == "order":
        subject_id = event.order_id
    elif per == "customer":
        subject_id = _customer(session, address, now)
    if subject_id is None:
        return None
    conversation = session.get(Conversation, event.subject_id) if event.subject_kind == "conversation" else None
    candidate = Enrollment(
        key="",
        flow=flow.id,
        subject_kind=per,
        subject_id=subject_id,
        order_id=order.id if order else None,
        address=address,
        storefront=order.storefront if order else conversation.storefront if conversation else "main",
        event_id=event.id,
        anchor_at=event.occurred_at,
        entered_at=now,
        updated_at=now,
    )
    candidate.key = _key(flow, candidate)
    return candidate


def _key(flow: Flow, candidate: Enrollment) -> str:
    return f"{flow.id}:{candidate.subject_kind}:{candidate.subject_id}"


def _customer(session: Session, address: str, now: datetime) -> int | None:
    if not address:
        return None
    insert_once(session, Customer(address=address, created_at=now))
    return session.exec(select(Customer.id).where(Customer.address == address)).one()


def _place_in_time(
    session: Session, candidate: Enrollment, event: Event, flow: Flow, terms: Terms, *, by_fallback: bool
) -> None:
    order = session.get(Order, candidate.order_id) if candidate.order_id else None
    country, province = (order.country, order.province) if order else (None, "")
    home, first = terms.is_home(country), flow.steps[0]
    fallback = flow.trigger.fallback
    if by_fallback and fallback is not None:
        candidate.anchor_at = after(event.occurred_at, fallback.wait.of(home=home), terms.calendar)
    zone = zones_for(flow, country, province, terms.zone)[0]
    candidate.by_fallback, candidate.step = by_fallback, first.id
    candidate.due_at = candidate.first_due_at = due_at(
        first, candidate.anchor_at, home=home, zone=zone, calendar=terms.calendar, at_once=by_fallback
    )


def _newest(session: Session, flow: Flow, candidate: Enrollment) -> Enrollment | None:
    wanted = _passages(flow, candidate).order_by(col(Enrollment.id).desc()).limit(1)
    return session.exec(wanted.with_for_update()).first()


def _rounds(session: Session, flow: Flow, candidate: Enrollment) -> int:
    return len(session.exec(_passages(flow, candidate)).all())


def _passages(flow: Flow, candidate: Enrollment) -> SelectOfScalar[Enrollment]:
    return select(Enrollment).where(
        Enrollment.subject_kind == candidate.subject_kind,
        Enrollment.subject_id == candidate.subject_id,
        Enrollment.flow == flow.id,
    )


def _is_over(enrollment: Enrollment) -> bool:
    return enrollment.state in (EnrollmentState.FINISHED, EnrollmentState.EXITED)


def _may_come_again(session: Session, before: Enrollment, candidate: Enrollment, flow: Flow) -> bool:
    """Whether a later Event changes anything: the trigger after its fallback, or a new round after its time."""
    if not _is_over(before):
        decided = select(FlowStep.id).where(FlowStep.enrollment_id == before.id).limit(1)
        return before.by_fallback and not candidate.by_fallback and session.exec(decided).first() is None
    again = flow.reenter_after
    return again is not None and candidate.anchor_at >= before.anchor_at + again


def _bring_forward(session: Session, before: Enrollment, candidate: Enrollment, outside: str, now: datetime) -> None:
    """The trigger came after all: the same passage goes by its own times; or ends, where it is `outside` by now."""
    if outside:
        end(session, before, outside, now=now)
        return
    before.by_fallback, before.event_id, before.anchor_at = False, candidate.event_id, candidate.anchor_at
    before.due_at = before.first_due_at = candidate.due_at
    before.version, before.updated_at = before.version + 1, now
    note(session, before, "enter", "the trigger came, its fallback counts no more", now=now)


def _enter(session: Session, candidate: Enrollment, flow: Flow, now: datetime) -> bool:
    """Begin the passage; False when it is there already."""
    if ended := sorted(endings(session, [candidate], {flow.id: flow}).get(0, ())):
        candidate.state, candidate.reason = EnrollmentState.EXITED, ended[0]
        candidate.step, candidate.due_at, candidate.ended_at = None, None, now
    if not insert_once(session, candidate):
        return False
    if candidate.address:
        # Links name the customer.
        insert_once(session, Customer(address=candidate.address, created_at=now))
    entered = session.exec(select(Enrollment).where(Enrollment.key == candidate.key)).one()
    how = "by its fallback" if candidate.by_fallback else "by its trigger"
    note(session, entered, "exit" if ended else "enter", ended[0] if ended else how, now=now)
    return True
