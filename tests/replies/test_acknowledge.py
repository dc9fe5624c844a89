"""A first mail is acknowledged once, to people who can be trusted, and it counts as no answer."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session, col, select

from mailer.clock import FrozenClock
from mailer.db import Database, insert_once
from mailer.errors import Conflict, InputError, NotFound
from mailer.hours import Limit, always
from mailer.model import (
    AutomaticAnswer,
    Blob,
    ConversationState,
    Delivery,
    DeliveryState,
    Message,
    MessageState,
    ReplyClock,
    Route,
)
from mailer.outbound.deliver import Result, claim, record
from mailer.outbound.outcome import Accepted
from mailer.rendering.catalog import Catalog
from mailer.replies.acknowledge import (
    KIND,
    Office,
    acknowledge_anyway,
    acknowledge_waiting,
    unconsidered,
)
from mailer.replies.clocks import Rule
from mailer.replies.loops import Switches
from mailer.signing import digest
from tests import build

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
OFFICE = Office(
    "care@shop.test",
    "Linen & Co",
    "Linen & Co",
    "en",
    Rule(Limit(timedelta(hours=24)), always(ZoneInfo("UTC")), HOUR),
    Switches(),
    frozenset({"care@shop.test"}),
    Catalog(build.TEMPLATES),
    build.TERMS.keys,
)


def mail(session: Session, now: datetime, **facts: Any) -> Message:
    """A customer's mail whose sender is authentic."""
    given = {"may_auto_answer": True, "dmarc": "pass", "state": MessageState.RECEIVED, **facts}
    head = given.pop("head", b"")
    message = build.customer_mail(session, now, **given)
    raw = head + b"\r\n\r\n" + str(message.id).encode()
    insert_once(session, Blob.of(digest(raw), raw))
    message.sha256 = digest(raw)
    return message


def answers(session: Session) -> list[AutomaticAnswer]:
    return list(session.exec(select(AutomaticAnswer).order_by(col(AutomaticAnswer.id))))


def sent(session: Session) -> list[Delivery]:
    return list(session.exec(select(Delivery).where(Delivery.kind == KIND).order_by(col(Delivery.id))))


async def look(db: Database, clock: FrozenClock, office: Office = OFFICE) -> list[list[str]]:
    """Let the loop look, and what stopped each mail that was ever considered."""
    while await acknowledge_waiting(db, clock, office):
        pass
    return [answer.stopped_by for answer in db.read_here(answers)]


async def test_a_first_mail_is_acknowledged_by_a_note_that_names_nothing_of_it(
    db: Database, clock: FrozenClock
) -> None:
    asked = db.run_here(mail, clock.now(), subject="BUY PILLS http://evil.test")
    assert await look(db, clock) == [[]]
    (delivery,) = db.read_here(sent)
    assert (delivery.recipient, delivery.envelope_sender, delivery.draft_id) == (build.ANA, "", None)
    claimed = db.run_here(claim, owner="w", lease=MINUTE, now=clock.now())
    assert claimed is not None
    assert claimed.envelope_sender == ""
    letter = message_from_bytes(claimed.raw, policy=default)
    assert (letter["Auto-Submitted"], letter["X-Auto-Response-Suppress"], letter["X-Loop"]) == (
        "auto-replied", "All", "mailer",
    )  # fmt: skip
    assert letter["Precedence"] is None
    assert letter["In-Reply-To"] == asked.internet_message_id
    assert letter["Subject"] == "We have your mail"
    assert b"evil.test" not in claimed.raw
    assert b"PILLS" not in claimed.raw
    assert b"within 24 hours" in claimed.raw


async def test_it_is_no_answer_the_clock_runs_on_and_the_draft_answers_the_mail(
    db: Database, clock: FrozenClock
) -> None:
    order = db.run_here(build.shop_order, clock.now())
    asked = db.run_here(mail, clock.now(), state=MessageState.TRIAGED, order=order)
    await look(db, clock)
    claimed = db.run_here(claim, owner="w", lease=MINUTE, now=clock.now())
    assert claimed is not None
    db.run_here(record, [Result(claimed, Accepted("250"), clock.now())])
    db.run_here(build.draft_all, clock.now())
    draft = db.read_here(build.pending, asked.conversation_id)
    assert db.read_here(lambda session: session.get_one(Message, asked.id)).draft_id == draft.id
    assert db.read_here(build.conversation_of, asked.conversation_id).state == ConversationState.DRAFTED
    assert not any(db.read_here(lambda session: session.exec(select(ReplyClock.stopped_at)).all()))


async def test_a_mail_is_considered_once(db: Database, clock: FrozenClock) -> None:
    db.run_here(mail, clock.now())
    await look(db, clock)
    assert await look(db, clock) == [[]]
    assert len(db.read_here(sent)) == 1


@pytest.mark.parametrize(
    "facts",
    [
        {"history": True},
        {"received_at": NOW - 2 * HOUR},
        {"route": Route.BOUNCE},
        {"route": Route.COMPLAINT},
        {"sender": ""},
    ],
    ids=["history", "old", "bounce", "complaint", "nobody"],
)
async def test_what_is_never_considered(db: Database, clock: FrozenClock, facts: dict[str, Any]) -> None:
    db.run_here(mail, clock.now(), **facts)
    assert await look(db, clock) == []


async def test_a_conversation_that_we_answered_is_past_its_first_mail(db: Database, clock: FrozenClock) -> None:
    case, _ = db.run_here(build.approved, clock.now())
    db.run_here(mail, clock.now(), conversation=case.conversation)
    assert db.read_here(unconsidered, now=clock.now()) == []


@pytest.mark.parametrize(
    ("facts", "stopped_by"),
    [
        ({"may_auto_answer": False}, ["automatic_mail"]),
        ({"head": b"Return-Path: <>"}, ["null_sender"]),
        ({"head": b"X-Loop: mailer"}, ["own_mark"]),
        ({"sender": "care@shop.test"}, ["own_mark"]),
        ({"dmarc": "none"}, ["stranger"]),
        ({"senders": ["a@b.test", "c@d.test"]}, ["stranger"]),
        (
            {"may_auto_answer": False, "head": b"Return-Path: <>\r\nX-Loop: mailer", "state": MessageState.AUTOMATED},
            ["automatic_mail", "null_sender", "own_mark"],
        ),
    ],
)
async def test_each_stop_is_a_row_with_its_reason(
    db: Database, clock: FrozenClock, facts: dict[str, Any], stopped_by: list[str]
) -> None:
    db.run_here(mail, clock.now(), **facts)
    assert await look(db, clock) == [stopped_by]
    (answer,) = db.read_here(answers)
    assert answer.reason
    assert db.read_here(sent) == []


async def test_the_caps_count_what_went(db: Database, clock: FrozenClock) -> None:
    for _ in range(3):
        db.run_here(mail, clock.now())
    assert await look(db, clock) == [[], [], ["per_address"]]
    for _ in range(4):
        clock.current += timedelta(hours=25)
        db.run_here(mail, clock.now())
        await look(db, clock)
    assert (await look(db, clock))[3:] == [[], [], [], ["per_address"]]
    clock.current += timedelta(days=4)
    db.run_here(mail, clock.now())
    assert (await look(db, clock))[-1] == []


async def test_a_second_mail_in_the_conversation_gets_no_second_note(db: Database, clock: FrozenClock) -> None:
    first = db.run_here(mail, clock.now())
    db.run_here(mail, clock.now(), conversation=first.conversation_id)
    assert await look(db, clock) == [[], ["per_conversation"]]


async def test_people_with_an_order_or_an_answer_need_no_dmarc(db: Database, clock: FrozenClock) -> None:
    db.run_here(build.shop_order, clock.now())
    db.run_here(mail, clock.now(), dmarc="none")
    _, delivery_id = db.run_here(build.approved, clock.now(), number="#2", sender="bo@customer.test", id="2")
    db.run_here(lambda session: setattr(build.delivery(session, delivery_id), "state", DeliveryState.SENT))
    db.run_here(mail, clock.now(), sender="bo@customer.test", dmarc="fail")
    db.run_here(mail, clock.now(), sender="cy@customer.test", dmarc="fail")
    assert await look(db, clock) == [[], [], ["stranger"]]


async def test_a_thousand_forged_mails_relay_nothing(db: Database, clock: FrozenClock) -> None:
    """FAILURES D10: as a relay for spam to forged senders we are worthless."""
    db.run_here(build.shop_order, clock.now())

    def flood(session: Session) -> None:
        for number in range(500):
            mail(session, clock.now(), dmarc="none", sender=f"victim{number}@customer.test")
        for _ in range(500):
            mail(session, clock.now(), dmarc="none")

    db.run_here(flood)
    stopped = await look(db, clock)
    assert len(stopped) == 1000
    assert [delivery.recipient for delivery in db.read_here(sent)] == [build.ANA] * 2


async def test_over_all_there_is_a_cap(db: Database, clock: FrozenClock) -> None:
    office = replace(OFFICE, switches=Switches(in_all_per_hour=3))
    for number in range(5):
        db.run_here(mail, clock.now(), sender=f"c{number}@customer.test")
    assert (await look(db, clock, office)).count(["in_all"]) == 2


async def test_what_was_stopped_goes_at_a_person_s_word(db: Database, clock: FrozenClock) -> None:
    person = db.run_here(build.agent, clock.now())
    db.run_here(mail, clock.now(), dmarc="none")
    await look(db, clock)

    def anyway(reason: str, number: int = 1) -> int:
        return db.run_here(acknowledge_anyway, number, office=OFFICE, agent_id=person, reason=reason, now=clock.now())

    with pytest.raises(InputError, match="say why"):
        anyway(" ")
    with pytest.raises(NotFound):
        anyway("she phoned", 9)
    delivery_id = anyway("she phoned")
    (answer,) = db.read_here(answers)
    assert (answer.delivery_id, answer.overruled_by, answer.overruled_why) == (delivery_id, person, "she phoned")
    assert answer.stopped_by == ["stranger"]
    with pytest.raises(Conflict, match="sent already"):
        anyway("again")


async def test_one_that_cannot_be_written_stops_no_other(db: Database, clock: FrozenClock) -> None:
    db.run_here(mail, clock.now(), sender="not an address@customer.test")
    db.run_here(mail, clock.now(), sender="bo@customer.test")
    assert sorted(await look(db, clock)) == [[], ["error"]]
    assert [delivery.recipient for delivery in db.read_here(sent)] == ["bo@customer.test"]
