"""The folder of sent mail: a copy is put there once, and what lies there is seen; trouble with it stops no intake."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.inbound.sent import wanted_copies
from mailer.model import Blob, DeliveryState, Mailbox, Message, SentCopy, Sighting
from tests import build
from tests.inbound.scripted import Letter, imap_server
from tests.inbound.test_watch import NOW, alarms, clock, db, holds, mail, pauses, polled, until, watching

__all__ = ["clock", "db", "pauses"]


def sent_reply(session: Session) -> int:
    """A reply that the relay took and of which a copy is wanted; the message's id."""
    _, delivery = build.approved(session, NOW)
    row = build.delivery(session, delivery)
    row.state = DeliveryState.SENT
    session.get_one(Message, row.message_id).sent_copy = SentCopy.WANTED
    return row.message_id


async def copy_of(db: Database, message: int) -> tuple[SentCopy, str, bytes]:
    def ask(session: Session) -> tuple[SentCopy, str, bytes]:
        row = session.get_one(Message, message)
        return row.sent_copy, row.internet_message_id, session.get_one(Blob, row.sha256).unpack()

    return await db.read(ask)


def seen(session: Session) -> list[tuple[str, str]]:
    rows = session.exec(select(Sighting).order_by(col(Sighting.id))).all()
    return [(row.internet_message_id, row.place) for row in rows]


@pytest.mark.parametrize("sent_copy", ["append", "append:Sent"])
async def test_a_copy_is_put_among_the_sent_mails_byte_for_byte_and_read(
    db: Database, clock: FrozenClock, sent_copy: str
) -> None:
    async with imap_server() as server, watching(db, clock, server, sent_copy=sent_copy):
        await polled(db, clock)
        message = await db.run(sent_reply)
        await until(db, lambda session: session.get_one(Message, message).sent_copy is SentCopy.STORED)
    _, message_id, raw = await copy_of(db, message)
    assert [(letter.raw, letter.flags) for letter in server.sent] == [(raw, {"\\Seen"})]
    assert await db.read(seen) == [(message_id, "sent 1")]


async def test_a_copy_that_lies_there_already_is_not_put_twice(db: Database, clock: FrozenClock) -> None:
    message = await db.run(sent_reply)
    _, _, raw = await copy_of(db, message)
    async with imap_server(sent=[Letter(1, raw)]) as server, watching(db, clock, server, sent_copy="append"):
        await until(db, lambda session: session.get_one(Message, message).sent_copy is SentCopy.STORED)
    assert len(server.sent) == 1


async def test_what_has_not_left_gets_no_copy(db: Database) -> None:
    def waiting(session: Session) -> list[Any]:
        _, delivery = build.approved(session, NOW)
        row = build.delivery(session, delivery)
        session.get_one(Message, row.message_id).sent_copy = SentCopy.WANTED
        box = Mailbox(name="support")
        session.add(box)
        session.flush()
        return wanted_copies(session, box.id or 0)

    assert await db.run(waiting) == []


async def test_each_message_id_among_the_sent_mails_is_a_sighting(db: Database, clock: FrozenClock) -> None:
    async with imap_server(sent=[Letter(1, mail(1), NOW)]) as server, watching(db, clock, server, sent="auto"):
        await until(db, lambda session: len(seen(session)) == 1)
        server.sent.append(Letter(2, mail(2), NOW))
        clock.current += timedelta(minutes=2)
        await until(db, lambda session: len(seen(session)) == 2)
        fetched = [command for command in server.commands if "MESSAGE-ID" in command]
        await polled(db, clock)
        clock.current += timedelta(minutes=2)
        await polled(db, clock)
    assert await db.read(seen) == [("<1@customer.test>", "sent 1"), ("<2@customer.test>", "sent 1")]
    assert len(fetched) == 2


async def test_a_folder_of_sent_mail_that_is_missing_is_an_alarm_and_mail_comes_in(
    db: Database, clock: FrozenClock, pauses: list[Any]
) -> None:
    await db.run(sent_reply)
    async with imap_server() as server, watching(db, clock, server, sent_copy="append:Nowhere"):
        await until(db, lambda session: "sent_folder" in alarms(session))
        server.put(mail(1))
        await until(db, holds(1))


async def test_sleep_is_always_over_the_inbox_right_after_it_was_selected(db: Database, clock: FrozenClock) -> None:
    async with imap_server() as server, watching(db, clock, server, sent="auto"):
        await until(db, lambda _: server.commands.count("IDLE") > 2)
        server.sent.append(Letter(1, mail(1), NOW))
        clock.current += timedelta(minutes=2)
        await until(db, lambda _: any("MESSAGE-ID" in command for command in server.commands))
        slept = server.commands.count("IDLE")
        await until(db, lambda _: server.commands.count("IDLE") > slept + 1)
    before = {server.commands[place - 1].split()[0:2][-1] for place, one in enumerate(server.commands) if one == "IDLE"}
    assert before == {'"INBOX"'}
