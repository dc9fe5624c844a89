"""Mails of flows take their tokens from the same buckets as replies, and a restart fills none of them."""

from datetime import datetime, timedelta

from sqlmodel import Session

from mailer.db import Database
from mailer.model import Delivery, DeliveryState
from mailer.outbound.deliver import Result, claim, mark_handing_over, record
from mailer.outbound.outcome import Accepted
from mailer.outbound.pace import Rate
from mailer.outbound.relays import RelayLimits
from tests import build
from tests.outbound import flow_mails

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
LIMITS = RelayLimits(domains={"customer.test": Rate(per_minute=1)})


def sent(db: Database, now: datetime) -> str | None:
    """Send the next one that may go; to whom."""
    found = db.run_here(claim, owner="w", lease=30 * SECOND, now=now, limits=LIMITS)
    if found is None:
        return None
    db.run_here(mark_handing_over, [(found, now)])
    db.run_here(record, [Result(found, Accepted("250 queued"), now, LIMITS)])
    return found.recipient


def test_a_slow_domain_is_written_to_slowly_by_flows_too_and_after_a_restart(db: Database, now: datetime) -> None:
    def fill(session: Session) -> list[int]:
        ids = [flow_mails.enrolled(session, number, now) for number in range(3)]
        mails = [flow_mails.queued(session, one, now, kind="transactional") for one in ids]
        mails[2].recipient = "bo@quick.test"
        session.flush()
        return [one.id or 0 for one in mails]

    first, second, _ = db.run_here(fill)
    assert sent(db, now) == "c0@customer.test"
    assert sent(db, now) == "bo@quick.test", "other domains do not wait for a slow one"
    assert sent(db, now) is None
    waiting = db.read_here(build.delivery, second)
    assert waiting.state is DeliveryState.QUEUED
    assert now + 30 * SECOND < waiting.next_attempt_at <= now + MINUTE + SECOND
    restarted = Database(db.url.render_as_string(hide_password=False))
    try:
        restarted.run_here(_try_now, second, now)
        assert sent(restarted, now + 10 * SECOND) is None, "its bucket is a row, and no fresh one"
        assert sent(restarted, now + 2 * MINUTE) == "c1@customer.test"
    finally:
        restarted.close()
    assert db.read_here(build.delivery, first).state is DeliveryState.SENT


def _try_now(session: Session, delivery_id: int, now: datetime) -> None:
    session.get_one(Delivery, delivery_id).next_attempt_at = now
