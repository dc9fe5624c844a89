"""What somebody must know though nobody asked: an alarm is a row, raised once, settled when it is over.

`mailer status`, /healthz and the log show open alarms.
"""

from datetime import datetime

import structlog
from sqlalchemy import JSON, Index, Text, literal, text
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import Field, Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from mailer.model.base import Row, maybe_moment, moment

log = structlog.get_logger()


class Alarm(Row, table=True):
    """One thing that is wrong with one subject; open until `settled_at`."""

    __tablename__ = "alarm"
    __table_args__ = (
        Index(
            "uq_alarm_open",
            "kind",
            "subject",
            unique=True,
            sqlite_where=text("settled_at IS NULL"),
            postgresql_where=text("settled_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    # A word of the program that raised it, as in "mailbox_login"; what it is about, as in the name of a mailbox.
    kind: str
    subject: str
    words: str = Field(sa_type=Text)
    raised_at: datetime = moment()
    last_seen_at: datetime = moment()
    settled_at: datetime | None = maybe_moment()
    # When it was told by which channel, as UTC in ISO 8601; and that it is over, under "CHANNEL over".
    told: dict[str, str] = Field(default_factory=dict, sa_type=JSON)


def raise_alarm(session: Session, kind: str, subject: str, words: str, now: datetime) -> bool:
    """Say that this is wrong; whether that is news. One that is open already gets the newer words and its time."""
    known = session.exec(_open(kind, subject).with_for_update()).first()
    if known is not None:
        known.words, known.last_seen_at = words, now
        return False
    fresh = Alarm(kind=kind, subject=subject, words=words, raised_at=now, last_seen_at=now)
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgres_insert
    # Two workers may both see it first; one of them inserts nothing.
    once = insert(Alarm).on_conflict_do_nothing().returning(literal(1))
    if session.connection().execute(once, fresh.model_dump(exclude_none=True)).first() is None:
        return False
    log.error("alarm", kind=kind, subject=subject, words=words)
    return True


def settle_alarm(session: Session, kind: str, subject: str, now: datetime) -> bool:
    """Say that this is over; whether it was open."""
    known = session.exec(_open(kind, subject).with_for_update()).first()
    if known is None:
        return False
    known.settled_at = now
    log.info("alarm_settled", kind=kind, subject=subject)
    return True


def open_alarms(session: Session) -> list[Alarm]:
    """All that is wrong now, the oldest first."""
    return list(session.exec(select(Alarm).where(col(Alarm.settled_at).is_(None)).order_by(col(Alarm.id))))


def recent_alarms(session: Session, since: datetime) -> list[Alarm]:
    """What was wrong and is over since then, the newest first."""
    over = select(Alarm).where(col(Alarm.settled_at) >= since)
    return list(session.exec(over.order_by(col(Alarm.settled_at).desc()).limit(100)))


def _open(kind: str, subject: str) -> SelectOfScalar[Alarm]:
    return select(Alarm).where(Alarm.kind == kind, Alarm.subject == subject, col(Alarm.settled_at).is_(None))
