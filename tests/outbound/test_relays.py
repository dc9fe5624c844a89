"""How a relay stands, as rows: what is asked of it now, after a restart too, and who must know."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from mailer.config import DomainPace, Outbound, SenderConfig, Settings, Shop
from mailer.db import Database
from mailer.model import Circuit, Delivery, DeliveryState, open_alarms
from mailer.outbound.deliver import claim, rescue
from mailer.outbound.outcome import Accepted, Cause, Deferred, Outcome, Refused
from mailer.outbound.pace import Rate
from mailer.outbound.relays import SHIPPED, RelayLimits, ask_at_once, heed, may_ask, resting, wait_for_pace
from tests import build

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
LEASE = timedelta(seconds=30)
LOCKED_OUT = Deferred("535 5.7.8 no", 535, Cause.LOGIN_REFUSED)
CROWDED = Deferred("421 4.3.2 too many connections", 421, Cause.TOO_MANY_CONNECTIONS)


def circuit(session: Session) -> Circuit | None:
    return session.get(Circuit, SHIPPED.relay)


def alarms(db: Database) -> list[tuple[str, str]]:
    return [(alarm.kind, alarm.subject) for alarm in db.read_here(open_alarms)]


def many(db: Database, now: datetime, count: int, domain: str = "customer.test") -> list[int]:
    """Approved answers to different customers, due now."""
    return [
        db.run_here(build.approved, now - MINUTE, number=f"#{one}", sender=f"c{one}@{domain}", id=str(one))[1]
        for one in range(count)
    ]


def claimed(db: Database, now: datetime, limits: RelayLimits = SHIPPED, lane: int = 0) -> int | None:
    found = db.run_here(claim, owner="w", lease=LEASE, now=now, limits=limits, lane=lane)
    return found.delivery_id if found else None


def test_a_relay_that_is_well_has_no_row(db: Database, now: datetime) -> None:
    db.run_here(heed, [Accepted("250")] * 3, SHIPPED, now=now)
    assert db.read_here(circuit) is None
    assert not db.read_here(resting, SHIPPED, 1, now)


def test_a_refused_login_stops_all_mails_and_alarms_and_one_asks_again_slowly(db: Database, now: datetime) -> None:
    many(db, now, 3)
    db.run_here(heed, [LOCKED_OUT], SHIPPED, now=now)
    assert alarms(db) == [("sending", SHIPPED.relay)]
    assert claimed(db, now + 40 * SECOND) is None
    first = claimed(db, now + 2 * MINUTE)
    assert first is not None
    assert claimed(db, now + 2 * MINUTE) is None, "while one asks, the others wait"
    db.run_here(heed, [LOCKED_OUT], SHIPPED, now=now + 2 * MINUTE)
    assert claimed(db, now + 3 * MINUTE) is None
    db.run_here(heed, [Accepted("250")], SHIPPED, now=now + 5 * MINUTE)
    assert alarms(db) == []
    assert claimed(db, now + 5 * MINUTE) is not None
    assert claimed(db, now + 5 * MINUTE) is not None


def test_whoever_asks_and_dies_is_followed_by_another(db: Database, now: datetime) -> None:
    many(db, now, 2)
    db.run_here(heed, [LOCKED_OUT], SHIPPED, now=now)
    assert claimed(db, now + 2 * MINUTE) is not None
    assert claimed(db, now + 2 * MINUTE + LEASE + SECOND) is not None
    assert db.run_here(rescue, now=now + HOUR) == 2


def test_who_is_told_that_all_is_mended_asks_at_once(db: Database, now: datetime) -> None:
    many(db, now, 1)
    db.run_here(heed, [LOCKED_OUT] * 7, SHIPPED, now=now)
    assert claimed(db, now + MINUTE) is None
    db.run_here(ask_at_once, now=now + MINUTE)
    assert claimed(db, now + MINUTE) is not None


def test_what_waits_for_a_resting_relay_too_long_is_told_in_time(db: Database, now: datetime) -> None:
    (delivery_id,) = many(db, now, 1)
    late = now + timedelta(hours=49)
    db.run_here(heed, [LOCKED_OUT] * 7, SHIPPED, now=late)
    assert claimed(db, late) is None
    assert db.read_here(build.delivery, delivery_id).state == DeliveryState.EXPIRED


def test_a_relay_that_is_down_for_long_alarms_and_one_that_hiccups_does_not(db: Database, now: datetime) -> None:
    down = Deferred("gone", None, Cause.RELAY_SILENT)
    db.run_here(heed, [down] * 4, SHIPPED, now=now)
    assert alarms(db) == []
    db.run_here(heed, [down], SHIPPED, now=now + 3 * MINUTE)
    assert alarms(db) == [("sending", SHIPPED.relay)]


def test_fewer_connections_leave_lanes_idle_until_they_grow_again(db: Database, now: datetime) -> None:
    limits = RelayLimits(connections=4)
    db.run_here(heed, [CROWDED], limits, now=now)
    later = now + MINUTE
    assert [db.read_here(resting, limits, lane, later) for lane in range(4)] == [False, False, True, True]
    db.run_here(heed, [Accepted("250")] * 20, limits, now=later)
    assert not db.read_here(resting, limits, 3, later)


def test_three_refusals_for_policy_pause_the_account(db: Database, now: datetime) -> None:
    many(db, now, 1)
    policy: list[Outcome] = [Refused("550 5.7.1 spam", 550, Cause.POLICY)] * 3
    db.run_here(heed, policy, SHIPPED, now=now)
    assert alarms(db) == [("sending", SHIPPED.relay)]
    assert claimed(db, now + SECOND) is None


@pytest.mark.parametrize("lane", [0, 1])
def test_a_resting_relay_is_left_alone_by_every_lane(db: Database, now: datetime, lane: int) -> None:
    db.run_here(heed, [Deferred("421", 421, Cause.RELAY_LATER)], SHIPPED, now=now)
    assert db.read_here(resting, SHIPPED, lane, now)
    assert not db.run_here(may_ask, SHIPPED, until=now + LEASE, now=now)


def test_the_pace_of_the_relay_holds_all_and_survives_a_restart(db: Database, now: datetime) -> None:
    limits = RelayLimits(rate=Rate(per_minute=12))
    ids = many(db, now, 4)
    assert [claimed(db, now, limits) is not None for _ in range(3)] == [True, True, False]
    # Another process, with nothing but the rows.
    assert claimed(db, now + 5 * SECOND, limits) is None
    assert claimed(db, now + 6 * SECOND + SECOND, limits) is not None
    states = [db.read_here(build.delivery, one).state for one in ids]
    assert sorted(states) == sorted([DeliveryState.SENDING] * 3 + [DeliveryState.QUEUED])


def test_a_slow_domain_lets_the_others_pass(db: Database, now: datetime) -> None:
    limits = RelayLimits(domains={"slow.test": Rate(per_minute=1)})
    slow = many(db, now, 3, "slow.test")
    _, quick = db.run_here(build.approved, now - MINUTE, number="#q", sender="q@quick.test", id="99")
    taken = [claimed(db, now, limits) for _ in range(4)]
    assert set(taken) == {slow[0], quick, None}

    def waits(session: Session) -> list[datetime]:
        return [build.delivery(session, one).next_attempt_at for one in slow[1:]]

    assert all(now + 50 * SECOND < at < now + 70 * SECOND for at in db.read_here(waits))


def test_a_mail_that_must_wait_takes_no_token_of_another_bucket(db: Database, now: datetime) -> None:
    limits = RelayLimits(rate=Rate(per_minute=6), domains={"slow.test": Rate(per_minute=1)})
    assert db.run_here(wait_for_pace, limits, "a@slow.test", now=now) is None
    waiting = db.run_here(wait_for_pace, limits, "b@quick.test", now=now)
    assert waiting is not None
    assert waiting[0] == f"relay {limits.relay}"
    again = db.run_here(wait_for_pace, limits, "b@quick.test", now=now + 13 * SECOND)
    assert again is None


def test_nothing_is_counted_where_nothing_is_limited(db: Database, now: datetime) -> None:
    many(db, now, 2)
    assert claimed(db, now) is not None
    assert db.read_here(lambda session: session.get(Circuit, SHIPPED.relay)) is None
    assert db.read_here(lambda session: session.get(Delivery, 2)) is not None


def test_the_limits_are_those_of_config(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILER_CONFIG", "nowhere.toml")
    outbound = Outbound(
        host="relay.test",
        username="care",
        connections=3,
        per_minute=30,
        per_day=10_000,
        domains={"Bücher.test": DomainPace(per_minute=5)},
    )
    settings = Settings(
        shop=Shop(name="Linen & Co"), senders={"care": SenderConfig(address="care@shop.test")}, outbound=outbound
    )
    assert RelayLimits.of(settings) == RelayLimits(
        "care at relay.test:587", 3, Rate(30, 10_000), {"xn--bcher-kva.test": Rate(5)}
    )
