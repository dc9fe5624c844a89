"""Orders run through the shipped flows while the daemon is killed at steered points: each mail once, or unknown.

`MAILER_FAULTS=long` kills 50 times under 2,000 orders, else 5 times under 30. The seed is printed;
MAILER_FAULTS_SEED repeats one. MAILER_FAULTS_REPORT names a file for the table.
"""

import os
import random
from collections import Counter

import pytest

from tests.faults.flow_campaign import AIMS, FLOWS, MAILS, FlowCampaign, Moment
from tests.faults.test_kills import a_person_settles_the_unknown, report
from tests.faults.verdict import every_reply_once
from tests.rigs.fixtures import HASTY_OUTBOUND, ShopMaker
from tests.rigs.relay import Relay
from tests.rigs.shop import Shop

pytestmark = [pytest.mark.faults, pytest.mark.xdist_group("kills")]

LONG = os.environ.get("MAILER_FAULTS") == "long"
ORDERS, KILLS = (2_000, 50) if LONG else (30, len(AIMS))
AT_EACH_POINT = 8 if LONG else 1
SPARE_ROUNDS = 2
FREE = {"automatic_per_hour": "0", "canary": "0"}


def test_each_mail_of_a_flow_goes_once_however_often_the_daemon_is_killed(make_shop: ShopMaker, relay: Relay) -> None:
    seed = int(os.environ.get("MAILER_FAULTS_SEED") or random.SystemRandom().randrange(10**6))
    print(f"\nseed {seed}: {ORDERS} orders, {KILLS} kills")
    shop = make_shop(smtp_port=relay.port, outbound=HASTY_OUTBOUND | FREE)
    campaign = FlowCampaign(shop, relay, random.Random(seed), orders=ORDERS)
    campaign.prepare()
    shop.run()
    try:
        _kill_at_every_point(campaign)
        campaign.place(ORDERS - campaign.placed)
        campaign.settle(within=1_800 if LONG else 120)
    finally:
        report(f"seed {seed}\n{campaign.table()}\ndeliveries at the end: {shop.states()}\n")
    assert set(every_reply_once(shop)) <= {"sent", "unknown"}
    # What waited for a mail that nobody knew of goes on.
    a_person_settles_the_unknown(shop)
    campaign.settle(within=60)
    _every_step_once(shop)
    assert every_reply_once(shop) == {"sent": ORDERS * sum(MAILS.values())}
    hits = Counter(kill.hit for kill in campaign.kills)
    assert min(hits[moment] for moment in AIMS) >= (5 if LONG else 1)


def _kill_at_every_point(campaign: FlowCampaign) -> None:
    wanted = dict.fromkeys(AIMS, AT_EACH_POINT) | {Moment.ANY: KILLS - AT_EACH_POINT * len(AIMS)}
    while open_aims := [aim for aim, times in wanted.items() if times > 0]:
        left = ORDERS - campaign.placed
        assert left > 0, f"no orders left to aim again\n{campaign.table()}"
        aim = campaign.chance.choice(open_aims)
        kill = campaign.round(aim, max(1, left // (sum(wanted.values()) + SPARE_ROUNDS)))
        if kill.hit is aim:
            wanted[aim] -= 1


def _every_step_once(shop: Shop) -> None:
    """Each order passed through each flow once, each step of it has one mail, and no customer has one twice."""
    passed = shop.rows("SELECT flow, count(*), count(DISTINCT order_id) FROM enrollment GROUP BY flow")
    assert {flow: (count, orders) for flow, count, orders in passed} == dict.fromkeys(FLOWS, (ORDERS, ORDERS))
    steps = shop.rows(
        """
        SELECT enrollment.flow, flow_step.outcome, count(*), count(DISTINCT flow_step.delivery_id)
        FROM flow_step JOIN enrollment ON enrollment.id = flow_step.enrollment_id
        GROUP BY enrollment.flow, flow_step.outcome
        """
    )
    assert {outcome for _, outcome, _, _ in steps} == {"queued"}, steps
    assert {flow: (count, mails) for flow, _, count, mails in steps} == {
        flow: (ORDERS * each, ORDERS * each) for flow, each in MAILS.items()
    }
    copies = Counter((mail.recipient, mail.mail["Subject"]) for mail in shop.accepted())
    assert [recipient for (recipient, _), count in copies.items() if count > 1] == []
