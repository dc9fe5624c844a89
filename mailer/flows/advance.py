"""Passages whose next step is due: read, decided and written with no transaction open, recorded if nothing changed.

Recording asks everything again, so that what came meanwhile counts; the row's version tells of other workers.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from sqlmodel import Session, col, select

from mailer.clock import Clock
from mailer.db import Database, describe
from mailer.errors import InputError
from mailer.flows.decide import Hold, Send
from mailer.flows.definition import Flow
from mailer.flows.mail import Sheet, Written, asked_already, read_sheets, write_mail
from mailer.flows.record import record, set_aside
from mailer.flows.situation import Passage, read_passages
from mailer.flows.terms import Terms
from mailer.flows.verdict import Item, is_batched, verdict
from mailer.model import Enrollment, EnrollmentState
from mailer.offers.coupons import give_coupon
from mailer.outbound.catch_up import closed_because, held_flows
from mailer.rendering.catalog import Catalog
from mailer.rendering.render import MissingFacts

log = structlog.get_logger()

_BATCH = 100
_UNDER_WAY = (EnrollmentState.ACTIVE, EnrollmentState.PAUSED)

Flows = Callable[[], Mapping[str, Flow]]


@dataclass(frozen=True)
class Look:
    """What a round found: passages with the decision on each, what to write mails from, and rows without a step."""

    items: list[Item]
    sheets: dict[int, Sheet]


class Advancer:
    """Moves passages on, batch by batch. `story` is the time in which orders and flows live."""

    def __init__(self, db: Database, clock: Clock, story: Clock, flows: Flows, catalog: Catalog, terms: Terms) -> None:
        self._db, self._clock, self._story = db, clock, story
        self._flows, self._catalog, self._terms = flows, catalog, terms

    async def advance(self) -> bool:
        """Move on what is due; False when nothing was, or nothing may be moved now."""
        now, terms = self._story.now(), self._terms
        if await self._db.run(closed_because, terms=terms.catch_up, now=now, wall=self._clock.now()):
            return False
        flows = dict(self._flows())
        found = await self._db.read(look, flows, terms, _BATCH, now=now)
        if not found.items:
            return False
        items = await asyncio.to_thread(self._write_all, found, now)
        wall = self._clock.now()
        await self._db.run_each(
            lambda session, some: record(session, some, flows, terms, now=now, wall=wall),
            items,
            lambda session, item, error: set_aside(session, item, error, now=now),
        )
        return True

    def _write_all(self, found: Look, now: datetime) -> list[Item]:
        return [self._written(item, found.sheets.get(item.enrollment.id or 0), now) for item in found.items]

    def _written(self, item: Item, sheet: Sheet | None, now: datetime) -> Item:
        if sheet is None:
            return item
        try:
            return replace(item, written=self._write(sheet, now))
        except MissingFacts as error:
            return replace(item, decision=Hold(f"needs facts: {'; '.join(error.missing)}"))
        except InputError as error:
            return replace(item, decision=Hold(str(error), mistake=True))
        except Exception as error:
            log.exception("render_failed", enrollment=item.enrollment.id)
            return replace(item, decision=Hold(f"the template failed: {describe(error)}", mistake=True))

    def _write(self, sheet: Sheet, now: datetime) -> Written:
        pool = sheet.passage.step.coupon
        if pool:
            sheet = replace(sheet, extra={**sheet.extra, **self._coupon(sheet, pool, now)})
        return write_mail(sheet, self._catalog, self._terms, wall=self._clock.now())

    def _coupon(self, sheet: Sheet, pool: str, now: datetime) -> dict[str, object]:
        """The customer's own code; asked for again, it is the same."""
        enrollment, offers = sheet.passage.enrollment, self._terms.offers
        given_for = f"flow:{enrollment.key}:{sheet.passage.step.id}"
        coupon = offers and self._db.run_here(
            give_coupon, pool, given_for=given_for, address=enrollment.address, terms=offers.coupons, now=now
        )
        if not coupon:
            raise MissingFacts(f"[offers.coupons.{pool}]", ["coupon.code"])
        until = coupon.expires_at.date().isoformat() if coupon.expires_at else None
        return {"coupon.code": coupon.code, **({"coupon.until": until} if until else {})}


def look(session: Session, flows: Mapping[str, Flow], terms: Terms, limit: int, *, now: datetime) -> Look:
    """Read what is due, decide, and gather what the mails are written from."""
    due = due_now(session, limit, without=held_flows(session), now=now)
    passages = {one.enrollment.id: one for one in read_passages(session, due, flows, terms, now=now)}
    items, writing = [], []
    for enrollment in due:
        passage = passages.get(enrollment.id)
        decision = verdict(passage) if passage else None
        items.append(Item(enrollment, enrollment.version, passage, decision))
        if passage and isinstance(decision, Send) and _is_to_be_written(session, passage):
            writing.append(passage)
    sheets = read_sheets(session, writing, terms, now=now)
    return Look(items, {one.passage.enrollment.id or 0: one for one in sheets})


def due_now(session: Session, limit: int, *, without: Mapping[str, str], now: datetime) -> list[Enrollment]:
    """The passages that have been due longest, of flows that may move; each state by its stretch of the index."""
    found: list[Enrollment] = []
    for state in _UNDER_WAY:
        wanted = select(Enrollment).where(Enrollment.state == state, col(Enrollment.due_at) <= now)
        if without:
            wanted = wanted.where(col(Enrollment.flow).not_in(list(without)))
        found += session.exec(wanted.order_by(col(Enrollment.due_at)).limit(limit)).all()
    return found


def _is_to_be_written(session: Session, passage: Passage) -> bool:
    """Not for a batch that a person releases first, nor where the answer to a customer will tell it."""
    return not is_batched(passage) and asked_already(session, passage) is None
