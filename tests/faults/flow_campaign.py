"""The kill campaign of the flows: orders come in portions, the daemon is killed at a point, the rows are examined.

The shipped flows run live with their waits taken out, so that each order meets every step within seconds.
"""

import random
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from threading import Thread
from typing import Any

from mailer.clock import SystemClock
from mailer.orders.ingest import ingest
from mailer.orders.source import parse_payload
from mailer.outbound.consent import ConsentTold, record_consent
from tests.faults.campaign import Watcher
from tests.rigs.relay import Point, Relay
from tests.rigs.shop import Shop

FIRST_ORDER = 5001
# What an order that is delivered sets going; each is one mail, or two where a reminder follows.
FLOWS = ("order_confirmation", "shipping_notice", "delivered_check", "review_invitation", "satisfaction_survey",
         "vip_month")  # fmt: skip
MAILS = {"order_confirmation": 1, "shipping_notice": 1, "delivered_check": 1, "review_invitation": 2,
         "satisfaction_survey": 1, "vip_month": 1}  # fmt: skip


class Moment(StrEnum):
    """Where a kill hit, by what the rows and the relay said just after it."""

    STORED = "event stored and not taken"
    ENROLLED = "enrolled, no step decided"
    ADVANCED = "advanced: a step's mail is queued"
    SENDING = "sending"
    HANDING_OVER = "handing over"
    ANY = "at a moment drawn by chance"
    ELSEWHERE = "elsewhere"


AIMS = (Moment.STORED, Moment.ENROLLED, Moment.ADVANCED, Moment.SENDING, Moment.HANDING_OVER)
_UNTAKEN = """
    SELECT 1 FROM event WHERE NOT EXISTS
    (SELECT 1 FROM event_taken WHERE event_taken.event_id = event.id AND event_taken.reader = 'flows') LIMIT 1
"""
_UNDECIDED = """
    SELECT 1 FROM enrollment WHERE state = 'active' AND NOT EXISTS
    (SELECT 1 FROM flow_step WHERE flow_step.enrollment_id = enrollment.id) LIMIT 1
"""
_QUEUED = "SELECT 1 FROM delivery WHERE state = 'queued' AND attempt = 0 LIMIT 1"

_RUNNING = """
    SELECT count(*) FROM enrollment WHERE state IN ('active', 'paused') AND NOT EXISTS
    (SELECT 1 FROM delivery WHERE delivery.enrollment_id = enrollment.id AND delivery.state = 'unknown')
"""


@dataclass
class Kill:
    """One kill: what it aimed at, what it hit, and what lay in the rows then."""

    aim: Moment
    hit: Moment
    seconds: float
    rows: str


@dataclass
class FlowCampaign:
    """Orders come in portion by portion; each portion is a round that ends with a kill at the point aimed at."""

    shop: Shop
    relay: Relay
    chance: random.Random
    orders: int
    kills: list[Kill] = field(default_factory=list)
    placed: int = 0

    def prepare(self) -> None:
        """Every flow of this campaign live, without waits, quiet hours and caps, and what its mails have to tell."""
        config = self.shop.folder / "config.toml"
        config.write_text(with_facts(config.read_text(), self.shop))
        folder = self.shop.folder / "schedules" / "flows"
        for path in folder.glob("*.toml"):
            if path.stem in FLOWS:
                path.write_text(at_once(path.read_text()))
            else:
                path.unlink()

    def round(self, aim: Moment, portion: int) -> Kill:
        """Orders come in meanwhile: steer to the point, kill, examine, start again."""
        began = time.monotonic()
        stall = {
            Moment.ADVANCED: (Point.MAIL,),
            Moment.SENDING: (Point.MAIL, Point.RCPT),
            Moment.HANDING_OVER: (Point.DATA, Point.ACCEPTED),
        }.get(aim)
        point = self.chance.choice(stall) if stall else None
        if point is not None:
            self.relay.stall(point)
        placing = Thread(target=lambda: [self.place(1) for _ in range(portion)])
        placing.start()
        self._steer(aim, point)
        kill = self._kill(aim, began)
        self.relay.let_go()
        placing.join()
        self.shop.run()
        return kill

    def _steer(self, aim: Moment, point: Point | None) -> None:
        queries = {Moment.STORED: _UNTAKEN, Moment.ENROLLED: _UNDECIDED, Moment.ADVANCED: _QUEUED}
        if aim in queries:
            Watcher(self.shop).until(queries[aim], within=30)
        elif point is not None:
            self.shop.wait(lambda: self.relay.held(point), within=30, what=f"a mail is held at {point}", every=0.01)
            time.sleep(self.chance.uniform(0, 0.05))
        else:
            time.sleep(self.chance.uniform(0, 2))

    def place(self, portion: int) -> None:
        """So many more orders, each of a customer of its own: placed, shipped and delivered."""
        fresh = [self._order(number) for number in range(self.placed, self.placed + portion)]
        self.placed += portion
        now = SystemClock().now()
        self.shop.database.run_here(ingest, parse_payload(fresh), source="shop", now=now)
        for order in fresh:
            self.shop.database.run_here(record_consent, _consent(order["email"], now), now=now)

    def settle(self, within: float) -> None:
        """Wait until every Event is taken and no mail moves; a passage may wait for an unknown mail."""

        def settled() -> bool:
            moving = self.shop.count(
                "SELECT count(*) FROM delivery WHERE state IN ('undoable', 'queued', 'sending', 'handing_over')"
            )
            return not (self.shop.rows(_UNTAKEN) or self.shop.count(_RUNNING) or moving)

        self.shop.wait(settled, within=within, what="every flow has run to its end", every=0.3)

    def table(self) -> str:
        """Aims, hits and what was found, for people."""
        lines = [f"{kill.aim:<36}{kill.hit:<36}{kill.seconds:<7.2f}{kill.rows}" for kill in self.kills]
        hits = Counter(kill.hit for kill in self.kills)
        return "\n".join([*lines, "", *(f"{hits[moment]:>4} x {moment}" for moment in Moment)])

    def _order(self, index: int) -> dict[str, Any]:
        now = datetime.now(UTC)
        number = FIRST_ORDER + index
        at = {name: (now - timedelta(minutes=minutes)).isoformat() for name, minutes in _MINUTES_AGO.items()}
        parcel = {
            "id": 90_000 + index,
            "status": "success",
            "created_at": at["shipped"],
            "tracking_company": "DHL",
            "tracking_number": f"JD{number}",
            "events": [
                {"id": f"{number}-1", "status": "in_transit", "happened_at": at["scanned"]},
                {"id": f"{number}-2", "status": "delivered", "happened_at": at["delivered"]},
            ],
        }
        return {
            "id": number,
            "name": f"#{number}",
            "email": self.shop.customer(f"bo{index}x"),
            "customer_locale": "en",
            "currency": "EUR",
            "total_price": "59.00",
            "financial_status": "paid",
            "created_at": at["placed"],
            "updated_at": at["delivered"],
            "customer": {"first_name": "Bo", "last_name": f"Nr {index}"},
            "shipping_address": {"country_code": "FR"},
            "line_items": [{"id": number, "title": "Linen shirt", "sku": "LS-M", "quantity": 1}],
            "fulfillments": [parcel],
        }

    def _kill(self, aim: Moment, began: float) -> Kill:
        held = {point for point in Point if self.relay.held(point)}
        self.shop.daemon.kill()
        deliveries = self.shop.states()
        borne_out = {
            Moment.STORED: bool(self.shop.rows(_UNTAKEN)),
            Moment.ENROLLED: bool(self.shop.rows(_UNDECIDED)),
            Moment.ADVANCED: bool(self.shop.rows(_QUEUED)),
            Moment.SENDING: bool(held & {Point.MAIL, Point.RCPT}) and "sending" in deliveries,
            Moment.HANDING_OVER: bool(held & {Point.DATA, Point.ACCEPTED}) and "handing_over" in deliveries,
            Moment.ANY: True,
        }
        hit = aim if borne_out[aim] else Moment.ELSEWHERE
        rows = f"enrollments {self.shop.states('enrollment')} deliveries {deliveries}"
        self.kills.append(Kill(aim, hit, time.monotonic() - began, rows))
        return self.kills[-1]


_MINUTES_AGO = {"placed": 240, "shipped": 180, "scanned": 120, "delivered": 60}


def with_facts(config: str, shop: Shop) -> str:
    """The configuration with the facts that the shipped mails need."""
    config = config.replace("[shop]", '[shop]\npostal_address = "Linen & Co, Hafenstr. 1, 20457 Hamburg"')
    config = config.replace("[web]", f'[web]\npublic_url = "http://127.0.0.1:{shop.public_port}"')
    return f'{config}\n[offers.coupons.thanks]\npattern = "THX-########"\n'


def at_once(text: str) -> str:
    """A flow's file as the campaign runs it: live, every wait of no length, by day and night, without a cap."""
    text = re.sub(r'^status = "\w+"', 'status = "live"', text, flags=re.MULTILINE)
    text = re.sub(r"^wait = (\{[^}]*\}|\"[^\"]*\")", 'wait = "0h"', text, flags=re.MULTILINE)
    # An order of this campaign is delivered as soon as it is placed; nothing must end by that.
    text = re.sub(r"^on = \[.*\]", "on = []", text, flags=re.MULTILINE)
    text = re.sub(r"^(at|between|cap|if_capped) = .*$", "", text, flags=re.MULTILINE)
    # Its own tests speak of the waits that it had.
    return text.split("[[test]]", 1)[0]


def _consent(address: str, now: datetime) -> ConsentTold:
    return ConsentTold(
        key=f"shop:{address}",
        address=address,
        stream="marketing",
        granted=True,
        basis="opt_in",
        source="shop",
        given_at=now - timedelta(days=1),
    )
