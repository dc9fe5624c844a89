"""Stops that people put: on one mail, on an address, on everything; and nothing expires by them."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from mailer.db import Database
from mailer.errors import Conflict, InputError, NotFound
from mailer.model import Delivery, DeliveryState, Draft, Hold, HoldScope, open_alarms, raise_alarm
from mailer.outbound.deliver import claim
from mailer.outbound.hold import (
    hold_address,
    hold_delivery,
    release_address,
    release_delivery,
    resume,
    stop,
    stopped,
)
from mailer.outbound.outcome import Cause, Deferred
from mailer.outbound.relays import SHIPPED, heed
from mailer.outbound.view import open_holds
from mailer.rendering.facts import Facts
from tests import build

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LEASE = timedelta(seconds=30)
D = DeliveryState
WHO = {"by": "maria", "reason": "wrong prices"}


def claimed(db: Database, now: datetime) -> int | None:
    found = db.run_here(claim, owner="w", lease=LEASE, now=now)
    return found.delivery_id if found else None


@pytest.fixture
def waiting(db: Database, now: datetime) -> int:
    delivery_id = db.run_here(build.approved, now - MINUTE)[1]
    db.run_here(_rests_on_nothing, delivery_id)
    return delivery_id


def _rests_on_nothing(session: Session, delivery_id: int) -> None:
    """What it says stays true for days: neither a promise nor a parcel's date runs out while it is held."""
    draft = session.get_one(Draft, session.get_one(Delivery, delivery_id).draft_id)
    draft.rests_on, draft.facts, draft.fingerprint = {"paths": []}, {}, Facts().fingerprint


def test_nothing_leaves_while_all_is_stopped_and_nothing_expires_by_it(
    db: Database, now: datetime, waiting: int
) -> None:
    before = db.read_here(build.delivery, waiting).expires_at
    assert db.run_here(stop, **WHO, now=now)
    assert not db.run_here(stop, by="ben", reason="", now=now), "the first word stands"
    assert claimed(db, now + 3 * DAY) is None
    assert db.read_here(build.delivery, waiting).state == D.UNDOABLE
    assert db.run_here(resume, by="ben", now=now + 3 * DAY)
    found = db.read_here(build.delivery, waiting)
    assert found.expires_at is not None
    assert before is not None
    assert found.expires_at == before + 3 * DAY
    assert claimed(db, now + 3 * DAY) == waiting
    hold = db.read_here(lambda session: session.get(Hold, 1))
    assert hold is not None
    assert (hold.put_by, hold.reason, hold.released_by) == ("maria", "wrong prices", "ben")


def test_resuming_settles_the_alarms_of_the_stop_and_asks_the_relay_at_once(
    db: Database, now: datetime, waiting: int
) -> None:
    db.run_here(heed, [Deferred("535", 535, Cause.LOGIN_REFUSED)] * 7, SHIPPED, now=now)
    db.run_here(raise_alarm, "clock", "sending", "jumped", now)
    assert not db.run_here(resume, by="ben", now=now)
    assert claimed(db, now) == waiting
    db.run_here(stop, by="Mailer", reason="jumped", now=now)
    db.run_here(resume, by="ben", now=now)
    assert [alarm.kind for alarm in db.read_here(open_alarms)] == ["sending"]


def test_one_mail_is_held_and_released(db: Database, now: datetime, waiting: int) -> None:
    db.run_here(hold_delivery, waiting, **WHO, now=now)
    found = db.read_here(build.delivery, waiting)
    assert (found.state, found.reason) == (D.HELD, "held by maria: wrong prices")
    assert claimed(db, now + DAY) is None
    db.run_here(release_delivery, waiting, by="ben", now=now + 3 * DAY)
    assert claimed(db, now + 3 * DAY) == waiting
    assert db.read_here(open_holds) == []


@pytest.mark.parametrize("state", [state for state in D if state not in (D.UNDOABLE, D.QUEUED)])
def test_only_what_waits_can_be_held(db: Database, now: datetime, waiting: int, state: DeliveryState) -> None:
    db.run_here(lambda session: setattr(build.delivery(session, waiting), "state", state))
    with pytest.raises(Conflict, match="only what waits"):
        db.run_here(hold_delivery, waiting, **WHO, now=now)
    assert db.read_here(open_holds) == []


def test_an_address_is_held_for_what_waits_and_for_what_comes(db: Database, now: datetime, waiting: int) -> None:
    assert db.run_here(hold_address, "ANA@customer.test ", **WHO, now=now) == 1
    assert db.read_here(build.delivery, waiting).state == D.HELD
    _, other = db.run_here(build.approved, now - MINUTE, number="#2", sender="bo@customer.test", id="2")
    _, later = db.run_here(build.approved, now - MINUTE, number="#3", sender=build.ANA, id="3")
    assert claimed(db, now) == other
    assert claimed(db, now) is None
    assert db.read_here(build.delivery, later).state == D.HELD
    db.run_here(hold_delivery_as_well, later, now)
    assert db.run_here(release_address, build.ANA, by="ben", now=now + HOUR) == 1
    assert claimed(db, now + HOUR) == waiting
    assert db.read_here(build.delivery, later).state == D.HELD, "it has a hold of its own"


def hold_delivery_as_well(session: Session, delivery_id: int, now: datetime) -> None:
    session.add(Hold(scope=HoldScope.DELIVERY, subject=str(delivery_id), put_by="ana", put_at=now))


def test_what_cannot_be_held_or_released_is_told(db: Database, now: datetime, waiting: int) -> None:
    with pytest.raises(InputError, match="no mail address"):
        db.run_here(hold_address, "ana", **WHO, now=now)
    with pytest.raises(NotFound, match="no delivery 99"):
        db.run_here(hold_delivery, 99, **WHO, now=now)
    with pytest.raises(NotFound, match="not held"):
        db.run_here(release_address, build.ANA, by="ben", now=now)
    with pytest.raises(Conflict, match="undoable, not held"):
        db.run_here(release_delivery, waiting, by="ben", now=now)
    db.run_here(hold_address, build.ANA, **WHO, now=now)
    with pytest.raises(Conflict, match="held already"):
        db.run_here(hold_address, build.ANA, **WHO, now=now)
    assert db.read_here(stopped) is None
