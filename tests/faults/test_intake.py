"""Through a line that cuts, stalls, halves and corrupts, with two renumberings and many kills: every mail, once.

`MAILER_FAULTS=long` reads 2,000 mails under 100 kills, else 120 under 6. The seed is printed; MAILER_FAULTS_SEED
repeats one.
"""

import os
import random
import time
from collections import Counter

import pytest

from mailer.clock import SystemClock
from mailer.inbound import quarantine, reconcile
from tests.faults.verdict import every_mail_once
from tests.rigs.fixtures import ShopMaker
from tests.rigs.letters import letter
from tests.rigs.shop import Shop
from tests.rigs.wire import Wire

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("kills")]

LONG = os.environ.get("MAILER_FAULTS") == "long"
MAILS, KILLS = (2_000, 100) if LONG else (120, 6)
SIZES = (0, 0, 0, 2_000, 40_000)


def test_every_mail_is_in_once_whatever_the_line_and_the_kills_do(make_shop: ShopMaker, wire: Wire) -> None:
    seed = int(os.environ.get("MAILER_FAULTS_SEED") or random.SystemRandom().randrange(10**6))
    chance = random.Random(seed)
    shop = make_shop(imap_port=wire.port)
    shop.run()
    began, done = time.monotonic(), Counter[str]()
    portions = [MAILS // KILLS + (number < MAILS % KILLS) for number in range(KILLS)]
    for number, portion in enumerate(portions):
        _deliver(shop, chance, portion)
        done[_trouble(wire, chance)] += 1
        time.sleep(chance.uniform(0, 1.5))
        shop.daemon.kill()
        wire.thaw()
        if number in (KILLS // 3, 2 * KILLS // 3):
            shop.dovecot.reset_uidvalidity(shop.mailbox)
        shop.start()
    _settle(shop, within=900 if LONG else 120)
    every_mail_once(shop, expected=MAILS)
    _ledger_equals_server(shop)
    print(f"\nseed {seed}: {MAILS} mails, {KILLS} kills, {dict(done)}, {time.monotonic() - began:.0f} s")


def _deliver(shop: Shop, chance: random.Random, count: int) -> None:
    customer = shop.customer("ana")
    shop.dovecot.deliver(shop.mailbox, *(letter(customer, ballast=chance.choice(SIZES)) for _ in range(count)))


def _trouble(wire: Wire, chance: random.Random) -> str:
    """Spoil the line a little way into what the server is about to say."""
    ahead = chance.randrange(200, 60_000)
    match chance.choice(("cut", "stall", "half", "corrupt", "none")):
        case "cut":
            time.sleep(chance.uniform(0, 0.5))
            wire.cut()
            return "cut"
        case "stall":
            wire.freeze_after(ahead)
            return "stall"
        case "half":
            wire.freeze_after(ahead)
            time.sleep(chance.uniform(0.1, 0.8))
            wire.cut()
            return "half"
        case "corrupt":
            wire.corrupt_after(ahead)
            return "corrupt"
        case _:
            return "none"


def _settle(shop: Shop, within: float) -> None:
    """Every mail was read; one that was set aside on the bad line is asked for again, as a person would."""

    def settled() -> bool:
        for (number,) in shop.rows("SELECT id FROM raw_mail WHERE state = 'quarantined'"):
            shop.database.run_here(quarantine.retry, number, now=SystemClock().now())
        return shop.count("SELECT count(*) FROM message WHERE direction = 'in'") >= MAILS

    shop.wait(settled, within=within, what=f"{MAILS} mails are read", every=0.5)


def _ledger_equals_server(shop: Shop) -> None:
    shop.database.run_here(reconcile.ask_all, now=SystemClock().now())
    query = "SELECT reconciled_server, reconciled_ours FROM mailbox WHERE reconcile_wanted_at IS NULL"
    shop.wait(lambda: shop.rows(query), within=60, what="server and ledger are compared")
    assert [tuple(row) for row in shop.rows(query)] == [(MAILS, MAILS)]
    assert f"server {MAILS:,} = ours {MAILS:,}, 0 missing" in shop.mailer("status", code=None).stdout
