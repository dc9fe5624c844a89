"""What a received mail costs until its draft is there: triage and draft of ten thousand mails in one run, on SQLite.

The mails are those of the demo: every intent in five languages, with orders in every state, quotes, HTML, strangers and
forgers; each block of customers writes once. They are received beforehand, in a process of its own, so that the memory
told here is that of triage and drafting only.
"""

import argparse
import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from sqlalchemy import text
from sqlmodel import Session

from mailer.clock import FrozenClock, SystemClock
from mailer.config import Settings, load
from mailer.db import Database, insert_once
from mailer.demo.letters import Pen
from mailer.demo.people import LANGUAGES, Customer, customers
from mailer.demo.shop import CARE, orders, products, write_files
from mailer.inbound.receive import receive_stored
from mailer.logs import configure
from mailer.migrations import upgrade
from mailer.model import Blob, Mailbox, RawMail
from mailer.orders.ingest import ingest
from mailer.orders.product_table import ProductIn, read_products
from mailer.orders.products import take_products
from mailer.orders.source import parse_payload
from mailer.rendering.catalog import Catalog
from mailer.rendering.shop_facts import sync_shop_facts
from mailer.replies.case import House
from mailer.replies.draft import draft_waiting
from mailer.signing import digest, read_keys
from mailer.triage.phrases import PhraseClassifier
from mailer.triage.triage import triage_received

ROOT = Path(__file__).parents[1]
CONFIG = f"""
[senders.care]
address = "{CARE}"
name = "Linen & Co"
[outbound]
host = "127.0.0.1"
[log]
level = "error"
"""
OUTCOMES = "SELECT state, count(*) FROM conversation GROUP BY state ORDER BY 2 DESC"
DRAFTS = "SELECT locale, count(*) FROM draft GROUP BY locale ORDER BY 2 DESC"
INTENTS = "SELECT count(DISTINCT intent) FROM classification"


def main() -> None:
    wanted = argparse.ArgumentParser()
    wanted.add_argument("--count", type=int, default=10_000)
    wanted.add_argument("--fill", type=Path, help="only make the mails, in this folder")
    given = wanted.parse_args()
    configure("error", "text")
    if given.fill:
        fill(given.fill, given.count)
        return
    with tempfile.TemporaryDirectory(prefix="mailer-bench-") as folder:
        command = [sys.executable, __file__, "--fill", folder, "--count", str(given.count)]
        subprocess.run(command, check=True)
        measure(settings_in(Path(folder)))


def measure(settings: Settings) -> None:
    """Judge everything, then draft everything, and say what it took."""
    db, clock = Database(settings.db.url), SystemClock()
    house = House.of(settings, read_keys(settings.signing.key_file))
    catalog = Catalog(settings.rendering.templates)
    bare = resident()
    classifier = PhraseClassifier.shipped()
    for language in LANGUAGES:
        classifier.classify("", "Hello.", language, None)
    before, peak_before = resident(), peak()
    triage, triage_used = asyncio.run(seconds(lambda: triage_received(db, clock, classifier)))
    between = resident()
    draft, draft_used = asyncio.run(seconds(lambda: draft_waiting(db, clock, catalog, house)))
    mails = rows(db, "SELECT count(*) FROM classification")[0][0]
    drafted = rows(db, "SELECT count(*) FROM conversation WHERE state != 'needs_answer'")[0][0]
    print(f"{mails} mails, {rows(db, INTENTS)[0][0]} intents, {os.cpu_count()} processors")
    print(f"triage: {1000 * triage / mails:.2f} ms a mail, {1000 * triage_used / mails:.2f} of the processor")
    used = f"{1000 * draft_used / drafted:.2f} of the processor"
    print(f"draft: {1000 * draft / drafted:.2f} ms a conversation, {used}; {drafted} conversations")
    print(f"together: {mails / (triage + draft):.0f} mails a second ({triage + draft:.0f} s)")
    print(f"memory: {bare:.0f} MB bare, {before:.0f} MB with all words read (peak {peak_before:.0f})")
    print(f"memory: {between:.0f} MB after triage, {resident():.0f} MB at the end (peak {peak():.0f})")
    print("outcomes:", ", ".join(f"{state} {count}" for state, count in rows(db, OUTCOMES)))
    print("drafts:", ", ".join(f"{locale} {count}" for locale, count in rows(db, DRAFTS)))
    db.close()


async def seconds(step) -> tuple[float, float]:
    """How long a step works until there is nothing left: by the clock, and of the processor."""
    began, used = time.perf_counter(), time.process_time()
    while await step():
        pass
    return time.perf_counter() - began, time.process_time() - used


def resident() -> float:
    """What this process holds now, in MB of 1,000,000 bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def peak() -> float:
    """The most that it ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def rows(db: Database, query: str) -> list[tuple]:
    return db.read_here(lambda session: [tuple(row) for row in session.connection().execute(text(query))])


def settings_in(folder: Path) -> Settings:
    for name in [name for name in os.environ if name.startswith("MAILER_")]:
        del os.environ[name]
    os.environ["MAILER_CONFIG"] = str(folder / "shop" / "config.toml")
    return load()


def fill(folder: Path, count: int) -> None:
    """A shop with its orders, its products and so many received mails."""
    now = SystemClock().now()
    write_files(folder / "shop", ROOT, CONFIG, now.date())
    settings = settings_in(folder)
    db = Database(settings.db.url)
    upgrade(db)
    db.run_here(sync_shop_facts, settings.shop, now=now)
    told = [one for one in read_products(StringIO(products(now.date()))) if isinstance(one, ProductIn)]
    db.run_here(take_products, told, now=now)
    box = db.run_here(mailbox)
    uid = 0
    for block, people in enumerate(blocks(count)):
        # A day before, so that nothing that was just learnt makes a draft look old.
        learnt = now - timedelta(days=1)
        db.run_here(ingest, parse_payload(orders(people, now)), source="demo", now=learnt)
        pen = Pen(block, people)
        letters = [pen.first(now) for _ in people[: count - uid]]
        db.run_here(store, box, uid, [letter.raw for letter in letters], now)
        uid += len(letters)
    asyncio.run(seconds(lambda: receive_stored(db, FrozenClock(now), frozenset({CARE}))))
    db.close()


def blocks(count: int) -> Iterator[list[Customer]]:
    """The demo's people again and again, each time others with other orders."""
    everybody = customers()
    buyers = sum(bool(one.order_number) for one in everybody)
    for block in range(-(-count // len(everybody))):
        yield [another(one, block, buyers) for one in everybody]


def another(one: Customer, block: int, buyers: int) -> Customer:
    number = f"#{int(one.order_number[1:]) + block * buyers}" if one.order_number else ""
    return replace(one, address=f"b{block}.{one.address}", order_number=number)


def mailbox(session: Session) -> int:
    row = Mailbox(name="support")
    session.add(row)
    session.flush()
    return row.id or 0


def store(session: Session, box: int, uid: int, mails: list[bytes], now) -> None:
    for number, raw in enumerate(mails, uid + 1):
        insert_once(session, Blob.of(digest(raw), raw))
        stored = {"sha256": digest(raw), "size": len(raw), "internal_date": now, "stored_at": now}
        session.add(RawMail(mailbox_id=box, uidvalidity=1, uid=number, **stored))


main()
