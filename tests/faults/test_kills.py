"""The real daemon is killed with SIGKILL at steered points; nothing is lost, nothing goes twice.

`MAILER_FAULTS=long` kills 50 times under 500 mails, else 10 times under 60. The seed is printed; MAILER_FAULTS_SEED
repeats one. MAILER_FAULTS_REPORT names a file for the table.
"""

import os
import random
from collections import Counter
from pathlib import Path

import pytest

from mailer.clock import SystemClock
from mailer.outbound.unknown import decide
from tests.faults.campaign import AIMS, Campaign, Moment
from tests.faults.verdict import every_approval_once, every_mail_once, every_reply_once
from tests.rigs.fixtures import ShopMaker
from tests.rigs.relay import Relay
from tests.rigs.shop import Shop

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("kills")]

LONG = os.environ.get("MAILER_FAULTS") == "long"
MAILS, KILLS = (500, 50) if LONG else (60, 10)
# How often each steered point is to be hit; the other kills come at moments drawn by chance.
AT_EACH_POINT = 8 if LONG else 1
# A point that lasts a millisecond is missed now and then; then it is aimed at again.
SPARE_ROUNDS = 2


def test_nothing_is_lost_and_nothing_goes_twice_however_often_the_daemon_is_killed(
    make_shop: ShopMaker, relay: Relay
) -> None:
    seed = int(os.environ.get("MAILER_FAULTS_SEED") or random.SystemRandom().randrange(10**6))
    print(f"\nseed {seed}: {MAILS} mails, {KILLS} kills")
    shop = make_shop(smtp_port=relay.port)
    campaign = Campaign(shop, relay, random.Random(seed), mails=MAILS)
    campaign.import_orders()
    shop.run()
    try:
        _kill_at_every_point(campaign)
        campaign.deliver(MAILS - len(campaign.letters))
        campaign.settle(within=120 if LONG else 60)
    finally:
        report(f"seed {seed}\n{campaign.table()}\ndeliveries at the end: {shop.states()}\n")
    every_mail_once(shop, expected=MAILS)
    every_approval_once(shop)
    outcome = every_reply_once(shop)
    assert outcome["sent"] + outcome["unknown"] == MAILS
    a_person_settles_the_unknown(shop)
    assert every_reply_once(shop) == {"sent": MAILS}
    hits = Counter(kill.hit for kill in campaign.kills)
    assert min(hits[moment] for moment in AIMS) >= (5 if LONG else 1)


def _kill_at_every_point(campaign: Campaign) -> None:
    """Each point in turn, in an order drawn from the seed, until each was hit its number of times."""
    wanted = dict.fromkeys(AIMS, AT_EACH_POINT) | {Moment.ANY: KILLS - AT_EACH_POINT * len(AIMS)}
    while open_aims := [aim for aim, times in wanted.items() if times > 0]:
        left = MAILS - len(campaign.letters)
        assert left > 0, f"no mails left to aim again\n{campaign.table()}"
        aim = campaign.chance.choice(open_aims)
        kill = campaign.round(aim, max(1, left // (sum(wanted.values()) + SPARE_ROUNDS)))
        if kill.hit is aim:
            wanted[aim] -= 1


def a_person_settles_the_unknown(shop: Shop) -> None:
    """Someone who looks into the relay's log says of each unknown reply whether it arrived; then all have theirs."""
    taken = {mail.message_id for mail in shop.accepted()}
    query = """
        SELECT delivery.id, message.internet_message_id
        FROM delivery JOIN message ON message.id = delivery.message_id WHERE delivery.state = 'unknown'
    """
    for delivery_id, message_id in shop.rows(query):
        shop.database.run_here(
            decide, delivery_id, arrived=message_id in taken, agent_id=shop.agent_id(), now=SystemClock().now()
        )
    shop.wait(lambda: set(shop.states()) == {"sent"}, within=60, what="all deliveries are sent", every=0.1)


def report(words: str) -> None:
    print(words)
    if path := os.environ.get("MAILER_FAULTS_REPORT"):
        with Path(path).open("a") as file:
            file.write(words)
