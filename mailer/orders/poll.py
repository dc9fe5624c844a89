"""The reconciliation: what changed in a shop since we last asked, for webhooks get lost and come late.

A page's orders are kept raw and its mark with them, in one transaction; nothing is open while the network is asked. A
run that breaks goes on at its page. The orders are read as those of webhooks are (`orders.hooks`), each change once.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

import structlog
from sqlmodel import Session

from mailer.clock import Clock
from mailer.db import Database, describe, insert_once
from mailer.errors import InputError, MailerError, NotFound, Trouble
from mailer.model import Blob, PollCursor, SourcePayload, raise_alarm, settle_alarm
from mailer.orders.page import Page, PollSource
from mailer.orders.rest import Pause, Refused, Rest
from mailer.orders.sources.shopify_rest import ShopifyRest
from mailer.orders.sources.woocommerce_rest import WooCommerceRest
from mailer.signing import digest
from mailer.sources_config import SourceConfig

log = structlog.get_logger()

POLLS: dict[str, PollSource] = {ShopifyRest.name: ShopifyRest(), WooCommerceRest.name: WooCommerceRest()}

ALARM = "orders_poll"
# Shops write an order's time of change a little before others can see it.
_OVERLAP = timedelta(minutes=10)
# As far back as Shopify lists orders without a special right.
_FIRST_LOOK = timedelta(days=60)
_MOST_PAGES = 5_000
_NO_SUCH_MARK = (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.GONE, HTTPStatus.UNPROCESSABLE_ENTITY)
# The timetable does not strike to the second.
_SLACK = timedelta(minutes=1)


@dataclass(frozen=True)
class Polled:
    """How many pages were read, how many orders stood there, and how many of them said something new."""

    pages: int = 0
    orders: int = 0
    fresh: int = 0


async def poll_due(
    db: Database, clock: Clock, sources: Mapping[str, SourceConfig], *, pause: Pause = asyncio.sleep
) -> Polled:
    """Ask every shop whose time has come; trouble with one is an alarm and keeps none of the others waiting."""
    total = Polled()
    for name, config in sources.items():
        if not config.polled or not await db.read(_is_due, name, config.poll, now=clock.now()):
            continue
        try:
            polled = await poll_source(db, clock, name, config, pause=pause)
        except MailerError as error:
            log.warning("poll_failed", source=name, error=type(error).__name__)
            continue
        log.info("polled", source=name, pages=polled.pages, orders=polled.orders, fresh=polled.fresh)
        total = Polled(total.pages + polled.pages, total.orders + polled.orders, total.fresh + polled.fresh)
    return total


async def poll_source(
    db: Database,
    clock: Clock,
    name: str,
    config: SourceConfig,
    *,
    since: datetime | None = None,
    pause: Pause = asyncio.sleep,
) -> Polled:
    """Read what changed in a shop, from `since` or from where we stand. Raises MailerError, after it is an alarm."""
    source = poll_of(name, config)
    try:
        async with _rest(source, config, clock, pause) as rest:
            polled = await _poll(db, clock, rest, name, config, since)
    except MailerError as error:
        await db.run(_failed, name, _words(error), now=clock.now())
        raise
    except Exception as error:
        await db.run(_failed, name, describe(error), now=clock.now())
        raise
    await db.run(_done, name, now=clock.now())
    return polled


async def probe(name: str, config: SourceConfig, clock: Clock) -> str:
    """Ask a shop for what changed in the last hour, and keep nothing; in words. Raises MailerError."""
    source = poll_of(name, config)
    async with _rest(source, config, clock, asyncio.sleep) as rest:
        page = await _page(rest, source, source.first(clock.now() - timedelta(hours=1)), config)
    return f"{config.url} lets us in; {len(page.orders)} orders changed in the last hour"


def poll_of(name: str, config: SourceConfig) -> PollSource:
    """How this source is asked. Raises NotFound with what to do."""
    source = POLLS.get(config.kind)
    if source is None:
        raise NotFound(f"[sources.{name}] is of kind {config.kind}; only {' and '.join(POLLS)} can be asked")
    if not config.polled:
        raise NotFound(f"[sources.{name}] has no url; write the shop's address and a token there")
    return source


async def _poll(
    db: Database, clock: Clock, rest: Rest, name: str, config: SourceConfig, since: datetime | None
) -> Polled:
    source = POLLS[config.kind]
    mark, resumed = await db.run(_begin, name, source, since, now=clock.now())
    pages = orders = fresh = 0
    for _ in range(_MOST_PAGES):
        try:
            page = await _page(rest, source, mark, config)
        except Refused as error:
            # A mark of a run that broke long ago is no longer known there.
            if not resumed or pages or error.status not in _NO_SUCH_MARK:
                raise
            mark, resumed = await db.run(_begin_anew, name, source, now=clock.now()), False
            continue
        fresh += await db.run(_keep, name, source, page, now=clock.now())
        pages, orders, mark = pages + 1, orders + len(page.orders), page.next
        if not mark:
            return Polled(pages, orders, fresh)
        await rest.pause(page.rest)
    raise Trouble(
        f"the shop lists more than {_MOST_PAGES:,} pages; the rest follows with the next poll", temporary=True
    )


async def _page(rest: Rest, source: PollSource, mark: str, config: SourceConfig) -> Page:
    ask = source.ask(mark, config)
    answer = await rest.get(ask.path, ask.params)
    return source.read(mark, answer.headers, answer.json())


def _rest(source: PollSource, config: SourceConfig, clock: Clock, pause: Pause) -> Rest:
    entrance = source.entrance(config)
    return Rest(config.url, clock, headers=entrance.headers, auth=entrance.auth, pause=pause)


def _is_due(session: Session, name: str, every: timedelta, *, now: datetime) -> bool:
    cursor = session.get(PollCursor, name)
    return cursor is None or cursor.polled_at is None or now >= cursor.polled_at + every - _SLACK


def _cursor(session: Session, name: str) -> PollCursor:
    insert_once(session, PollCursor(source=name))
    return session.get_one(PollCursor, name, with_for_update=True)


def _begin(
    session: Session, name: str, source: PollSource, since: datetime | None, *, now: datetime
) -> tuple[str, bool]:
    """The mark to begin with, and whether it is that of a run that broke."""
    cursor = _cursor(session, name)
    if since is None and cursor.page:
        return cursor.page, True
    cursor.page = source.first(since or _start(cursor, now))
    return cursor.page, False


def _begin_anew(session: Session, name: str, source: PollSource, *, now: datetime) -> str:
    cursor = _cursor(session, name)
    cursor.page = source.first(_start(cursor, now))
    return cursor.page


def _start(cursor: PollCursor, now: datetime) -> datetime:
    return cursor.changed_until - _OVERLAP if cursor.changed_until else now - _FIRST_LOOK


def _keep(session: Session, name: str, source: PollSource, page: Page, *, now: datetime) -> int:
    """Keep the orders of a page and go on to the next; how many are news."""
    fresh = sum([_keep_one(session, name, source, order, now) for order in page.orders])
    cursor = _cursor(session, name)
    cursor.page = page.next
    if page.changed_until is not None:
        # A shop's clock that ran ahead must not hide what it changes until then.
        newest = min(page.changed_until, now)
        cursor.changed_until = max(newest, cursor.changed_until or newest)
    return fresh


def _keep_one(session: Session, name: str, source: PollSource, order: dict[str, Any], now: datetime) -> bool:
    body = json.dumps(order, ensure_ascii=False).encode("utf-8", "replace")
    sha256 = digest(body)
    # Two changes may bear the same second.
    stamp = f"{order.get('id')}:{source.changed_at(order)}:{sha256[:16]}" if order.get("id") else sha256
    insert_once(session, Blob.of(sha256, body))
    row = SourcePayload(
        source=name,
        kind=source.name,
        topic=source.topic,
        key=f"poll:{stamp}"[:200],
        sha256=sha256,
        received_at=now,
    )
    return insert_once(session, row)


def _done(session: Session, name: str, *, now: datetime) -> None:
    cursor = _cursor(session, name)
    cursor.polled_at, cursor.error = now, ""
    settle_alarm(session, ALARM, name, now)


def _failed(session: Session, name: str, words: str, *, now: datetime) -> None:
    cursor = _cursor(session, name)
    cursor.polled_at, cursor.error = now, words
    raise_alarm(session, ALARM, name, f"[sources.{name}]: {words}", now)


def _words(error: MailerError) -> str:
    return "; ".join(error.problems) if isinstance(error, InputError) else str(error)
