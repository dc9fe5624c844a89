"""What is wrong for longer than a moment: found by looking at the rows, and told to `mailer status` and /healthz."""

from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo

from sqlmodel import Session, col, select

from mailer.calendars import in_words
from mailer.inbound.habit import unusual_silence
from mailer.model import Mailbox, RawMail, open_alarms, raise_alarm, settle_alarm

_LEARN_FROM = timedelta(weeks=6)
# What `trouble` raises out of the figures that `status` tells in its own words.
TOLD_BY_FIGURES = frozenset({"job", "mailbox", "overdue", "quarantine", "stuck", "unknown"})


def alarm_lines(session: Session, now: datetime) -> Iterator[str]:
    """Each open alarm in a line, the oldest first."""
    for alarm in open_alarms(session):
        if alarm.kind in TOLD_BY_FIGURES:
            continue
        yield f'alarm "{alarm.kind}" of {alarm.subject}, for {in_words(now - alarm.raised_at)}: {alarm.words}'


def look_for_silence(session: Session, zone: tzinfo, *, now: datetime) -> None:
    """Raise an alarm for a mailbox that is more silent than it ever is, though its server answers."""
    for mailbox in session.exec(select(Mailbox)).all():
        arrived = select(RawMail.internal_date).where(
            RawMail.mailbox_id == mailbox.id, col(RawMail.internal_date) > now - _LEARN_FROM
        )
        arrivals = [moment.astimezone(zone) for moment in session.exec(arrived)]
        expected = unusual_silence(arrivals, now.astimezone(zone))
        if expected is None:
            settle_alarm(session, "mailbox_silent", mailbox.name, now)
            continue
        silence = in_words(now - max(arrivals))
        words = f"no mail for {silence}, when about {expected:.0f} would be usual; does mail still get there?"
        raise_alarm(session, "mailbox_silent", mailbox.name, words, now)
