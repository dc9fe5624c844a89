"""What flows cost: a look for due steps among ten thousand and among a million orders, and ten thousand steps moved on.

The rows are written in bulk: each order with its line, parcel, Events (all taken) and a passage through the review
flow that is due in some weeks; a hundred passages are due. Then ten thousand orders have a shipping notice due, and
the real verbs read, decide, render and queue them on SQLite.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from sqlalchemy import insert, text

from mailer.clock import FrozenClock, SystemClock
from mailer.config import Settings, load
from mailer.db import Database
from mailer.demo.shop import write_files
from mailer.flows.advance import Advancer, due_now
from mailer.flows.enroll import events_to_take
from mailer.flows.parse import read_flows
from mailer.flows.terms import Terms
from mailer.logs import configure
from mailer.migrations import upgrade
from mailer.model import (
    Enrollment,
    EnrollmentState,
    Event,
    EventReader,
    EventTaken,
    Order,
    OrderLine,
    ParcelState,
    Shipment,
)
from mailer.rendering.catalog import Catalog
from mailer.rendering.shop_facts import sync_shop_facts
from mailer.signing import read_keys
from tests.faults.flow_campaign import at_once

ROOT = Path(__file__).parents[1]
DUE, TICKS, CHUNK = 100, 200, 20_000
CONFIG = """
[senders.care]
address = "care@shop.test"
name = "Linen & Co"
[outbound]
host = "127.0.0.1"
canary = 0
automatic_per_hour = 0
[log]
level = "error"
"""


def main() -> None:
    wanted = argparse.ArgumentParser()
    wanted.add_argument("--small", type=int, default=10_000)
    wanted.add_argument("--large", type=int, default=1_000_000)
    wanted.add_argument("--steps", type=int, default=10_000)
    given = wanted.parse_args()
    configure("error", "text")
    small, large = (look_for_due(count) for count in (given.small, given.large))
    print(f"a look among {given.large:,} costs {large / small:.2f} times one among {given.small:,}")
    move_on(given.steps)


def look_for_due(orders: int) -> float:
    """The median time of one look, in milliseconds."""
    with tempfile.TemporaryDirectory(prefix="mailer-bench-") as folder:
        _, db, now = shop(Path(folder))
        began = time.perf_counter()
        fill(db, orders, now, flow="review_invitation", due=lambda index: now + _later(index, orders))
        filled = time.perf_counter() - began

        def look(session: Any) -> int:
            return len(events_to_take(session, 200)) + len(due_now(session, DUE, without={}, now=now))

        assert db.read_here(look) == DUE
        times = []
        for _ in range(TICKS):
            began = time.perf_counter()
            db.read_here(look)
            times.append(1000 * (time.perf_counter() - began))
        median = statistics.median(times)
        size = (Path(folder) / "shop" / "mailer.db").stat().st_size / 1e6
        print(f"{orders:>9,} orders ({size:,.0f} MB, written in {filled:.0f} s): a look {median:.2f} ms, {DUE} due")
        db.close()
        return median


def move_on(steps: int) -> None:
    """All due steps of so many orders, read, decided, rendered and queued."""
    with tempfile.TemporaryDirectory(prefix="mailer-bench-") as folder:
        settings, db, now = shop(Path(folder))
        fill(db, steps, now, flow="shipping_notice", due=lambda index: now - timedelta(seconds=index % 3600))
        flows, mistakes = read_flows(settings.flows.directory)
        assert not mistakes, mistakes
        terms = Terms.of(settings, read_keys(settings.signing.key_file))
        clock, catalog = FrozenClock(now), Catalog(settings.rendering.templates)
        advancer = Advancer(db, clock, clock, lambda: flows, catalog, terms)
        began, used = time.perf_counter(), time.process_time()
        asyncio.run(until_done(advancer.advance))
        took, used = time.perf_counter() - began, time.process_time() - used
        queued = count(db, "SELECT count(*) FROM delivery WHERE state = 'queued'")
        print(f"{queued:,} of {steps:,} due steps queued in {took:.1f} s ({1000 * took / steps:.2f} ms each,")
        print(f"    {1000 * used / steps:.2f} ms of the processor; {os.cpu_count()} processors)")
        db.close()


async def until_done(step: Callable[[], Any]) -> None:
    while await step():
        pass


def shop(folder: Path) -> tuple[Settings, Database, datetime]:
    """A shop's folder with its flows live and at once, and an empty database."""
    now = SystemClock().now()
    write_files(folder / "shop", ROOT, CONFIG, now.date())
    for path in (folder / "shop" / "schedules" / "flows").glob("*.toml"):
        path.write_text(at_once(path.read_text()))
    for name in [name for name in os.environ if name.startswith("MAILER_")]:
        del os.environ[name]
    os.environ["MAILER_CONFIG"] = str(folder / "shop" / "config.toml")
    settings = load()
    db = Database(settings.db.url)
    upgrade(db)
    db.run_here(sync_shop_facts, settings.shop, now=now)
    return settings, db, now


def fill(db: Database, orders: int, now: datetime, *, flow: str, due: Callable[[int], datetime]) -> None:
    """So many orders, each with a passage through a flow."""
    with db.engine.begin() as connection:
        for first in range(1, orders + 1, CHUNK):
            numbers = range(first, min(first + CHUNK, orders + 1))
            for table, rows in tables(numbers, now, flow, due):
                connection.execute(insert(table), rows)
        connection.execute(insert(EventReader), [{"reader": "flows", "all_taken_to": 2 * orders}])
        connection.execute(text("ANALYZE"))


def tables(
    numbers: range, now: datetime, flow: str, due: Callable[[int], datetime]
) -> Iterator[tuple[Any, list[dict[str, Any]]]]:
    shipped = now - timedelta(hours=2)
    per = "shipment" if flow == "shipping_notice" else "order"
    yield Order, [row(Order, order(number, shipped)) for number in numbers]
    yield OrderLine, [row(OrderLine, line(number)) for number in numbers]
    yield Shipment, [row(Shipment, parcel(number, shipped)) for number in numbers]
    events = [event(2 * number - part, number, part, shipped) for number in numbers for part in (1, 0)]
    yield Event, [row(Event, one) for one in events]
    yield EventTaken, [{"event_id": one["id"], "reader": "flows", "taken_at": now} for one in events]
    yield Enrollment, [row(Enrollment, passage(number, flow, per, due(number), shipped)) for number in numbers]


def row(table: Any, values: dict[str, Any]) -> dict[str, Any]:
    """All columns of a row, defaults included, as a bulk insert wants them."""
    whole = table(**values).model_dump()
    return {name: value for name, value in whole.items() if name in table.__table__.columns}


def order(number: int, at: datetime) -> dict[str, Any]:
    return {
        "id": number,
        "source": "bench",
        "number": f"#{number}",
        "number_key": str(number),
        "email": address(number),
        "customer_name": f"Bo Nr {number}",
        "language": "en",
        "country": "FR",
        "currency": "EUR",
        "total": "59.00",
        "placed_at": at,
        "changed_at": at,
        "recorded_at": at,
    }


def line(number: int) -> dict[str, Any]:
    return {"order_id": number, "external_id": "1", "title": "Linen shirt", "variant": "M", "sku": "LS-M"}


def parcel(number: int, at: datetime) -> dict[str, Any]:
    tracking = {"carrier": "DHL", "tracking_number": f"JD{number}", "state": ParcelState.IN_TRANSIT}
    return {"id": number, "order_id": number, "external_id": "1", "shipped_at": at, "state_at": at, **tracking}


def event(event_id: int, number: int, part: int, at: datetime) -> dict[str, Any]:
    kind = ("shipment.shipped", "order.placed")[part]
    subject = {"subject_kind": kind.partition(".")[0], "subject_id": number, "order_id": number}
    times = {"occurred_at": at, "recorded_at": at}
    return {"id": event_id, "kind": kind, "key": f"{kind}:{number}", "address": address(number), **subject, **times}


def passage(number: int, flow: str, per: str, due_at: datetime, at: datetime) -> dict[str, Any]:
    return {
        "key": f"{flow}:{per}:{number}",
        "flow": flow,
        "subject_kind": per,
        "subject_id": number,
        "order_id": number,
        "address": address(number),
        "state": EnrollmentState.ACTIVE,
        "anchor_at": at,
        "step": "ask" if flow == "review_invitation" else "tell",
        "due_at": due_at,
        "first_due_at": due_at,
        "entered_at": at,
        "updated_at": at,
    }


def address(number: int) -> str:
    return f"bo{number}@customer.test"


def _later(index: int, orders: int) -> timedelta:
    """A hundred are due; the others come evenly over sixty days."""
    if index <= DUE:
        return -timedelta(minutes=index)
    return timedelta(minutes=5) + timedelta(days=60) * index / orders


def count(db: Database, query: str) -> int:
    return db.read_here(lambda session: session.connection().execute(text(query)).scalar())


main()
