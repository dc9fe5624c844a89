"""Turns what the figures say into alarms, so that a second channel can tell them; settles those that are over."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from mailer.calendars import in_words
from mailer.health.alarm import TOLD_BY_FIGURES
from mailer.health.machine import Machine
from mailer.health.status import Status, failed_jobs, status
from mailer.model import open_alarms, raise_alarm, settle_alarm
from mailer.wording import counted

# What `look_for_trouble` raises and settles.
OWN_KINDS = TOLD_BY_FIGURES | {"clock_apart", "disk", "ledger"}
_SILENT = timedelta(minutes=5)
_APART = 30.0


@dataclass(frozen=True)
class Wrong:
    """One thing that is wrong."""

    kind: str
    subject: str
    words: str


def look_for_trouble(session: Session, machine: Machine, *, least_free: int, now: datetime) -> None:
    """Raise an alarm for each trouble of now, and settle those that are over. `least_free` is in bytes."""
    found = {(one.kind, one.subject): one.words for one in _troubles(session, machine, least_free, now)}
    for (kind, subject), words in found.items():
        raise_alarm(session, kind, subject, words, now)
    for alarm in open_alarms(session):
        if alarm.kind in OWN_KINDS and (alarm.kind, alarm.subject) not in found:
            settle_alarm(session, alarm.kind, alarm.subject, now)


def _troubles(session: Session, machine: Machine, least_free: int, now: datetime) -> Iterator[Wrong]:
    figures = status(session, now=now)
    yield from _of_mailboxes(figures, now)
    yield from _of_work(figures)
    for job, error in failed_jobs(session):
        yield Wrong("job", job, f"it failed: {error}")
    if machine.disk_free < least_free:
        free, total = machine.disk_free // 1_000_000, machine.disk_total // 1_000_000
        yield Wrong("disk", "disk", f"{free:,} MB of {total:,} MB are free where the database lies")
    if machine.ahead is not None and abs(machine.ahead) > _APART:
        yield Wrong("clock_apart", "clock", f"our clock and the database server's are {abs(machine.ahead):.0f} s apart")


def _of_mailboxes(figures: Status, now: datetime) -> Iterator[Wrong]:
    for mailbox in figures.mailboxes:
        since = now - mailbox.last_poll_at if mailbox.last_poll_at else None
        if since is None or since > _SILENT:
            ago = f"for {in_words(since)}" if since else "yet"
            error = f": {mailbox.last_error}" if mailbox.last_error else ""
            yield Wrong("mailbox", mailbox.name, f"not polled {ago}{error}")
        if mailbox.missing:
            words = counted(
                mailbox.missing, "mail of the server is not in our ledger", "mails of the server are not in our ledger"
            )
            yield Wrong("ledger", mailbox.name, words)


def _of_work(figures: Status) -> Iterator[Wrong]:
    if figures.stuck:
        yield Wrong(
            "stuck", "outbox", counted(figures.stuck, "delivery waits for a worker", "deliveries wait for a worker")
        )
    if count := figures.deliveries.get("unknown"):
        yield Wrong("unknown", "outbox", counted(count, "delivery is unknown", "deliveries are unknown"))
    if count := figures.raw_mail.get("quarantined"):
        yield Wrong("quarantine", "inbox", counted(count, "mail could not be read", "mails could not be read"))
    if figures.overdue:
        words = counted(figures.overdue, "conversation is past its deadline", "conversations are past their deadline")
        yield Wrong("overdue", "queue", words)
