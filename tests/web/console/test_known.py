"""What is known beside the mails, in a fixed number of questions."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import Consent, Conversation, ConversationState, Message
from mailer.replies.queue import item
from mailer.web.console.item import look
from mailer.web.console.known import days_in, known_of
from mailer.web.console.notes import write
from tests.web.matters import Matter, matter


@contextmanager
def counted(db: Database) -> Iterator[list[str]]:
    """The statements that the database is asked meanwhile."""
    asked: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


async def test_everything_is_told_the_newest_first(db: Database, clock: FrozenClock) -> None:
    found = await db.run(matter, clock.now())
    known = await db.read(lambda session: known_of(session, item(session, found.conversation)))
    assert [scan.place for scans in known.scans.values() for scan in scans] == ["Paris", "Leipzig", "Berlin"]
    assert [(one.id, known.others_count) for one in known.others] == [(found.other, 1)]
    yesterday = (clock.now() - timedelta(days=1)).date()
    assert [(one.day, one.name, one.conversation_id) for one in known.promises] == [
        (yesterday, "parcel 1 expected on", found.other)
    ]
    assert [(one.flow, one.step) for one in known.coming] == [("review_invitation", "invite")]
    assert [(one.flow, one.step, one.reason) for one in known.steps] == [
        ("review_invitation", "thanks", "the parcel is late")
    ]
    assert (len(known.returns), len(known.refunds), len(known.compensations)) == (1, 1, 1)
    assert [(one.stream, one.granted) for one in known.consents] == [("marketing", True)]
    assert len(known.suppressions) == 1


async def test_only_the_newest_word_on_a_consent_counts(db: Database, clock: FrozenClock) -> None:
    found = await db.run(matter, clock.now())
    now = clock.now()
    withdrawn = Consent(
        key="c2",
        address="ana@shop.test",
        stream="marketing",
        granted=False,
        basis="withdrawn",
        source="web",
        given_at=now,
        recorded_at=now,
    )
    await db.run(lambda session: session.add(withdrawn))
    known = await db.read(lambda session: known_of(session, item(session, found.conversation)))
    assert [one.granted for one in known.consents] == [False]


async def test_a_page_asks_no_more_however_much_there_is(db: Database, clock: FrozenClock) -> None:
    found = await db.run(matter, clock.now())
    look_at = {"undo": None, "viewer": found.colleague, "ours": frozenset({"care@shop.test"}), "now": clock.now()}
    with counted(db) as few:
        await db.read(look, found.conversation, **look_at)
    await db.run(_much, found, clock)
    with counted(db) as many:
        await db.read(look, found.conversation, **look_at)
    # Beyond what a page shows of other matters, one question counts them.
    assert len(many) <= len(few) + 1


def _much(session: Session, found: Matter, clock: FrozenClock) -> None:
    mail = session.get_one(Message, found.message)
    talk = session.get_one(Conversation, found.conversation)
    for number in range(30):
        values = mail.model_dump(exclude={"id", "raw_mail_id", "internet_message_id", "received_at", "created_at"})
        values |= {"received_at": clock.now(), "created_at": clock.now()}
        session.add(Message(**values, internet_message_id=f"<{number}@x>"))
        session.add(
            Conversation(
                customer_id=talk.customer_id,
                state=ConversationState.CLOSED,
                created_at=clock.now(),
                updated_at=clock.now(),
            )
        )
        write(session, found.conversation, text=f"note {number}", agent_id=found.colleague, now=clock.now())


@pytest.mark.parametrize(
    ("entry", "days"),
    [
        ({"value": "2026-11-25", "at": "2026-11-20T10:00:00+00:00"}, [date(2026, 11, 25)]),
        ({"value": "2026-11-19", "at": "2026-11-20T10:00:00+00:00"}, []),  # was over when it was said
        ({"value": "2026-13-45", "at": "2026-11-20T10:00:00+00:00"}, []),
        ({"value": "2026-11-25"}, []),
        ({"value": 20261125, "at": "2026-11-20T10:00:00+00:00"}, []),
        ("2026-11-25", []),
    ],
)
def test_days_to_come_are_promises(entry: Any, days: list[date]) -> None:
    assert [day for _, day in days_in({"parcels.0.expected_on": entry})] == days
