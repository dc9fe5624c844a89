"""How it stands: the figures, and in words what is wrong."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, SQLModel

from mailer.db import Database
from mailer.health.status import status
from mailer.model import Attempt, Blob, Circuit, DeliveryState, JobSlot, Mailbox, MessageState, RawMail, RawMailState
from mailer.outbound.hold import stop
from tests import build

MINUTE = timedelta(minutes=1)
Verb = Callable[[Session, datetime], object]


def mailbox(session: Session, now: datetime, ago: timedelta | None = MINUTE, error: str | None = None) -> int:
    """A folder that was polled some time ago."""
    box = Mailbox(name="support", last_poll_at=None if ago is None else now - ago, last_error=error)
    session.add(box)
    session.flush()
    return box.id or 0


def raw_mail(session: Session, now: datetime, state: RawMailState) -> None:
    session.add(Blob.of("s", b"x"))
    session.flush()
    facts = {"uidvalidity": 1, "uid": 1, "sha256": "s", "size": 1, "internal_date": now, "stored_at": now}
    session.add(RawMail(mailbox_id=mailbox(session, now), state=state, **facts))


def delivery(session: Session, now: datetime, state: DeliveryState, late: timedelta = timedelta()) -> None:
    _, delivery_id = build.approved(session, now - late - timedelta(seconds=12))
    build.delivery(session, delivery_id).state = state


def deferred(session: Session, now: datetime, words: str) -> None:
    """A delivery that was tried and goes again later."""
    _, delivery_id = build.approved(session, now)
    found = build.delivery(session, delivery_id)
    found.state, found.attempt, found.reason = DeliveryState.QUEUED, 3, words


def held_up(session: Session, now: datetime, *others: SQLModel) -> None:
    """A delivery that is due for long without a try, beside rows that say why."""
    delivery(session, now, DeliveryState.QUEUED, 60 * MINUTE)
    session.add_all(others)


def other_is_tried(session: Session, now: datetime) -> None:
    """As a relay that takes few a minute has it: the others wait for their turn."""
    held_up(session, now)
    session.flush()
    session.add(Attempt(delivery_id=1, number=1, owner="w", started_at=now - 4 * MINUTE))


def strokes(session: Session, now: datetime, *errors: str | None) -> None:
    """Strokes of one job, a minute apart, the newest last."""
    for number, error in enumerate(errors):
        slot = now - MINUTE * (len(errors) - number)
        session.add(JobSlot(job="purge", slot=slot, worker="w", started_at=slot, finished_at=slot, error=error))


WELL: dict[str, Verb] = {
    "an empty database": lambda session, now: None,
    "a mailbox polled a minute ago": mailbox,
    "a mailbox polled three minutes ago": lambda session, now: mailbox(session, now, 3 * MINUTE),
    "a mail that waits to be read": lambda session, now: raw_mail(session, now, RawMailState.STORED),
    "a draft that waits": build.asked,
    "a delivery that waits for five minutes": lambda session, now: delivery(
        session, now, DeliveryState.QUEUED, 5 * MINUTE
    ),
    "an old delivery that was sent": lambda session, now: delivery(session, now, DeliveryState.SENT, 60 * MINUTE),
    "a delivery that waits its turn": other_is_tried,
    "a delivery that waits while the relay rests": lambda session, now: held_up(
        session, now, Circuit(relay="r", connections=1, failures=2, rests_until=now + MINUTE, changed_at=now)
    ),
    "a job that failed before and works again": lambda session, now: strokes(session, now, "ValueError: no", None),
}


@pytest.mark.parametrize("verb", WELL.values(), ids=WELL)
def test_what_is_well_is_no_problem(db: Database, now: datetime, verb: Verb) -> None:
    db.run_here(verb, now)
    assert db.read_here(status, now=now).problems == ()


PROBLEMS: list[tuple[str, Verb]] = [
    (
        'mailbox "support": not polled yet; is `mailer run` at work?',
        lambda session, now: mailbox(session, now, None),
    ),
    (
        'mailbox "support": not polled for 3 min 1 s; is `mailer run` at work?',
        lambda session, now: mailbox(session, now, timedelta(seconds=181)),
    ),
    (
        'mailbox "support": IMAP: connection refused',
        lambda session, now: mailbox(session, now, MINUTE, "IMAP: connection refused"),
    ),
    (
        "1 conversation is past its deadline; the first is overdue by 1 h",
        lambda session, now: build.asked(session, now - timedelta(hours=25)),
    ),
    (
        "1 delivery is unknown; a person must say what arrived (tab Failed)",
        lambda session, now: delivery(session, now, DeliveryState.UNKNOWN),
    ),
    (
        "1 mail could not be read and lies in quarantine",
        lambda session, now: raw_mail(session, now, RawMailState.QUARANTINED),
    ),
    (
        "1 message was set aside with an error",
        lambda session, now: build.customer_mail(session, now, state=MessageState.RECEIVED, error="boom"),
    ),
    (
        "1 delivery waits longer than 5 min for a worker; is `mailer run` at work?",
        lambda session, now: delivery(session, now, DeliveryState.QUEUED, 6 * MINUTE),
    ),
    (
        "1 delivery did not get away yet: 450 greylisted",
        lambda session, now: deferred(session, now, "450 greylisted"),
    ),
    ('job "purge" failed: ValueError: no', lambda session, now: strokes(session, now, None, "ValueError: no")),
]


@pytest.mark.parametrize(("words", "verb"), PROBLEMS, ids=[words for words, _ in PROBLEMS])
def test_what_is_wrong_is_said_in_words(db: Database, now: datetime, words: str, verb: Verb) -> None:
    db.run_here(verb, now)
    assert db.read_here(status, now=now).problems == (words,)


def test_all_problems_are_told_together(db: Database, now: datetime) -> None:
    def verb(session: Session) -> None:
        raw_mail(session, now, RawMailState.QUARANTINED)
        delivery(session, now, DeliveryState.UNKNOWN)
        strokes(session, now, "ValueError: no")

    db.run_here(verb)
    assert len(db.read_here(status, now=now).problems) == 3


def test_the_figures_are_those_of_the_tables(db: Database, now: datetime) -> None:
    def verb(session: Session) -> None:
        raw_mail(session, now, RawMailState.STORED)
        build.approved(session, now)
        build.asked(session, now - MINUTE, number="#2", sender="bo@customer.test", id="2")

    db.run_here(verb)
    found = db.read_here(status, now=now)
    assert (dict(found.raw_mail), dict(found.deliveries)) == ({"stored": 1}, {"undoable": 1})
    assert dict(found.conversations) == {"drafted": 2}
    assert dict(found.messages) == {"triaged": 2, "composed": 1}
    assert (found.overdue, found.set_aside) == (0, 0)
    assert found.next_due_at == now - MINUTE + timedelta(hours=24)
    assert [(box.name, box.stored, box.last_poll_at) for box in found.mailboxes] == [("support", 1, now - MINUTE)]


def test_what_is_stopped_by_a_person_is_not_stuck(db: Database, now: datetime) -> None:
    db.run_here(held_up, now)
    assert db.read_here(status, now=now).stuck == 1
    db.run_here(stop, by="ana", reason="a wrong price", now=now)
    assert db.read_here(status, now=now).stuck == 0
