"""One delivery at a time over one connection, in the four transactions of ARCHITECTURE.md.

claim commits `sending`; then connect, MAIL, RCPT; mark commits `handing_over` before the body leaves; record commits
what became of it. Every update names the attempt, so a worker that lost its lease changes nothing any more.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from sqlalchemy import or_, true, update
from sqlmodel import Session, col, select

from mailer.clock import Clock
from mailer.db import Database, Grouped, describe
from mailer.model import Attempt, Blob, Delivery, DeliveryState, Message
from mailer.outbound.envelope import signed_sender
from mailer.outbound.guard import Block, Expire, Go, PutAside, Redo, Wait, Withhold, judge, standing_of
from mailer.outbound.hold import put_aside, stopped
from mailer.outbound.jump import Jumps, stop_for_jump
from mailer.outbound.outcome import Accepted, Deferred, Outcome, Refused
from mailer.outbound.relays import SHIPPED, RelayLimits, heed, may_ask, note_size, resting, too_many, wait_for_pace
from mailer.outbound.settle import block, expire, redo, settle, wait, waited, withhold
from mailer.outbound.smtp import Envelope
from mailer.signing import Keys

log = structlog.get_logger()

_PUT_OFF = timedelta(minutes=1)


class Transport(Protocol):
    """What delivering needs of a connection to a relay."""

    async def offer(self, envelope: Envelope) -> Deferred | Refused | None: ...

    async def hand_over(self, raw: bytes) -> Outcome: ...

    async def rest(self) -> None: ...

    async def close(self) -> None: ...

    @property
    def size_limit(self) -> int | None: ...


@dataclass(frozen=True)
class Claimed:
    """A delivery that this worker may send, under this attempt number."""

    delivery_id: int
    attempt: int
    recipient: str
    raw: bytes
    # MAIL FROM where it is not our own address; empty is the null return path.
    envelope_sender: str | None = None


@dataclass(frozen=True)
class Result:
    """What became of an attempt."""

    claimed: Claimed
    outcome: Outcome
    now: datetime
    limits: RelayLimits = SHIPPED
    # The time in which flows live, where it is another.
    story: datetime | None = None


class Deliverer:
    """Sends what is due, one delivery per connection at a time."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        owner: str,
        sender: str,
        lease: timedelta,
        limits: RelayLimits = SHIPPED,
        steady: Callable[[], float] | None = None,
        sign: Keys | None = None,
        story: Clock | None = None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._story = story or clock
        self._owner = owner
        self._sender = sender
        self._lease = lease
        self._limits = limits
        self._jumps = Jumps(steady) if steady else None
        self._sign = sign
        self._size_limit: int | None = None
        self._mark = Grouped(db, mark_handing_over)
        self._record = Grouped(db, record)

    async def deliver_next(self, transport: Transport, lane: int = 0) -> bool:
        """Bring one due delivery to its end over the connection of this number; False when nothing is to be done."""
        claimed = await self._claim(lane)
        if claimed is None:
            await self._rest(transport, lane)
            return False
        async with self._renewing(claimed):
            outcome = await self._send(claimed, transport)
        await self._learn_size(transport)
        if outcome is not None:
            await self._record.do(self._result(claimed, outcome))
            log.info(
                "delivery",
                delivery=claimed.delivery_id,
                attempt=claimed.attempt,
                outcome=type(outcome).__name__,
                cause=outcome.cause.value,
            )
        return True

    def _result(self, claimed: Claimed, outcome: Outcome) -> Result:
        return Result(claimed, outcome, self._clock.now(), self._limits, self._story.now())

    async def _claim(self, lane: int) -> Claimed | None:
        now = self._clock.now()
        if self._jumps and (jump := self._jumps.since_last(now)):
            await self._db.run(stop_for_jump, jump, now=now)
            return None
        try:
            return await self._db.run(
                claim,
                owner=self._owner,
                lease=self._lease,
                now=now,
                limits=self._limits,
                lane=lane,
                story=self._story.now(),
            )
        except Exception as error:
            log.exception("claim_failed")
            await self._db.run(put_off_next, describe(error), now=now)
            return None

    async def _rest(self, transport: Transport, lane: int) -> None:
        # A connection that the relay has no room for is given back at once: another lane may be refused for its sake.
        if lane and await self._db.read(too_many, self._limits, lane):
            await transport.close()
        else:
            await transport.rest()

    async def _send(self, claimed: Claimed, transport: Transport) -> Outcome | None:
        problem = await transport.offer(
            Envelope(self._envelope_sender(claimed), claimed.recipient, len(claimed.raw), self._sender)
        )
        if problem is not None:
            return problem
        if not await self._mark.do((claimed, self._clock.now())):
            log.warning("fenced_off", delivery=claimed.delivery_id, attempt=claimed.attempt)
            await transport.close()
            return None
        return await transport.hand_over(claimed.raw)

    def _envelope_sender(self, claimed: Claimed) -> str:
        if claimed.envelope_sender is not None:
            return claimed.envelope_sender
        return signed_sender(self._sender, claimed.delivery_id, self._sign) if self._sign else self._sender

    async def _learn_size(self, transport: Transport) -> None:
        if transport.size_limit not in (None, self._size_limit):
            self._size_limit = transport.size_limit
            await self._db.run(note_size, self._limits, self._size_limit, now=self._clock.now())

    @contextlib.asynccontextmanager
    async def _renewing(self, claimed: Claimed) -> AsyncIterator[None]:
        """Keep the lease alive while the relay takes its time."""
        task = asyncio.create_task(self._renew(claimed))
        try:
            yield
        finally:
            task.cancel()

    async def _renew(self, claimed: Claimed) -> None:
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            try:
                await self._db.run(renew, claimed, until=self._clock.now() + self._lease)
            except Exception:
                log.exception("renew_failed", delivery=claimed.delivery_id)


def claim(
    session: Session,
    *,
    owner: str,
    lease: timedelta,
    now: datetime,
    limits: RelayLimits = SHIPPED,
    lane: int = 0,
    story: datetime | None = None,
) -> Claimed | None:
    """Take the first delivery that is due, that the guard lets go and the relay has time for (tx2)."""
    if stopped(session) is not None:
        return None
    _queue_what_cannot_be_undone(session, now)
    if resting(session, limits, lane, now):
        _expire_overdue(session, now)
        return None
    while (delivery := _next_due(session, now)) is not None:
        if _may_go(session, delivery, limits, now, story or now):
            if not may_ask(session, limits, until=now + lease, now=now):
                return None
            return _take(session, delivery, owner, lease, now)
        if delivery.state == DeliveryState.QUEUED and delivery.next_attempt_at <= now:
            return None
        session.flush()
    return None


def put_off_next(session: Session, words: str, *, now: datetime) -> None:
    """A delivery that cannot even be looked at lets the others pass, and is looked at again soon."""
    # The claim that failed was rolled back with this in it.
    _queue_what_cannot_be_undone(session, now)
    delivery = _next_due(session, now)
    if delivery is not None:
        delivery.next_attempt_at = now + _PUT_OFF
        delivery.reason = f"it could not be looked at: {words}"


def mark_handing_over(session: Session, items: Sequence[tuple[Claimed, datetime]]) -> list[bool]:
    """Say that the body is about to leave (tx3); False for an attempt that is no longer ours."""
    return [_mark_one(session, claimed, now) for claimed, now in items]


def record(session: Session, results: Sequence[Result]) -> list[bool]:
    """Write down what the relay said (tx4); False for an attempt that is no longer ours."""
    ours = [_record_one(session, result) for result in results]
    # Last, so that whoever waits for the relay's row holds nothing that another needs.
    if results:
        newest = max(result.now for result in results)
        heed(session, [result.outcome for result in results], results[0].limits, now=newest)
    return ours


def renew(session: Session, claimed: Claimed, *, until: datetime) -> None:
    """Say that the worker is still at it."""
    session.exec(
        update(Delivery)
        .where(col(Delivery.id) == claimed.delivery_id, col(Delivery.attempt) == claimed.attempt)
        .values(lease_until=until)
    )


def rescue(session: Session, *, now: datetime, all_owners: bool = False) -> int:
    """Give a dead worker's deliveries back: before the body left they go again, after that nobody knows."""
    dead = true() if all_owners else or_(col(Delivery.lease_until) < now, col(Delivery.lease_until).is_(None))
    again = session.exec(
        update(Delivery)
        .where(col(Delivery.state) == DeliveryState.SENDING, dead)
        .values(state=DeliveryState.QUEUED, owner=None, next_attempt_at=now, reason="its worker died before the body")
    )
    unsure = session.exec(
        update(Delivery)
        .where(col(Delivery.state) == DeliveryState.HANDING_OVER, dead)
        .values(
            state=DeliveryState.UNKNOWN,
            owner=None,
            settled_at=now,
            reason="the worker died after the relay was offered the body and before its answer was recorded",
        )
    )
    return int(again.rowcount + unsure.rowcount)


def _may_go(session: Session, delivery: Delivery, limits: RelayLimits, now: datetime, story: datetime) -> bool:
    """Ask the guard and the pace; what must not go is brought to where it belongs."""
    match judge(standing_of(session, delivery, now=now, story=story), now):
        case Withhold(reason):
            withhold(session, delivery, reason, now=now, story=story)
        case Redo(reason):
            redo(session, delivery, reason, now=now, story=story)
        case Wait(until, reason):
            wait(delivery, until - story, reason, now=now, told=story != now)
        case Expire(reason):
            expire(session, delivery, reason, now=now, story=story)
        case Block(reason):
            block(session, delivery, reason, now=now, story=story)
        case PutAside(reason):
            put_aside(delivery, reason, now=now)
        case Go():
            waited(delivery, now=now)
            return _in_its_turn(session, delivery, limits, now)
    return False


def _in_its_turn(session: Session, delivery: Delivery, limits: RelayLimits, now: datetime) -> bool:
    """Whether the pace allows it now. A slow domain lets others pass; when the relay is the slow one, all wait."""
    waiting = wait_for_pace(session, limits, delivery.recipient, now=now)
    if waiting is not None and waiting[0].startswith("domain "):
        delivery.next_attempt_at = now + waiting[1]
    return waiting is None


def _expire_overdue(session: Session, now: datetime) -> None:
    """What waits for a resting relay longer than it may is told in time."""
    late = select(Delivery).where(Delivery.state == DeliveryState.QUEUED, col(Delivery.expires_at) < now)
    for delivery in session.exec(late.limit(20).with_for_update(skip_locked=True)).all():
        expire(session, delivery, "the relay did not take it in its time", now=now)


def _queue_what_cannot_be_undone(session: Session, now: datetime) -> None:
    session.exec(
        update(Delivery)
        .where(col(Delivery.state) == DeliveryState.UNDOABLE, col(Delivery.undo_until) <= now)
        .values(state=DeliveryState.QUEUED)
    )


def _next_due(session: Session, now: datetime) -> Delivery | None:
    due = select(Delivery).where(Delivery.state == DeliveryState.QUEUED, Delivery.next_attempt_at <= now)
    return session.exec(due.order_by(col(Delivery.next_attempt_at)).limit(1).with_for_update(skip_locked=True)).first()


def _take(session: Session, delivery: Delivery, owner: str, lease: timedelta, now: datetime) -> Claimed:
    delivery.state = DeliveryState.SENDING
    delivery.attempt += 1
    delivery.owner = owner
    delivery.lease_until = now + lease
    session.add(Attempt(delivery_id=delivery.id or 0, number=delivery.attempt, owner=owner, started_at=now))
    message = session.get_one(Message, delivery.message_id)
    raw = session.get_one(Blob, message.sha256).unpack()
    return Claimed(delivery.id or 0, delivery.attempt, delivery.recipient, raw, delivery.envelope_sender)


def _mark_one(session: Session, claimed: Claimed, now: datetime) -> bool:
    marked = session.exec(
        update(Delivery)
        .where(
            col(Delivery.id) == claimed.delivery_id,
            col(Delivery.attempt) == claimed.attempt,
            col(Delivery.state) == DeliveryState.SENDING,
        )
        .values(state=DeliveryState.HANDING_OVER)
    )
    if marked.rowcount:
        session.exec(
            update(Attempt)
            .where(col(Attempt.delivery_id) == claimed.delivery_id, col(Attempt.number) == claimed.attempt)
            .values(handed_over_at=now)
        )
    return bool(marked.rowcount)


def _record_one(session: Session, result: Result) -> bool:
    claimed = result.claimed
    # `unknown` too: when the lease died but the relay's word came after all, the word is what counts.
    mine = select(Delivery).where(
        Delivery.id == claimed.delivery_id,
        Delivery.attempt == claimed.attempt,
        col(Delivery.state).in_([DeliveryState.SENDING, DeliveryState.HANDING_OVER, DeliveryState.UNKNOWN]),
    )
    delivery = session.exec(mine.with_for_update()).first()
    _close_attempt(session, result)
    if delivery is not None:
        settle(session, delivery, result.outcome, now=result.now, story=result.story)
    return delivery is not None


def _close_attempt(session: Session, result: Result) -> None:
    outcome = result.outcome
    session.exec(
        update(Attempt)
        .where(col(Attempt.delivery_id) == result.claimed.delivery_id, col(Attempt.number) == result.claimed.attempt)
        .values(
            ended_at=result.now,
            outcome=type(outcome).__name__.lower(),
            code=None if isinstance(outcome, Accepted) else outcome.code,
            cause=outcome.cause.value,
            server_words=outcome.words[:1000],
        )
    )
