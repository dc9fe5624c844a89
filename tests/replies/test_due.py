"""By when a conversation must be answered."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from mailer.db import Database
from mailer.model import ReplyClock
from mailer.replies.due import due_at, running_clock, start_clock
from tests import build

DAY = timedelta(hours=24)


@pytest.mark.parametrize(
    ("started", "limit", "due"),
    [
        (datetime(2026, 11, 22, 10, tzinfo=UTC), DAY, datetime(2026, 11, 23, 10, tzinfo=UTC)),
        (datetime(2026, 12, 31, 23, 30, tzinfo=UTC), timedelta(hours=1), datetime(2027, 1, 1, 0, 30, tzinfo=UTC)),
        (datetime(2026, 11, 22, 10, tzinfo=UTC), timedelta(), datetime(2026, 11, 22, 10, tzinfo=UTC)),
    ],
)
def test_a_clock_breaks_when_its_limit_is_over(started: datetime, limit: timedelta, due: datetime) -> None:
    assert due_at(started, limit) == due


def test_a_clock_that_runs_keeps_its_earlier_deadline(db: Database, now: datetime) -> None:
    talk = db.run_here(build.customer_mail, now).conversation_id
    db.run_here(start_clock, talk, started_at=now, limit=DAY)
    second = db.run_here(start_clock, talk, started_at=now + timedelta(hours=5), limit=DAY)
    assert second.due_at == now + DAY
    assert len(db.read_here(lambda session: session.exec(select(ReplyClock)).all())) == 1


def test_after_a_clock_was_stopped_the_next_mail_starts_another(db: Database, now: datetime) -> None:
    talk = db.run_here(build.customer_mail, now).conversation_id
    first = db.run_here(start_clock, talk, started_at=now, limit=DAY)
    db.run_here(lambda session: setattr(session.get_one(ReplyClock, first.id), "stopped_at", now))
    assert db.read_here(running_clock, talk) is None
    later = now + timedelta(days=3)
    assert db.run_here(start_clock, talk, started_at=later, limit=DAY).due_at == later + DAY


def test_a_conversation_s_clock_is_its_own(db: Database, now: datetime) -> None:
    one = db.run_here(build.customer_mail, now).conversation_id
    other = db.run_here(build.customer_mail, now).conversation_id
    db.run_here(start_clock, one, started_at=now, limit=DAY)
    assert db.read_here(running_clock, other) is None
