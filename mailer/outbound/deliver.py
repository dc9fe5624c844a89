"""One delivery at a time over one connection, in the four transactions of ARCHITECTURE.md.

claim commits `sending`; then connect, MAIL, RCPT; mark commits `handing_over` before the body leaves; record commits
what became of it. Every update names the attempt, so a worker that lost its lease changes nothing any more.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from sqlalchemy import or_, true, update
from sqlmodel import Session, col, select

from mailer.clock import Clock, monotonic
from mailer.db import Database, Grouped
from mailer.model import Attempt, Blob, Delivery, DeliveryState, Message
from mailer.outbound.guard import Expire, Go, Withhold, judge, standing_of
from mailer.outbound.settle import expire, settle, withhold
from mailer.outbound.smtp import Accepted, Deferred, Outcome, Refused, Unknown

log = structlog.get_logger()

_LONGEST_REST = 60.0


class Transport(Protocol):
    """What delivering needs of a connection to a relay."""

    async def offer(self, sender: str, recipient: str) -> Deferred | Refused | None: ...

    async def hand_over(self, raw: bytes) -> Outcome: ...

    async def close(self) -> None: ...


@dataclass(frozen=True)
class Claimed:
    """A delivery that this worker may send, under this attempt number."""

    delivery_id: int
    attempt: int
    recipient: str
    raw: bytes


@dataclass(frozen=True)
class Result:
    """What became of an attempt."""

    claimed: Claimed
    outcome: Outcome
    now: datetime


class Deliverer:
    """Sends what is due, one delivery per connection at a time."""

    def __init__(self, db: Database, clock: Clock, *, owner: str, sender: str, lease: timedelta) -> None:
        self._db = db
        self._clock = clock
        self._owner = owner
        self._sender = sender
        self._lease = lease
        self._mark = Grouped(db, mark_handing_over)
        self._record = Grouped(db, record)
        self._relay_failures = 0
        self._relay_rests_until = 0.0

    async def deliver_next(self, transport: Transport) -> bool:
        """Bring one due delivery to its end; False when none is due, or the relay is given a rest."""
        if monotonic() < self._relay_rests_until:
            return False
        claimed = await self._db.run(claim, owner=self._owner, lease=self._lease, now=self._clock.now())
        if claimed is None:
            return False
        async with self._renewing(claimed):
            outcome = await self._send(claimed, transport)
        self._heed_relay(outcome)
        if outcome is not None:
            await self._record.do(Result(claimed, outcome, self._clock.now()))
            log.info("delivery", delivery=claimed.delivery_id, attempt=claimed.attempt, outcome=type(outcome).__name__)
        return True

    async def _send(self, claimed: Claimed, transport: Transport) -> Outcome | None:
        problem = await transport.offer(self._sender, claimed.recipient)
        if problem is not None:
            return problem
        if not await self._mark.do((claimed, self._clock.now())):
            log.warning("fenced_off", delivery=claimed.delivery_id, attempt=claimed.attempt)
            return None
        return await transport.hand_over(claimed.raw)

    def _heed_relay(self, outcome: Outcome | None) -> None:
        """When the relay itself is the trouble, rest it for all connections: one mail asks, the others stay queued."""
        if isinstance(outcome, Deferred) and outcome.relay:
            self._relay_failures += 1
            self._relay_rests_until = monotonic() + min(_LONGEST_REST, 2.0 ** min(self._relay_failures, 10))
        elif isinstance(outcome, Accepted):
            self._relay_failures = 0

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


def claim(session: Session, *, owner: str, lease: timedelta, now: datetime) -> Claimed | None:
    """Take the first delivery that is due and that the guard lets go (tx2)."""
    _queue_what_cannot_be_undone(session, now)
    while (delivery := _next_due(session, now)) is not None:
        match judge(standing_of(session, delivery), now):
            case Go():
                return _take(session, delivery, owner, lease, now)
            case Withhold(reason):
                withhold(session, delivery, reason, now=now)
            case Expire(reason):
                expire(session, delivery, reason, now=now)
        session.flush()
    return None


def mark_handing_over(session: Session, items: Sequence[tuple[Claimed, datetime]]) -> list[bool]:
    """Say that the body is about to leave (tx3); False for an attempt that is no longer ours."""
    return [_mark_one(session, claimed, now) for claimed, now in items]


def record(session: Session, results: Sequence[Result]) -> list[bool]:
    """Write down what the relay said (tx4); False for an attempt that is no longer ours."""
    return [_record_one(session, result) for result in results]


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
    return Claimed(delivery.id or 0, delivery.attempt, delivery.recipient, raw)


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
        settle(session, delivery, result.outcome, now=result.now)
    return delivery is not None


def _close_attempt(session: Session, result: Result) -> None:
    outcome = result.outcome
    code = None if isinstance(outcome, Unknown) else getattr(outcome, "code", None)
    session.exec(
        update(Attempt)
        .where(col(Attempt.delivery_id) == result.claimed.delivery_id, col(Attempt.number) == result.claimed.attempt)
        .values(
            ended_at=result.now,
            outcome=type(outcome).__name__.lower(),
            code=code,
            server_words=outcome.words[:1000],
        )
    )
