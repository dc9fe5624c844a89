"""The daemon put together: watchers, work loops, metronome and web servers, from start to SIGTERM.

Each loop repeats one step of its room: at once while there is work, when a bell rings, else every few seconds. What
a loop does not see is found by the next look, so nothing depends on a bell.
"""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from functools import partial
from typing import Any

import structlog
import uvicorn

from mailer.clock import Clock, SystemClock, uptime
from mailer.config import Settings
from mailer.db import Database, OnlyProcess, forever
from mailer.errors import MailerError
from mailer.feedback.by_mail import take_answers
from mailer.flows.advance import Advancer
from mailer.flows.enroll import Enroller
from mailer.flows.files import Shelf
from mailer.flows.terms import Terms
from mailer.health.check import Check, check_all
from mailer.inbound import cursor
from mailer.inbound.authenticity import Ourselves
from mailer.inbound.child import Reader
from mailer.inbound.parsed import ParsedMail
from mailer.inbound.receive import receive_stored
from mailer.inbound.thread import Rules
from mailer.inbound.watch import Watch, Watcher
from mailer.insight.index import index_changed
from mailer.jobs import JOBS, Means
from mailer.migrations import upgrade
from mailer.orders.alarms import DelayTerms
from mailer.orders.delay import watch_orders
from mailer.orders.hooks import take_payloads
from mailer.orders.own_source import hooks_of
from mailer.outbound.bounce import take_bounces
from mailer.outbound.complaint import take_complaints
from mailer.outbound.deliver import Deliverer, rescue
from mailer.outbound.relays import RelayLimits, ask_at_once
from mailer.outbound.smtp import Relay, RelayAccount
from mailer.outbound.suppress import Limits
from mailer.rendering.file_folder import bring_folder
from mailer.rendering.shelf import TemplateShelf
from mailer.rendering.shop_facts import sync_shop_facts
from mailer.replies.acknowledge import Office, acknowledge_waiting
from mailer.replies.case import House
from mailer.replies.draft import draft_waiting
from mailer.scheduler import Metronome, read_timetable
from mailer.signing import Keys, read_keys
from mailer.sources_config import SourceBook
from mailer.triage.phrases import PhraseClassifier
from mailer.triage.triage import triage_received

log = structlog.get_logger()

# How often a loop looks by itself: for what other processes did (an approval on the command line, another worker).
_LOOK_EVERY = 1.0
# What flows wait for is hours away or rings a bell; a look every second would double what an idle worker costs.
_FLOWS_LOOK_EVERY = 4.0

Step = Callable[[], Awaitable[bool]]
Work = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


class Bells:
    """Wakes the loops of this process. Ringing is a courtesy: every loop also looks by itself."""

    def __init__(self) -> None:
        self._events: dict[str, asyncio.Event] = {}

    def event(self, name: str) -> asyncio.Event:
        """The event that the loop of this name waits for."""
        return self._events.setdefault(name, asyncio.Event())

    def ring(self, name: str) -> None:
        """Let one loop look now."""
        self.event(name).set()

    def ring_all(self) -> None:
        """Let every loop look now."""
        for event in self._events.values():
            event.set()


class Worker:
    """One process's share of the work on a database."""

    def __init__(
        self, settings: Settings, db: Database, keys: Keys, clock: Clock, name: str, story: Clock | None = None
    ) -> None:
        self.settings = settings
        self.db = db
        self.keys = keys
        self.clock = clock
        # The time in which orders and flows live: the demo's runs faster.
        self.story = story or clock
        self.name = name
        self.bells = Bells()
        self.shelf = Shelf(db, self.story, settings.flows.directory, Terms.of(settings, keys))
        self.templates = TemplateShelf.of(db, clock, settings)
        self.own_addresses = frozenset(sender.address.lower() for sender in settings.senders.values())
        self.reader = Reader(Ourselves(self.own_addresses))

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`; then claim nothing more and let bodies in flight finish (`stop_after`)."""
        entries = read_timetable(self.settings.scheduler.timetable, JOBS, self.settings.shop.zone)
        means = Means(self.db, self.clock, self.settings, self.story, self.templates.catalog)
        metronome = Metronome(means, JOBS, entries, self.name)
        # Before the first Event is taken: no flow may miss it. And before the first mail is written.
        await self.shelf.read()
        await self.templates.read()
        metronome.start()
        await metronome.announce()
        stopper = asyncio.create_task(self._ring_on(stop))
        deliverer = Deliverer(
            self.db,
            self.clock,
            owner=self.name,
            sender=self.settings.sender.address,
            lease=self.settings.outbound.lease,
            limits=RelayLimits.of(self.settings),
            # A clock that a test or the demo moves does not jump.
            steady=uptime if isinstance(self.clock, SystemClock) else None,
            sign=self.keys if self.settings.outbound.envelope == "signed" else None,
            story=self.story,
        )
        lanes = range(self.settings.outbound.connections)
        senders = [asyncio.create_task(self._send(deliverer, lane, stop)) for lane in lanes]
        try:
            async with asyncio.TaskGroup() as group:
                for work in (*self._watchers(), *self._loops(), *self._flow_loops()):
                    group.create_task(work(stop))
        finally:
            stop.set()
            self.bells.ring_all()
            await self._finish(senders)
            stopper.cancel()
            await metronome.stop()
            await asyncio.to_thread(self.reader.close)
            await self.db.run(cursor.release, self.name)

    def _watchers(self) -> Iterator[Work]:
        for name in self.settings.inbound.mailboxes:
            watch = Watch.of(self.settings, name, self.clock)
            arrived = partial(self.bells.ring, "receive")
            yield Watcher(self.db, self.clock, watch, owner=self.name, arrived=arrived).run

    def _loops(self) -> Iterator[Work]:
        settings = self.settings
        rules = Rules.of(settings, self.keys)
        receive = partial(receive_stored, self.db, self.clock, self.own_addresses, read=self._read, rules=rules)
        house = House.of(settings, self.keys)
        catalog = self.templates.catalog
        classifier = PhraseClassifier.shipped()
        yield self._loop("templates", self.templates.read, then="draft")
        yield self._loop("receive", receive, then="triage")
        yield self._loop("triage", partial(triage_received, self.db, self.clock, classifier), then="draft")
        yield self._loop("draft", partial(draft_waiting, self.db, self.clock, catalog, house))
        if settings.replies.acknowledge:
            office = Office.of(settings, self.keys, catalog)
            yield self._loop("acknowledge", partial(acknowledge_waiting, self.db, self.clock, office), then="deliver")
        limits = Limits.of(settings)
        yield self._loop("bounces", partial(take_bounces, self.db, self.clock, self.keys, limits))
        yield self._loop("index", partial(index_changed, self.db))
        yield self._loop("complaints", partial(take_complaints, self.db, self.clock, self.keys))

    def _flow_loops(self) -> Iterator[Work]:
        """The line of a shop's event: told, taken, moved on."""
        settings, db, story = self.settings, self.db, self.story
        book = SourceBook(settings.sources, settings.inbound.relays)
        terms = Terms.of(settings, self.keys)
        enroller = Enroller(db, self.clock, story, self.shelf.flows, terms)
        advancer = Advancer(db, self.clock, story, self.shelf.flows, self.templates.catalog, terms)
        # In a story that runs ahead an hour passes in a blink.
        loop = partial(self._loop, every=_FLOWS_LOOK_EVERY if story is self.clock else _LOOK_EVERY)
        yield loop("hooks", partial(take_payloads, db, story, book, hooks_of(settings.sources)), then="enroll")
        yield loop("delays", partial(watch_orders, db, story, DelayTerms.of(settings)), then="enroll")
        yield loop("answers", partial(take_answers, db, self.clock, self.keys), then="enroll")
        yield loop("flows", self.shelf.read, then="advance")
        yield loop("enroll", enroller.enroll, then="advance")
        yield loop("advance", advancer.advance, then="deliver")

    def _read(self, raw: bytes, mailbox: str) -> ParsedMail:
        box = self.settings.inbound.mailboxes.get(mailbox)
        return self.reader.read(raw, box.authserv_id if box else "")

    def _loop(self, name: str, step: Step, then: str | None = None, every: float = _LOOK_EVERY) -> Work:
        async def step_and_ring() -> bool:
            worked = await step()
            if worked and then:
                self.bells.ring(then)
            return worked

        return lambda stop: forever(step_and_ring, self.bells.event(name), stop, every)

    async def _send(self, deliverer: Deliverer, lane: int, stop: asyncio.Event) -> None:
        relay = Relay(RelayAccount.of(self.settings))
        try:
            await forever(partial(deliverer.deliver_next, relay, lane), self.bells.event("deliver"), stop, _LOOK_EVERY)
        finally:
            await relay.close()

    async def _finish(self, senders: list[asyncio.Task[None]]) -> None:
        _, unfinished = await asyncio.wait(senders, timeout=self.settings.outbound.stop_after.total_seconds())
        for task in unfinished:
            task.cancel()
        await asyncio.gather(*senders, return_exceptions=True)
        if unfinished:
            log.warning("stopped_in_mid_body", deliveries=len(unfinished))

    async def _ring_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self.bells.ring_all()


async def run(
    settings: Settings,
    clock: Clock,
    *,
    web: bool = True,
    stop: asyncio.Event | None = None,
    story: Clock | None = None,
) -> None:
    """`mailer run`: work, and serve the console, until SIGTERM. Raises MailerError for what is wrong at the start.

    `story` is the time in which orders and flows live, where it is not the machine's.
    """
    keys = read_keys(settings.signing.key_file)
    db = Database(settings.db.url)
    only = OnlyProcess(db) if db.is_sqlite else None
    stop = stop or stop_on_signals()
    try:
        await asyncio.to_thread(upgrade, db)
        await _take_over(db, clock, alone=only is not None)
        await db.run(sync_shop_facts, settings.shop, settings.offers, now=clock.now())
        rendering = settings.rendering
        await bring_folder(db, rendering.templates, rendering.largest_file, now=clock.now())
        worker = Worker(settings, db, keys, clock, f"{socket.gethostname()}-{os.getpid()}", story)
        log.info("started", worker=worker.name, database=db.url.get_backend_name(), web=web)
        async with asyncio.TaskGroup() as group:
            group.create_task(worker.run(stop))
            group.create_task(_tell_systemd(stop))
            if web:
                group.create_task(serve(settings, db, keys, clock, worker.bells.ring_all, stop, story))
        log.info("stopped", worker=worker.name)
    finally:
        db.close()
        if only is not None:
            only.release()


async def run_web(settings: Settings, clock: Clock) -> None:
    """`mailer web`: the console and the public listener only; another process does the work."""
    keys = read_keys(settings.signing.key_file)
    db = Database(settings.db.url)
    await asyncio.to_thread(upgrade, db)
    await db.run(sync_shop_facts, settings.shop, settings.offers, now=clock.now())
    try:
        await serve(settings, db, keys, clock, lambda: None, stop_on_signals())
    finally:
        db.close()


async def serve(
    settings: Settings,
    db: Database,
    keys: Keys,
    clock: Clock,
    wake: Callable[[], None],
    stop: asyncio.Event,
    story: Clock | None = None,
) -> None:
    """Serve the console and the public listener until `stop`. Raises MailerError when an address is taken."""
    sockets = [_listen(settings.web.console_listen), _listen(settings.web.public_listen)]
    # Off the loop, so that the first poll does not wait for a web framework.
    from mailer.web.server import build_console, build_public  # noqa: PLC0415

    apps = [build_console(db, settings, keys, clock, wake, story), build_public(db, settings, keys, clock, wake)]
    renderer = apps[0].state.desk.renderer
    await asyncio.to_thread(renderer.warm)
    servers = [_Server(uvicorn.Config(app, log_config=None, lifespan="off", access_log=False)) for app in apps]
    log.info("listening", console=settings.web.console_listen, public=settings.web.public_listen)
    async with asyncio.TaskGroup() as group:
        for server, listener in zip(servers, sockets, strict=True):
            group.create_task(server.serve(sockets=[listener]))
        await stop.wait()
        # Pages that listen for news would keep their connections.
        apps[0].state.live.close()
        for server in servers:
            server.should_exit = True
    await asyncio.to_thread(apps[0].state.desk.reader.close)
    await asyncio.to_thread(apps[0].state.desk.looks.close)
    await asyncio.to_thread(renderer.close)


async def check(settings: Settings, clock: Clock) -> list[Check]:
    """`mailer check`: everything that can be tested before the first mail, the timetable included."""
    db = Database(settings.db.url)
    try:
        checks = await check_all(settings, db, clock)
    finally:
        db.close()
    return [*checks, _check_timetable(settings)]


def stop_on_signals() -> asyncio.Event:
    """An event that SIGTERM and Ctrl-C set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: the process has its own."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _take_over(db: Database, clock: Clock, *, alone: bool) -> None:
    """Begin where the last process ended. The only process of a database knows that all others are dead."""
    if alone:
        await db.run(cursor.release_all)
    rescued = await db.run(rescue, now=clock.now(), all_owners=alone)
    await db.run(ask_at_once, now=clock.now())
    if rescued:
        log.warning("deliveries_rescued", count=rescued)


def _listen(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host.strip("[]"), int(port)), family=family)
    except OSError as error:
        raise MailerError(f"cannot listen on {address}: {error.strerror}; change [web] in config.toml") from None


def _check_timetable(settings: Settings) -> Check:
    try:
        entries = read_timetable(settings.scheduler.timetable, JOBS, settings.shop.zone)
    except MailerError as error:
        return Check("schedules", False, str(error))
    return Check("schedules", True, f"{len(entries)} jobs in the timetable")


async def _tell_systemd(stop: asyncio.Event) -> None:
    """READY, then a sign of life in half the time that the watchdog waits, then STOPPING (sd_notify(3))."""
    _notify("READY=1")
    pause = int(os.environ.get("WATCHDOG_USEC", "0")) / 2_000_000
    while not stop.is_set():
        _notify("WATCHDOG=1")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause or None)
    _notify("STOPPING=1")


def _notify(words: str) -> None:
    if path := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel, contextlib.suppress(OSError):
            channel.sendto(words.encode(), "\0" + path[1:] if path.startswith("@") else path)
