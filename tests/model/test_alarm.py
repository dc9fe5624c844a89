"""An alarm is raised once, seen again, settled, and raised anew."""

from datetime import UTC, datetime, timedelta

from sqlmodel import Session, col, select

from mailer.health.alarm import look_for_silence
from mailer.health.status import status
from mailer.model import Alarm, Mailbox, open_alarms, raise_alarm, settle_alarm
from tests import build

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)


def test_an_alarm_is_news_once_and_keeps_its_newest_words(session: Session) -> None:
    assert raise_alarm(session, "mailbox_busy", "support", "too many", NOW)
    assert not raise_alarm(session, "mailbox_busy", "support", "still too many", LATER)
    (alarm,) = open_alarms(session)
    assert (alarm.words, alarm.raised_at, alarm.last_seen_at) == ("still too many", NOW, LATER)


def test_alarms_are_told_apart_by_kind_and_subject(session: Session) -> None:
    for kind, subject in (("mailbox_busy", "support"), ("mailbox_busy", "nordic"), ("mailbox_folder", "support")):
        assert raise_alarm(session, kind, subject, "words", NOW)
    assert settle_alarm(session, "mailbox_busy", "support", LATER)
    assert [(one.kind, one.subject) for one in open_alarms(session)] == [
        ("mailbox_busy", "nordic"),
        ("mailbox_folder", "support"),
    ]


def test_a_settled_alarm_stays_as_a_row_and_can_be_raised_again(session: Session) -> None:
    raise_alarm(session, "mailbox_busy", "support", "first", NOW)
    assert settle_alarm(session, "mailbox_busy", "support", LATER)
    assert not settle_alarm(session, "mailbox_busy", "support", LATER)
    assert raise_alarm(session, "mailbox_busy", "support", "second", LATER)
    rows = session.exec(select(Alarm).order_by(col(Alarm.id))).all()
    assert [(row.words, row.settled_at) for row in rows] == [("first", LATER), ("second", None)]


def test_the_status_tells_an_open_alarm_as_a_fault(session: Session) -> None:
    raise_alarm(session, "mailbox_busy", "support", "too many connections", NOW)
    session.flush()
    told = [line for line in status(session, now=LATER).faults if "alarm" in line]
    assert told == ['alarm "mailbox_busy" of support, for 5 min: too many connections']


def test_a_mailbox_that_is_silent_against_its_habit_raises_an_alarm_until_mail_comes(session: Session) -> None:
    for number in range(400):
        build.raw_mail(session, NOW - timedelta(days=28) + timedelta(hours=number * 1.6), b"mail", uid=number + 1)
    silent_since = NOW - timedelta(days=28) + timedelta(hours=399 * 1.6)
    look_for_silence(session, UTC, now=silent_since + timedelta(hours=2))
    assert open_alarms(session) == []
    look_for_silence(session, UTC, now=silent_since + timedelta(hours=20))
    (alarm,) = open_alarms(session)
    assert alarm.kind == "mailbox_silent"
    assert "no mail for 20 h" in alarm.words
    build.raw_mail(session, silent_since + timedelta(hours=20), b"mail", uid=1000)
    look_for_silence(session, UTC, now=silent_since + timedelta(hours=21))
    assert open_alarms(session) == []
    assert session.exec(select(Mailbox.name)).all() == ["support"]
