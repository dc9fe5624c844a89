"""`mailer demo`: put the made-up shop together and let it live, until Ctrl-C or for a while."""

import asyncio
import os
import socket
import sys
import tempfile
import webbrowser
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

from mailer import app
from mailer.calendars import parse_zone
from mailer.clock import Clock, StoryClock, monotonic
from mailer.config import Settings, load
from mailer.db import Database
from mailer.demo.agent import DemoAgent
from mailer.demo.browser import Browser
from mailer.demo.buyers import Buyers, tell_story
from mailer.demo.colleague import Colleague
from mailer.demo.customers import Crowd
from mailer.demo.letters import Pen
from mailer.demo.marketer import Marketer, look_after
from mailer.demo.past import Past
from mailer.demo.people import Customer, customers
from mailer.demo.plot import buyers, happenings
from mailer.demo.report import Outside, report, unfinished
from mailer.demo.rules import Told, answers, flow_report
from mailer.demo.scanner import scan
from mailer.demo.servers import MailServer, mail_server
from mailer.demo.shop import AUTHSERV_ID, CARE, go_live, orders, products, write_files
from mailer.flows.parse import read_flows
from mailer.health.status import status
from mailer.migrations import upgrade
from mailer.model import Role
from mailer.orders.ingest import ingest
from mailer.orders.product_table import ProductIn, read_products
from mailer.orders.products import take_products
from mailer.orders.source import parse_payload
from mailer.outbound.smtp import Relay, RelayAccount
from mailer.replies.approve import Terms
from mailer.signing import fresh_token, read_keys
from mailer.web.auth import add_agent, make_link, welcome_address
from mailer.web.people import set_address

_DRAIN = 60.0
# Without an end the story catches up with the clock in so much time.
_STORY = timedelta(seconds=60)
# How long after the question whether it may go a mail is handed over, at most.
_BLUR = timedelta(milliseconds=400)
# Somebody whose mailbox is gone when we answer, and a flow that waits for a person's word, where there is a person.
_GONE, _BY_HAND = "timo.krause@customers.test", "delivered_check"
# A queue with something in it, before the first look.
_AT_ONCE = 14
_LIVE = ("shipping_notice", "delay_notice", "review_invitation", "satisfaction_survey")
# As long as it is by default; without anybody at the screen nobody takes anything back.
_UNDO, _UNDO_UNATTENDED = "12s", "2s"
# [shop] stands in shop.toml.
_CONFIG = """\
[inbound.mailboxes.support]
host = "127.0.0.1"
port = {imap_port}
tls = "none"
username = "{care}"
password = "{password}"
authserv_id = "{authserv_id}"

[senders.care]
address = "{care}"
name = "Linen & Co"

[replies]
undo = "{undo}"

[outbound]
host = "127.0.0.1"
port = {smtp_port}
tls = "none"
username = "{care}"
password = "{password}"
# In the story a day is seconds long: nothing rests for a quarter of an hour.
canary = 0
automatic_per_hour = 0

[flows]
catch_up_after = "0s"

[sources.shop]
kind = "shopify"
secrets = ["{password}"]
country = "DE"

[sources.parcels]
kind = "aftership"
secrets = ["{password}"]

[web]
console_listen = "127.0.0.1:{console_port}"
public_listen = "127.0.0.1:{public_port}"
public_url = "http://127.0.0.1:{public_port}"

[log]
level = "warning"
"""


@dataclass(frozen=True)
class Wishes:
    """How the demo is to run: for how long (None: until Ctrl-C), how often somebody writes, and with which chance.

    `speed` says how many seconds pass in the story of orders and flows while one does.
    """

    lasts: timedelta | None
    every: float
    seed: int
    console_port: int
    speed: float = 21_600.0


@dataclass
class Stage:
    """Everything of the demo that lives."""

    server: MailServer
    settings: Settings
    db: Database
    clock: Clock
    agent_id: int
    crowd: Crowd
    story: StoryClock
    end: datetime
    buyers: Buyers
    browser: Browser

    def begin_now(self, wishes: Wishes) -> None:
        """Let the story begin, as of now, and customers read what comes from now on."""
        self.end = self.clock.now()
        self.story = StoryClock(self.clock, self.end - (wishes.lasts or _STORY) * wishes.speed, wishes.speed)
        self.crowd.read_from_now()


async def run_demo(wishes: Wishes, shipped: Path, clock: Clock, say: Callable[[str], None]) -> dict[str, Any] | None:
    """Run the shop; the report of an unattended run, None after Ctrl-C."""
    password = fresh_token()
    with tempfile.TemporaryDirectory(prefix="mailer-demo-") as folder:
        async with mail_server(password, clock) as server:
            stage = await _set_up(Path(folder), shipped, server, wishes, clock)
            try:
                if wishes.lasts is None:
                    await _attended(stage, wishes, folder, say)
                    return None
                return await _unattended(stage, wishes, wishes.lasts, say)
            finally:
                await stage.browser.close()
                stage.db.close()


async def _set_up(folder: Path, shipped: Path, server: MailServer, wishes: Wishes, clock: Clock) -> Stage:
    people, cast = customers(), buyers()
    for address in (CARE, *(one.address for one in people), *(one.address for one in cast)):
        await server.add_mailbox(address)
    now = clock.now()
    settings = _settings(folder, shipped, server, wishes, now)
    db = Database(settings.db.url)
    upgrade(db)
    _fill(db, people, now)
    agent_id = _person(db, "demo", Role.ADMIN, now)
    # Customers hand in over the same door, with an account of their own.
    account = RelayAccount.of(settings)
    crowd = Crowd(people, server, Relay(account), Pen(wishes.seed, people), clock)
    browser = Browser(settings.web.public_url)
    acting = Buyers(cast, crowd, browser, db, read_keys(settings.signing.key_file))
    end = clock.now()
    story = StoryClock(clock, end - (wishes.lasts or _STORY) * wishes.speed, wishes.speed)
    return Stage(server, settings, db, clock, agent_id, crowd, story, end, acting, browser)


def _fill(db: Database, people: list[Customer], now: datetime) -> None:
    db.run_here(ingest, parse_payload(orders(people, now)), source="demo", storefront="main", now=now)
    told = [one for one in read_products(StringIO(products(now.date()))) if isinstance(one, ProductIn)]
    db.run_here(take_products, told, source="demo", now=now)


async def _attended(stage: Stage, wishes: Wishes, folder: str, say: Callable[[str], None]) -> None:
    stop = app.stop_on_signals()
    ben, mia = (_join(stage, name, role) for name, role in (("ben", Role.AGENT), ("mia", Role.MARKETER)))
    ana = _join(stage, "ana", Role.AGENT)
    say("The last four weeks of the shop are lived through; this takes some seconds ...")
    await Past(stage.settings, stage.db, customers(), wishes.seed).live((ben, ana), stage.clock.now())
    stage.begin_now(wishes)
    daemon = asyncio.create_task(app.run(stage.settings, stage.clock, stop=stop, story=stage.story))
    address = _link(stage, stage.agent_id)
    say(f"A shop is running in {folder} and is gone when you press Ctrl-C.")
    say(f"Console, sign in once with this link:  {address}")
    say("    the admin sees all of it: the queue (? shows the keys), Flows, Reports, Health, People")
    say(f"As ana, an agent:     {_link(stage, ana)}")
    say("    answer: j and k go on, a approves and opens the next, e edits; ben answers beside you")
    say(f"As mia, a marketer:   {_link(stage, mia)}")
    say("    Templates: a draft, a comparison, a text whose file changed; Flows: a batch that waits for a word")
    say("Two people in one browser share its cookies: open the second in a private window.")
    say(f"Mail server for a look from outside:   IMAP 127.0.0.1:{stage.server.imap_port} without TLS,")
    say(f"    user {customers()[0].address} (or any customer, or {CARE}), password {stage.server.password}")
    say("Customers write every few seconds; their mails and our drafts are in the console.")
    say("Orders, parcels and the mails of flows run through the last weeks, faster than the clock, until today.")
    _open_browser(address)
    await _alive(stage, daemon)
    await stage.crowd.write_at_once(_AT_ONCE, gone=_GONE)
    works: list[Coroutine[Any, Any, object]] = [
        stage.crowd.write(wishes.every, stop),
        stage.buyers.live(stage.story, stage.end, stop),
        _people_work(stage, ben, mia, stop),
    ]
    working = [asyncio.create_task(one) for one in works]
    # What is left of the story is not told to a listener that closes.
    telling = asyncio.create_task(_tell(stage, asyncio.Event()))
    await asyncio.wait({daemon, working[0]}, return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    telling.cancel()
    await asyncio.gather(daemon, *working)
    await asyncio.gather(telling, return_exceptions=True)


async def _people_work(stage: Stage, ben: int, mia: int, stop: asyncio.Event) -> None:
    """What colleagues do beside the person at the screen."""
    terms = Terms.of(stage.settings, read_keys(stage.settings.signing.key_file))
    await Marketer(stage.db, stage.clock, stage.settings, mia).work()
    await look_after(stage.db, stage.clock, stage.settings, CARE)
    await Colleague(stage.db, stage.clock, terms, ben, mentions="ana", first=_GONE).work(stop)


def _join(stage: Stage, name: str, role: Role) -> int:
    return _person(stage.db, name, role, stage.clock.now())


def _person(db: Database, name: str, role: Role, now: datetime) -> int:
    """Somebody of the shop, whose test mails come to its own mailbox."""
    agent_id = db.run_here(add_agent, name, role, now)
    db.run_here(set_address, agent_id, CARE)
    return agent_id


def _link(stage: Stage, agent_id: int) -> str:
    token = stage.db.run_here(make_link, agent_id, now=stage.clock.now(), passwordless=True)
    return welcome_address(stage.settings.web, token)


async def _unattended(stage: Stage, wishes: Wishes, lasts: timedelta, say: Callable[[str], None]) -> dict[str, Any]:
    stop, quiet = asyncio.Event(), asyncio.Event()
    terms = Terms.of(stage.settings, read_keys(stage.settings.signing.key_file))
    # The daemon's own loops find an approval at their next look, within a second.
    agent = DemoAgent(stage.db, stage.clock, terms, stage.agent_id, lambda: None)
    daemon = asyncio.create_task(app.run(stage.settings, stage.clock, stop=stop, story=stage.story))
    await _alive(stage, daemon)
    deciding = asyncio.create_task(agent.work(stop))
    writing = asyncio.create_task(stage.crowd.write(wishes.every, quiet))
    done = asyncio.Event()
    acting = asyncio.create_task(stage.buyers.live(stage.story, stage.end, done))
    telling = asyncio.create_task(_tell(stage, quiet))
    say(f"Customers write for {lasts.total_seconds():.0f} s ...")
    await asyncio.wait({daemon, deciding}, timeout=lasts.total_seconds(), return_when=asyncio.FIRST_COMPLETED)
    quiet.set()
    await writing
    webhooks = await telling
    say("No new mail any more; waiting until everything is at rest ...")
    await _drain(stage)
    # What buyers got at the very end they act on too, and that has to come to rest as well.
    done.set()
    await acting
    await _drain(stage)
    scanned = await _scan(stage)
    stop.set()
    await asyncio.gather(daemon, deciding)
    outside = Outside(stage.crowd.handed_in, stage.server.delivered, agent.seen)
    found = stage.db.read_here(report, outside, CARE.partition("@")[2])
    flows = stage.db.read_here(flow_report, stage.server.delivered, _told(stage, wishes))
    flows["rules"] |= {"recorded_by_scanner": scanned["recorded"], "webhooks_refused": _refused(webhooks)}
    acted = dict(sorted(stage.buyers.acted.items()))
    return {**found, "webhooks": webhooks.total(), "acted": acted, "links_scanned": scanned["links"], **flows}


async def _tell(stage: Stage, stop: asyncio.Event) -> Counter[int]:
    """What happens to the buyers' orders and parcels."""
    told = happenings(buyers(), stage.end)
    return await tell_story(told, stage.browser, stage.server.password, stage.story, stop)


async def _scan(stage: Stage) -> dict[str, int]:
    """Let a link scanner open everything; how many answers came of that, which must be none."""
    before = await stage.db.read(answers)
    host = stage.settings.web.public_url.partition("//")[2]
    links = await scan(stage.server.delivered, stage.browser, host)
    after = await stage.db.read(answers)
    return {"links": links, "recorded": sum(abs(after[name] - before[name]) for name in after)}


def _told(stage: Stage, wishes: Wishes) -> Told:
    flows, _ = read_flows(stage.settings.flows.directory)
    zone = parse_zone(stage.settings.shop.zone)
    return Told(stage.story.told, _BLUR * wishes.speed, flows, zone, stage.story.now())


def _refused(webhooks: Counter[int]) -> int:
    return webhooks.total() - webhooks[200]


async def _alive(stage: Stage, daemon: asyncio.Task[None]) -> None:
    """Wait for the first poll: what came before it would be history."""
    while not daemon.done():
        found = await stage.db.read(status, now=stage.clock.now())
        if found.mailboxes and all(box.last_poll_at for box in found.mailboxes):
            return
        await asyncio.sleep(0.02)
    await daemon


async def _drain(stage: Stage) -> None:
    end = monotonic() + _DRAIN
    in_a_row = 0
    while monotonic() < end and in_a_row < 3:
        moving = stage.db.read_here(unfinished, handed_in=len(stage.crowd.handed_in), now=stage.story.now())
        in_a_row = 0 if moving else in_a_row + 1
        await asyncio.sleep(0.1)


def _settings(folder: Path, shipped: Path, server: MailServer, wishes: Wishes, now: datetime) -> Settings:
    undo = _UNDO if wishes.lasts is None else _UNDO_UNATTENDED
    ports = {
        "imap_port": server.imap_port,
        "smtp_port": server.smtp_port,
        "console_port": _free_port(wishes.console_port),
        "public_port": _free_port(),
    }
    words = {"care": CARE, "password": server.password, "authserv_id": AUTHSERV_ID, "undo": undo}
    write_files(folder, shipped, _CONFIG.format(**words, **ports), now.date())
    go_live(folder, _LIVE)
    if wishes.lasts is None:
        go_live(folder, (_BY_HAND,), "manual")
    # A shop of the visitor's own must not leak into the demo.
    for name in [name for name in os.environ if name.startswith("MAILER_") or name == "CREDENTIALS_DIRECTORY"]:
        del os.environ[name]
    os.environ["MAILER_CONFIG"] = str(folder / "config.toml")
    return load()


def _free_port(wanted: int = 0) -> int:
    """The wanted port, or any free one when somebody has it."""
    try:
        with socket.create_server(("127.0.0.1", wanted)) as probe:
            return int(probe.getsockname()[1])
    except OSError:
        return _free_port()


def _open_browser(address: str) -> None:
    """Open the console where there is a screen; on a server the printed link has to do."""
    if sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(address)
