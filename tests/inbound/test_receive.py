"""Each stored mail becomes one Message, whoever reads it and however often; what cannot be read is in quarantine."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.errors import InputError
from mailer.inbound import receive as receiving
from mailer.inbound.child import Reader
from mailer.inbound.parse import parse
from mailer.inbound.parsed import ParsedMail
from mailer.inbound.receive import Letter, receive, receive_stored, stored_mail
from mailer.model import (
    Blob,
    Conversation,
    ConversationState,
    Customer,
    Mailbox,
    Message,
    MessageState,
    RawMail,
    RawMailState,
    Route,
    Sighting,
)
from mailer.signing import digest
from tests import build

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
OWN = frozenset({"care@shop.test"})


def put(session: Session, *mails: bytes) -> list[int]:
    """Store these mails under the next UIDs."""
    start = len(session.exec(select(RawMail.id)).all()) + 1
    return [build.raw_mail(session, NOW, raw, uid=start + number) for number, raw in enumerate(mails)]


async def received(db: Database, clock: FrozenClock, *mails: bytes) -> list[Message]:
    """Store and read these mails; all messages that there are, the oldest first."""
    await db.run(put, *mails)
    while await receive_stored(db, clock, OWN):
        pass
    return await db.read(lambda session: list(session.exec(select(Message).order_by(col(Message.id)))))


async def conversation_of(db: Database, message: Message) -> Conversation:
    return await db.read(lambda session: session.get_one(Conversation, message.conversation_id))


async def states(db: Database) -> list[tuple[RawMailState, str | None]]:
    rows = select(RawMail.state, RawMail.error).order_by(col(RawMail.uid))
    return await db.read(lambda session: [(state, error) for state, error in session.exec(rows)])


async def test_a_mail_becomes_a_message_in_a_conversation_that_needs_an_answer(
    db: Database, clock: FrozenClock
) -> None:
    raw = build.mail_bytes("Where is it?\r\n> quoted", References="<a@x> <b@x>", Reply_To="other@x.test")
    (message,) = await received(db, clock, raw)
    assert (message.state, message.route, message.sha256) == (MessageState.RECEIVED, Route.TRIAGE, digest(raw))
    assert (message.from_address, message.from_name) == (build.ANA, "Anabel Costa")
    assert (message.senders, message.reply_to) == ([build.ANA], "other@x.test")
    assert (message.internet_message_id, message.reference_ids) == ("<letter@customer.test>", ["<a@x>", "<b@x>"])
    assert (message.subject, message.own_words) == ("My order", "Where is it?")
    conversation = await conversation_of(db, message)
    assert (conversation.state, conversation.reason) == (ConversationState.NEEDS_ANSWER, "")
    assert (conversation.subject, conversation.storefront) == ("My order", "main")
    assert await states(db) == [(RawMailState.RECEIVED, None)]
    assert await db.read(lambda session: session.exec(select(Blob)).one().unpack()) == raw


async def test_when_nothing_is_stored_there_is_nothing_to_do(db: Database, clock: FrozenClock) -> None:
    assert not await receive_stored(db, clock, OWN)


async def test_a_mail_carries_the_storefront_of_its_mailbox(db: Database, clock: FrozenClock) -> None:
    def store(session: Session) -> None:
        build.mailbox(session, "nordic", "nordic")
        build.raw_mail(session, NOW, build.mail_bytes(), box="nordic")

    await db.run(store)
    (message,) = await received(db, clock)
    assert message.storefront == "nordic"
    assert (await conversation_of(db, message)).storefront == "nordic"


async def test_an_answer_reopens_its_conversation(db: Database, clock: FrozenClock) -> None:
    (first,) = await received(db, clock, build.mail_bytes())

    def wait(session: Session) -> None:
        conversation = session.get_one(Conversation, first.conversation_id)
        conversation.state, conversation.reason = ConversationState.WAITING, "answered"

    await db.run(wait)
    answer = build.mail_bytes("Thanks, and?", Message_ID="<answer@x>", In_Reply_To=first.internet_message_id)
    _, second = await received(db, clock, answer)
    assert second.conversation_id == first.conversation_id
    conversation = await conversation_of(db, second)
    assert (conversation.state, conversation.reason) == (ConversationState.NEEDS_ANSWER, "")


async def test_a_stranger_who_names_a_known_message_id_joins_no_conversation(db: Database, clock: FrozenClock) -> None:
    forged = build.mail_bytes(From="eve@evil.test", Message_ID="<eve@x>", In_Reply_To="<letter@customer.test>")
    first, second = await received(db, clock, build.mail_bytes(), forged)
    assert first.conversation_id != second.conversation_id


async def test_a_machines_mail_wakes_nobody(db: Database, clock: FrozenClock) -> None:
    (message,) = await received(db, clock, build.mail_bytes(Auto_Submitted="auto-replied"))
    assert (message.state, message.route) == (MessageState.AUTOMATED, Route.NONE)
    conversation = await conversation_of(db, message)
    assert conversation.state == ConversationState.CLOSED
    assert "Auto-Submitted" in conversation.reason


async def test_an_out_of_office_note_does_not_reopen_a_conversation(db: Database, clock: FrozenClock) -> None:
    (first,) = await received(db, clock, build.mail_bytes())

    def wait(session: Session) -> None:
        session.get_one(Conversation, first.conversation_id).state = ConversationState.WAITING

    await db.run(wait)
    note = {"Message_ID": "<note@x>", "In_Reply_To": first.internet_message_id, "Auto_Submitted": "auto-replied"}
    _, second = await received(db, clock, build.mail_bytes(**note))
    assert second.conversation_id == first.conversation_id
    assert (await conversation_of(db, first)).state == ConversationState.WAITING


@pytest.mark.parametrize("sender", ["care@shop.test", "Care <CARE@shop.test>", "ana@x.test, care@shop.test"])
async def test_our_own_mail_is_never_answered(db: Database, clock: FrozenClock, sender: str) -> None:
    (message,) = await received(db, clock, build.mail_bytes(From=sender))
    assert message.state == MessageState.AUTOMATED
    assert "sent by ourselves" in (await conversation_of(db, message)).reason


async def test_one_poison_mail_is_in_quarantine_and_the_others_are_in(db: Database, clock: FrozenClock) -> None:
    poison = b"X: y\r\n" * 50_000
    good = [build.mail_bytes(Message_ID=f"<{number}@x>") for number in range(20)]
    odd = build.mail_bytes(From="=?utf-8?q?a=0D=0AX: 1?= <a@b.test>")
    messages = await received(db, clock, *good[:10], poison, odd, *good[10:])
    assert len(messages) == 21
    found = await states(db)
    assert [state for state, _ in found].count(RawMailState.QUARANTINED) == 1
    assert found[10] == (RawMailState.QUARANTINED, "its header is longer than 256000 bytes")


async def test_a_parser_that_breaks_puts_one_mail_in_quarantine(
    db: Database, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaking(raw: bytes, _ours: object) -> object:
        if b"break" in raw:
            raise ZeroDivisionError("a bug")
        return parse(raw)

    monkeypatch.setattr(receiving, "parse", breaking)
    (message,) = await received(db, clock, build.mail_bytes("break"), build.mail_bytes("fine"))
    assert message.text == "fine"
    assert (await states(db))[0] == (RawMailState.QUARANTINED, "ZeroDivisionError: a bug")


async def test_a_mail_that_the_database_refuses_is_in_quarantine_and_the_others_are_in(
    db: Database, clock: FrozenClock
) -> None:
    ids = await db.run(put, build.mail_bytes("first"), build.mail_bytes("second"))
    bad, good = (parse(build.mail_bytes(text)) for text in ("first", "second"))
    broken = type(bad)(**{**vars(bad), "route": "no such route"})
    await db.run_each(
        lambda session, letters: receive(session, letters, now=NOW),
        [Letter(ids[0], broken), Letter(ids[1], good)],
        receiving._set_aside,
    )
    (first, error), second = await states(db)
    assert first == RawMailState.QUARANTINED
    assert error
    assert second == (RawMailState.RECEIVED, None)
    assert not any("first" in each.text for each in await received(db, clock))


async def test_two_workers_that_read_the_same_mails_make_one_message_of_each(db: Database, clock: FrozenClock) -> None:
    mails = [build.mail_bytes(f"mail {number}", Message_ID=f"<{number}@x>") for number in range(30)]
    await db.run(put, *mails)
    letters = [Letter(one.raw_mail_id, parse(one.raw)) for one in await db.read(stored_mail, 50)]
    assert len(letters) == 30
    await asyncio.gather(
        *(
            db.run_each(lambda session, batch: receive(session, batch, now=NOW), order, receiving._set_aside)
            for order in (letters, letters[15:] + letters[:15])
        )
    )
    # What one worker skipped while the other held it is taken in the next round.
    messages = await received(db, clock)
    assert sorted(message.text for message in messages) == sorted(f"mail {number}" for number in range(30))
    assert {state for state, _ in await states(db)} == {RawMailState.RECEIVED}
    assert len(await db.read(lambda session: session.exec(select(Customer.id)).all())) == 1


async def test_two_different_mails_with_one_message_id_are_two_messages(db: Database, clock: FrozenClock) -> None:
    messages = await received(db, clock, build.mail_bytes("one"), build.mail_bytes("two"))
    assert [message.text for message in messages] == ["one", "two"]
    sightings = await db.read(lambda session: session.exec(select(Sighting.internet_message_id)).all())
    assert sightings == ["<letter@customer.test>"]


async def test_a_message_id_that_was_seen_is_a_sighting_of_its_mailbox(db: Database, clock: FrozenClock) -> None:
    await received(db, clock, build.mail_bytes())
    box = await db.read(lambda session: session.exec(select(Mailbox.id)).one())
    sighting = await db.read(lambda session: session.exec(select(Sighting)).one())
    assert (sighting.internet_message_id, sighting.place) == ("<letter@customer.test>", f"mailbox {box}")


@pytest.mark.parametrize("sender", ["", "undisclosed-recipients:;", "Ana"])
async def test_a_mail_without_an_address_is_kept_for_a_person(db: Database, clock: FrozenClock, sender: str) -> None:
    (message,) = await received(db, clock, build.mail_bytes(From=sender))
    assert (message.from_address, message.senders) == ("", [])
    assert (await conversation_of(db, message)).state == ConversationState.NEEDS_ANSWER


async def test_a_servers_clock_that_runs_ahead_moves_no_deadline(db: Database, clock: FrozenClock) -> None:
    def store(session: Session) -> None:
        build.raw_mail(session, NOW + timedelta(days=2), build.mail_bytes("ahead"), uid=1)
        build.raw_mail(session, NOW - timedelta(days=2), build.mail_bytes("late"), uid=2)

    await db.run(store)
    ahead, late = await received(db, clock)
    assert ahead.received_at == NOW
    assert late.received_at == NOW - timedelta(days=2)


async def test_a_hostile_mail_is_received_on_both_engines(db: Database, clock: FrozenClock) -> None:
    hostile = (
        b"From: A\0na <an\0a@customer.test>, bo@customer.test\r\nSubject: \0=?utf-8?q?a=00b=E2=80=AE?=\r\n"
        b"Message-ID: <a\0b@x>\r\nIn-Reply-To: <\0@x>\r\nAuto-Submitted: x\0y\r\nReply-To: \xff\r\n"
        b"Content-Type: text/plain; charset=utf-7\r\n\r\n+2AA- \0 \xed\xa0\x80"
    )
    (message,) = await received(db, clock, hostile)
    assert message.senders == ["bo@customer.test"]
    assert message.subject.isprintable()


async def test_what_speaks_for_and_against_a_sender_is_kept_with_the_message(db: Database, clock: FrozenClock) -> None:
    body = "--b\r\n\r\nhi\r\n--b\r\nContent-Type: image/png; name=../photo.png\r\n\r\nx\r\n--b"
    raw = build.mail_bytes(body, Reply_To="x@evil.test", Content_Type="multipart/mixed; boundary=b")
    (message,) = await received(db, clock, raw)
    assert message.dmarc == "none"
    assert message.warnings == ["Answers are asked to another address (Reply-To: x@evil.test)."]
    assert message.defects == ["the last part of a multipart is missing or cut off"]
    assert [(file["name"], file["size"]) for file in message.files] == [("photo.png", 1)]


async def test_a_stranger_under_a_domain_like_the_customers_is_pointed_out(db: Database, clock: FrozenClock) -> None:
    letter = {"Message_ID": "<first@customer.test>", "From": "ana@customer.test"}
    forged = {"In_Reply_To": "<first@customer.test>", "From": "ana@cust0mer.test", "Message_ID": "<forged@x.test>"}
    messages = await received(db, clock, build.mail_bytes("hi", **letter), build.mail_bytes("give me it", **forged))
    assert [len(message.warnings) for message in messages] == [0, 1]
    assert "looks like the customer's (customer.test)" in messages[1].warnings[0]


async def test_mail_is_read_in_the_limited_process_and_one_that_kills_it_is_in_quarantine(
    db: Database, clock: FrozenClock
) -> None:
    reader = Reader()

    def read(raw: bytes, mailbox: str) -> ParsedMail:
        assert mailbox == "support"
        if b"deadly" in raw:
            reader.close()
            raise InputError("mail", ["the process that reads mail died of it (signal 9)"])
        return reader.read(raw)

    await db.run(put, build.mail_bytes("deadly"), build.mail_bytes("fine"))
    assert await receive_stored(db, clock, OWN, read=read)
    reader.close()
    assert [state for state, _ in await states(db)] == [RawMailState.QUARANTINED, RawMailState.RECEIVED]
