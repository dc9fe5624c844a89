"""Webhooks from the door to the rows: kept raw and once, read by a work loop, and read again when that is asked."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from sqlmodel import Session, col, select, update

from mailer.clock import Clock
from mailer.db import Database, describe, insert_all_once, insert_once
from mailer.errors import InputError, MailerError
from mailer.model import Blob, Order, PayloadState, Refusal, SourcePayload, raise_alarm
from mailer.orders.events import record_order_event
from mailer.orders.hook import Facts, GoneIn, Hooked, HookSource, TrackingIn
from mailer.orders.ingest import Teller, ingest
from mailer.orders.refunds import record_refunds
from mailer.orders.source import OrderIn, RefundIn
from mailer.orders.sources import HOOKS
from mailer.orders.tracking import order_named, order_of, record_tracking, unknown_parcel
from mailer.outbound.consent import ConsentTold, record_consent
from mailer.sources_config import SourceBook

log = structlog.get_logger()

_BATCH = 100


@dataclass(frozen=True)
class Delivered:
    """A webhook whose signature is right, ready to be kept."""

    hooked: Hooked
    kind: str
    topic: str
    key: str
    sha256: str
    headers: Mapping[str, str]
    at: datetime


@dataclass(frozen=True)
class Turned:
    """A webhook that is turned away."""

    source: str
    reason: str
    at: datetime


@dataclass(frozen=True)
class Stored:
    """A payload at rest that waits to be read."""

    payload_id: int
    kind: str
    hooked: Hooked


@dataclass(frozen=True)
class Understood:
    """A payload, and what it says; or why it cannot be read."""

    payload_id: int
    source: str
    facts: Facts
    problem: str = ""


class Waits(Exception):
    """It speaks of an order that nobody told us of yet."""


def store(session: Session, batch: Sequence[Delivered]) -> list[bool]:
    """Keep webhooks raw, each once; which of them were new."""
    insert_all_once(session, Blob, [_blob(one) for one in batch], ["sha256"])
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for one in batch:
        rows.setdefault((one.hooked.source, one.key), _payload(one))
    new = {*insert_all_once(session, SourcePayload, list(rows.values()), ["source", "key"])}
    names = [(one.hooked.source, one.key) for one in batch]
    # Of two in one batch the first is new.
    return [name in new and name not in names[:index] for index, name in enumerate(names)]


def _blob(one: Delivered) -> dict[str, Any]:
    return Blob.of(one.sha256, one.hooked.body).model_dump(exclude_none=True)


def _payload(one: Delivered) -> dict[str, Any]:
    return {
        "source": one.hooked.source,
        "kind": one.kind,
        "topic": one.topic,
        "key": one.key,
        "sha256": one.sha256,
        "headers": dict(one.headers),
        "state": PayloadState.STORED,
        "waits_for": "",
        "reason": "",
        "received_at": one.at,
    }


def refuse(session: Session, batch: Sequence[Turned]) -> list[None]:
    """Count webhooks that were turned away, a row for each source and reason."""
    last = {(one.source, one.reason): one.at for one in batch}
    for (source, reason), count in Counter((one.source, one.reason) for one in batch).items():
        at = last[source, reason]
        if insert_once(session, Refusal(source=source, reason=reason, count=count, first_at=at, last_at=at)):
            continue
        mine = update(Refusal).where(col(Refusal.source) == source, col(Refusal.reason) == reason)
        session.exec(mine.values(count=col(Refusal.count) + count, last_at=at))
    return [None] * len(batch)


async def take_payloads(db: Database, clock: Clock, book: SourceBook, hooks: Mapping[str, HookSource] = HOOKS) -> bool:
    """Read a batch of kept payloads, with no transaction open while reading; False when there was none."""
    stored = await db.read(stored_payloads, _BATCH)
    if not stored:
        return False
    understood = await asyncio.to_thread(understand, stored, book, hooks)
    now = clock.now()
    await db.run_each(lambda session, batch: take(session, batch, book, now=now), understood, partial(_fail, now=now))
    return True


def stored_payloads(session: Session, limit: int) -> list[Stored]:
    """The oldest payloads that nobody has read."""
    rows = session.exec(
        select(SourcePayload, Blob)
        .join(Blob, col(Blob.sha256) == SourcePayload.sha256)
        .where(SourcePayload.state == PayloadState.STORED)
        .order_by(col(SourcePayload.id))
        .limit(limit)
    )
    return [
        Stored(row.id, row.kind, Hooked(row.source, row.headers, blob.unpack(), about=row.topic))
        for row, blob in rows
        if row.id is not None
    ]


def understand(stored: Sequence[Stored], book: SourceBook, hooks: Mapping[str, HookSource]) -> list[Understood]:
    """What each of them says; what cannot be read says why."""
    return [_understand_one(one, book, hooks) for one in stored]


def _understand_one(one: Stored, book: SourceBook, hooks: Mapping[str, HookSource]) -> Understood:
    source = one.hooked.source
    hook = hooks.get(one.kind)
    if hook is None:
        return Understood(one.payload_id, source, Facts(), f'nobody reads payloads of kind "{one.kind}"')
    try:
        return Understood(one.payload_id, source, hook.read(one.hooked, book.of(source)))
    except MailerError as error:
        return Understood(one.payload_id, source, Facts(), str(error))
    except Exception as error:
        # A source of the shop's own may do anything; its payload is kept and named.
        log.exception("payload_unreadable", payload=one.payload_id)
        return Understood(one.payload_id, source, Facts(), describe(error))


def take(session: Session, batch: Sequence[Understood], book: SourceBook, *, now: datetime) -> None:
    """Let each payload's facts become rows and Events. One that another worker took meanwhile is left alone."""
    for one in batch:
        row = _claim(session, one.payload_id)
        if row is None:
            continue
        if one.problem:
            _end(row, PayloadState.UNREADABLE, one.problem, now)
        elif one.facts.ignored:
            _end(row, PayloadState.IGNORED, one.facts.ignored, now)
            _tell_a_person(session, row, one.facts, now)
        else:
            _take_one(session, row, one.facts, Teller(one.source, book.of(one.source).storefront, book), now)


def _claim(session: Session, payload_id: int) -> SourcePayload | None:
    wanted = select(SourcePayload).where(SourcePayload.id == payload_id, SourcePayload.state == PayloadState.STORED)
    return session.exec(wanted.with_for_update().execution_options(populate_existing=True)).first()


def _tell_a_person(session: Session, row: SourcePayload, facts: Facts, now: datetime) -> None:
    if facts.for_a_person:
        done = f"when it is done: `mailer alarms settle privacy {row.id}`"
        raise_alarm(session, "privacy", str(row.id), f"{row.source}: {facts.for_a_person}; {done}", now)


def _end(row: SourcePayload, state: PayloadState, reason: str, now: datetime) -> None:
    row.state, row.reason, row.taken_at, row.waits_for = state, reason, now, ""


def _take_one(session: Session, row: SourcePayload, facts: Facts, teller: Teller, now: datetime) -> None:
    waits_for = ""
    for fact in facts.facts:
        try:
            order = _take_fact(session, fact, teller, now)
            row.order_id = order.id if order else row.order_id
        except Waits as error:
            waits_for = str(error)
    if waits_for:
        row.state, row.waits_for, row.taken_at = PayloadState.WAITING, waits_for, None
        row.reason = "nobody told us of its order yet"
    else:
        _end(row, PayloadState.TAKEN, "", now)


def _take_fact(session: Session, fact: Any, teller: Teller, now: datetime) -> Order | None:
    """Let one fact become rows; the order that it is of. Raises Waits."""
    match fact:
        case OrderIn():
            return _take_order(session, fact, teller, now)
        case TrackingIn():
            order = _known(order_of(session, teller.storefront, fact), fact.waits_for)
            if unknown := unknown_parcel(session, order, fact.parcel):
                raise Waits(unknown)
            record_tracking(session, order, fact, teller, now=now)
            return order
        case RefundIn():
            named = order_named(session, teller.storefront, order_id=fact.order_id)
            return _take_refund(session, _known(named, fact.order_id), fact, now)
        case GoneIn():
            return _take_away(session, order_named(session, teller.storefront, order_id=fact.order_id), teller, now)
        case ConsentTold():
            record_consent(session, fact, now=now)
    return None


def _known(order: Order | None, name: str) -> Order:
    if order is None and not name:
        raise InputError("payload", ["names neither an order nor a parcel's number"])
    if order is None:
        raise Waits(name)
    return order


def _take_order(session: Session, told: OrderIn, teller: Teller, now: datetime) -> Order | None:
    ingest(session, [told], source=teller.source, storefront=teller.storefront, book=teller.book, now=now)
    return order_named(session, teller.storefront, number=told.name)


def _take_refund(session: Session, order: Order, told: RefundIn, now: datetime) -> Order:
    if record_refunds(session, order, [told], at=told.refunded_at or now, now=now):
        order.recorded_at = order.watch_at = now
    return order


def _take_away(session: Session, order: Order | None, teller: Teller, now: datetime) -> Order | None:
    """An order that the shop deleted is canceled; what is already told of it stays."""
    if order is not None and order.canceled_at is None:
        order.canceled_at = order.recorded_at = order.watch_at = now
        record_order_event(session, order, "order.canceled", at=now, now=now)
    return order


def _fail(session: Session, one: Understood, error: str, *, now: datetime) -> None:
    row = _claim(session, one.payload_id)
    if row is not None:
        _end(row, PayloadState.UNREADABLE, error, now)


def replay(session: Session, ids: Sequence[int]) -> int:
    """Let these payloads be read once more; how many. What they say that is known already changes nothing."""
    again = update(SourcePayload).where(col(SourcePayload.id).in_(ids))
    return session.exec(again.values(state=PayloadState.STORED, waits_for="", reason="")).rowcount


def replayable(
    session: Session, *, source: str | None = None, since: datetime | None = None, unreadable: bool = False
) -> list[int]:
    """The ids of payloads that can be read again, the oldest first."""
    wanted = select(SourcePayload.id).where(SourcePayload.state != PayloadState.STORED)
    if source is not None:
        wanted = wanted.where(SourcePayload.source == source)
    if since is not None:
        wanted = wanted.where(SourcePayload.received_at >= since)
    if unreadable:
        wanted = wanted.where(SourcePayload.state == PayloadState.UNREADABLE)
    return [number for number in session.exec(wanted.order_by(col(SourcePayload.id))) if number is not None]
