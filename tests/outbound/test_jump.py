"""A clock that jumps and a database that is older than the world both stop sending until somebody has looked."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import Message, Sighting, open_alarms
from mailer.outbound.deliver import Deliverer
from mailer.outbound.hold import resume, stopped
from mailer.outbound.jump import Jumps, stop_for_jump, stop_for_restore
from mailer.outbound.outcome import Accepted
from mailer.signing import Keys
from tests import build
from tests.outbound.test_deliver import Recorder

SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
DOMAIN = "shop.test"


@pytest.mark.parametrize(
    ("wall", "steady", "jump"),
    [
        (SECOND, 1.0, None),
        (59 * SECOND, 0.0, None),
        (61 * SECOND, 0.0, 61 * SECOND),
        (-61 * SECOND, 0.0, -61 * SECOND),
        (DAY, 86_400.0, None),
        (timedelta(), 3_600.0, timedelta(hours=-1)),
        (365 * DAY, 2.0, 365 * DAY - 2 * SECOND),
    ],
)
def test_a_jump_is_what_the_two_clocks_disagree_on(
    now: datetime, wall: timedelta, steady: float, jump: timedelta | None
) -> None:
    readings = iter([0.0, steady, steady])
    jumps = Jumps(lambda: next(readings))
    assert jumps.since_last(now) is None
    assert jumps.since_last(now + wall) == jump
    assert jumps.since_last(now + wall) is None, "a jump is told once"


async def test_after_a_jump_nothing_is_claimed(db: Database, clock: FrozenClock) -> None:
    _, delivery_id = db.run_here(build.approved, clock.now())
    relay = Recorder(db, Accepted("250"))
    one = Deliverer(db, clock, owner="one", sender="care@shop.test", lease=timedelta(seconds=30), steady=lambda: 0.0)
    assert not await one.deliver_next(relay), "it is not due yet"
    clock.current += 400 * DAY
    assert not await one.deliver_next(relay)
    assert not await one.deliver_next(relay)
    assert (relay.offered, db.read_here(build.delivery, delivery_id).state.value) == ([], "undoable")
    (alarm,) = db.read_here(open_alarms)
    assert alarm.kind == "clock"
    assert "jumped forward by 400 d" in alarm.words
    # The clock is set right again, a person looks, and it goes.
    clock.current -= 400 * DAY - MINUTE
    await one.deliver_next(relay)
    db.run_here(resume, by="maria", now=clock.now())
    assert await one.deliver_next(relay)
    assert db.read_here(open_alarms) == []


def test_the_words_say_which_way(db: Database, now: datetime) -> None:
    db.run_here(stop_for_jump, timedelta(hours=-2), now=now)
    hold = db.read_here(stopped)
    assert hold is not None
    assert (hold.put_by, hold.reason) == ("Mailer", "the machine's clock jumped back by 2 h")


def sight(session: Session, message_id: str, place: str, now: datetime) -> None:
    session.add(Sighting(internet_message_id=message_id, place=place, seen_at=now))


def test_mails_of_ours_in_sent_that_we_do_not_know_stop_everything(db: Database, now: datetime, keys: Keys) -> None:
    ours = keys.message_id("draft-7-approval-9", DOMAIN)
    db.run_here(sight, ours, "sent 1", now)
    assert db.run_here(stop_for_restore, DOMAIN, now=now) == 1
    hold = db.read_here(stopped)
    assert hold is not None
    assert "does not know" in hold.reason
    assert [alarm.kind for alarm in db.read_here(open_alarms)] == ["restore"]
    # A person looked; the same mails stop nothing again, newer ones do.
    db.run_here(resume, by="maria", now=now + MINUTE)
    assert db.run_here(stop_for_restore, DOMAIN, now=now + 2 * MINUTE) == 0
    db.run_here(sight, keys.message_id("draft-8-approval-10", DOMAIN), "sent 1", now + 3 * MINUTE)
    assert db.run_here(stop_for_restore, DOMAIN, now=now + 4 * MINUTE) == 1


def test_what_we_know_what_others_wrote_and_what_customers_can_forge_stop_nothing(
    db: Database, now: datetime, keys: Keys
) -> None:
    _, delivery_id = db.run_here(build.approved, now)

    def known(session: Session) -> str:
        found = session.get_one(Message, build.delivery(session, delivery_id).message_id)
        return found.internet_message_id

    db.run_here(sight, db.read_here(known), "sent 1", now)
    db.run_here(sight, "<by-hand-1@shop.test>", "sent 1", now)
    db.run_here(sight, keys.message_id("x", "other.test"), "sent 1", now)
    db.run_here(sight, keys.message_id("y", DOMAIN), "mailbox 1", now)
    assert db.run_here(stop_for_restore, DOMAIN, now=now) == 0
    assert db.read_here(stopped) is None
