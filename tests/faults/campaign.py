"""The kill campaign's steps: bring the daemon to a point, kill it there, look what the rows say, let it run again."""

import random
import sqlite3
import time
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from tests.rigs.letters import Letter, letter
from tests.rigs.machine import wait_for
from tests.rigs.relay import Point, Relay
from tests.rigs.shop import Shop

FIRST_ORDER = 2001


class Moment(StrEnum):
    """Where a kill hit, by what the rows and the relay said just after it."""

    STORED = "stored and not received"
    DRAFTED = "drafted"
    SENDING = "sending"
    BEFORE_BODY = "handing over, before the body"
    AFTER_BODY = "after the body, before it is recorded"
    ANY = "at a moment drawn by chance"
    ELSEWHERE = "elsewhere"


AIMS = (Moment.STORED, Moment.DRAFTED, Moment.SENDING, Moment.BEFORE_BODY, Moment.AFTER_BODY)


@dataclass
class Kill:
    """One kill: what it aimed at, what it hit, and what lay in the rows then."""

    aim: Moment
    hit: Moment
    seconds: float
    raw: dict[str, int]
    drafts: dict[str, int]
    deliveries: dict[str, int]


@dataclass
class Campaign:
    """Mails go in portion by portion; each portion is a round that ends with a kill at the point aimed at."""

    shop: Shop
    relay: Relay
    chance: random.Random
    mails: int
    kills: list[Kill] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)

    def round(self, aim: Moment, portion: int) -> Kill:
        """Deliver a portion, steer to the point, kill, examine, start again."""
        began = time.monotonic()
        match aim:
            case Moment.STORED:
                self._to_stored(portion)
            case Moment.DRAFTED:
                self._to_drafted(portion)
            case Moment.SENDING:
                self._to_relay(portion, self.chance.choice((Point.MAIL, Point.RCPT)))
            case Moment.BEFORE_BODY:
                self._to_relay(portion, Point.DATA)
            case Moment.AFTER_BODY:
                self._to_relay(portion, Point.ACCEPTED)
            case _:
                self._to_any(portion)
        kill = self._kill(aim, began)
        self.relay.let_go()
        self.shop.run()
        self.shop.approve_all()
        return kill

    def settle(self, within: float) -> None:
        """Approve what waits until nothing moves any more: every mail answered, every delivery settled."""

        def settled() -> bool:
            self.shop.approve_all()
            unread = self.shop.count("SELECT count(*) FROM raw_mail WHERE state = 'stored'")
            read = self.shop.count("SELECT count(*) FROM raw_mail")
            waiting = self.shop.count("SELECT count(*) FROM conversation WHERE state = 'needs_answer'")
            moving = sum(
                count
                for state, count in self.shop.states().items()
                if state in {"undoable", "queued", "sending", "handing_over"}
            )
            return read == len(self.letters) and not (unread or waiting or moving or self.shop.pending())

        self.shop.wait(settled, within=within, what="all mails are answered and all deliveries settled", every=0.2)

    def table(self) -> str:
        """Aims, hits and what was found, for people."""
        lines = ["aim                                     hit                                     s      rows"]
        for kill in self.kills:
            rows = f"raw {kill.raw} drafts {kill.drafts} deliveries {kill.deliveries}"
            lines.append(f"{kill.aim:<40}{kill.hit:<40}{kill.seconds:<7.2f}{rows}")
        hits = Counter(kill.hit for kill in self.kills)
        return "\n".join([*lines, "", *(f"{hits[moment]:>4} x {moment}" for moment in Moment)])

    def deliver(self, portion: int) -> None:
        """So many new mails, each from a customer with an order of their own."""
        fresh = [self._letter(index) for index in range(len(self.letters), len(self.letters) + portion)]
        self.letters += fresh
        self.shop.dovecot.deliver(self.shop.mailbox, *fresh)

    def _letter(self, index: int) -> Letter:
        """Each customer has an order of their own, so that each mail is answered from its own facts."""
        text = f"Hello,\n\nwhere is my order #{FIRST_ORDER + index}?\n\nAna {index}\n"
        return letter(self.customer(index), text=text, ballast=self.chance.choice((0, 0, 2_000, 20_000)))

    def customer(self, index: int) -> str:
        return self.shop.customer(f"ana{index}x")

    def import_orders(self) -> None:
        """An order for each customer that is going to write."""
        numbers = range(self.mails)
        self.shop.import_orders(*(self.shop.order(f"#{FIRST_ORDER + i}", f"ana{i}x") for i in numbers))

    def _to_stored(self, portion: int) -> None:
        """The point lasts milliseconds: mails lie ready when the daemon starts, and the file is watched meanwhile."""
        self.shop.daemon.terminate()
        self.deliver(portion)
        self.shop.start()
        watcher = Watcher(self.shop)
        watcher.until("SELECT 1 FROM raw_mail WHERE state = 'stored' LIMIT 1", within=20)

    def _to_drafted(self, portion: int) -> None:
        self.deliver(portion)
        Watcher(self.shop).until("SELECT 1 FROM draft WHERE state = 'pending' LIMIT 1", within=20)

    def _to_relay(self, portion: int, point: Point) -> None:
        self.relay.stall(point)
        self.deliver(portion)

        def held() -> bool:
            self.shop.approve_all()
            return bool(self.relay.held(point))

        self.shop.wait(held, within=30, what=f"a mail is held at {point}", every=0.01)
        # A point between two commits is hit at its beginning, in its middle and at its end.
        time.sleep(self.chance.uniform(0, 0.05))

    def _to_any(self, portion: int) -> None:
        self.deliver(portion)
        end = time.monotonic() + self.chance.uniform(0, 1.5)
        while time.monotonic() < end:
            self.shop.approve_all()

    def _kill(self, aim: Moment, began: float) -> Kill:
        held = {point: [passage.recipient for passage in self.relay.held(point)] for point in Point}
        self.shop.daemon.kill()
        raw, drafts, deliveries = (self.shop.states(table) for table in ("raw_mail", "draft", "delivery"))
        states = dict(self.shop.rows("SELECT recipient, state FROM delivery"))
        at = {point: {states.get(recipient) for recipient in recipients} for point, recipients in held.items()}
        # At MAIL the relay does not know the recipient yet.
        at[Point.MAIL] = set(states.values()) if held[Point.MAIL] else set()
        borne_out = {
            Moment.STORED: raw.get("stored", 0) > 0,
            Moment.DRAFTED: drafts.get("pending", 0) > 0,
            Moment.SENDING: "sending" in at[Point.MAIL] | at[Point.RCPT],
            Moment.BEFORE_BODY: "handing_over" in at[Point.DATA],
            Moment.AFTER_BODY: "handing_over" in at[Point.ACCEPTED],
            Moment.ANY: True,
        }
        hit = aim if borne_out[aim] else Moment.ELSEWHERE
        kill = Kill(aim, hit, time.monotonic() - began, raw, drafts, deliveries)
        self.kills.append(kill)
        return kill


class Watcher:
    """Asks one question of the SQLite file over one connection, thousands of times a second."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._connection = sqlite3.connect(f"file:{shop.sqlite}?mode=ro", uri=True, timeout=10)

    def until(self, query: str, *, within: float) -> None:
        try:
            wait_for(lambda: self._connection.execute(query).fetchone(), within=within, what=query, every=0.0002)
        finally:
            self._connection.close()
