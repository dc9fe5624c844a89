"""What the figures say becomes alarms, which settle when it is over."""

from datetime import datetime, timedelta
from pathlib import Path

from sqlmodel import Session

from mailer.db import Database
from mailer.health.machine import Machine, measure
from mailer.health.trouble import look_for_trouble
from mailer.model import JobSlot, Mailbox, open_alarms

ROOMY = Machine(50_000_000_000, 100_000_000_000, 1_000_000)


def kinds(session: Session, machine: Machine, now: datetime) -> list[tuple[str, str]]:
    look_for_trouble(session, machine, least_free=1_000_000_000, now=now)
    session.flush()
    return sorted((alarm.kind, alarm.subject) for alarm in open_alarms(session))


def test_all_well_raises_nothing(session: Session, now: datetime) -> None:
    session.add(Mailbox(name="support", last_poll_at=now, reconciled_at=now, reconciled_server=7, reconciled_ours=7))
    assert kinds(session, ROOMY, now) == []


def test_each_trouble_is_an_alarm_until_it_is_over(session: Session, now: datetime) -> None:
    box = Mailbox(name="support", last_poll_at=now - timedelta(minutes=6), reconciled_at=now)
    box.reconciled_server, box.reconciled_ours = 9, 7
    session.add(box)
    failed = JobSlot(job="purge", slot=now, worker="w", started_at=now, error="disk I/O error")
    session.add(failed)
    full = Machine(10_000_000, 100_000_000_000, 1_000_000, ahead=-60.0)
    wrong = [
        ("clock_apart", "clock"),
        ("disk", "disk"),
        ("job", "purge"),
        ("ledger", "support"),
        ("mailbox", "support"),
    ]
    assert kinds(session, full, now) == wrong
    assert kinds(session, full, now + timedelta(minutes=1)) == wrong
    box.last_poll_at, box.reconciled_ours, failed.error = now, 9, None
    assert kinds(session, ROOMY, now + timedelta(minutes=2)) == []


def test_the_machine_is_measured(db: Database, now: datetime, tmp_path: Path) -> None:
    found = measure(db, now=now)
    assert 0 < found.disk_free <= found.disk_total
    assert found.database > 10_000
    assert (found.ahead is None) is db.is_sqlite
