"""A second mail before the first was answered joins it; what may be another matter stays apart, and can be parted."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.inbound.join import Newcomer, waiting_of
from mailer.inbound.merge import split
from mailer.inbound.receive import receive_stored
from mailer.inbound.thread import Rules
from mailer.model import Conversation, ConversationState, Customer, Draft, DraftState, Message, MessageState
from tests import build

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
OWN = frozenset({"care@shop.test"})
RULES = Rules(keys=build.KEYS, relays=("members.ebay.*",))
S = ConversationState
SECOND = {"Message_ID": "<second@customer.test>", "Subject": "One more thing"}


async def come(db: Database, clock: FrozenClock, *mails: bytes, box: str = "support") -> list[Message]:
    """Let these mails arrive one after another; all messages, the oldest first."""
    for raw in mails:
        uid = 1 + len(await db.read(lambda session: session.exec(select(Message.id)).all()))
        await db.run(build.raw_mail, clock.now(), raw, uid=uid, box=box)
        await receive_stored(db, clock, OWN, rules=RULES)
    return await db.read(lambda session: list(session.exec(select(Message).order_by(col(Message.id)))))


def leave(session: Session, conversation: int, state: ConversationState, draft: DraftState | None) -> None:
    """Bring a conversation to where its room would have left it."""
    talk = session.get_one(Conversation, conversation)
    talk.state, talk.reason = state, "because"
    if draft is not None:
        first = session.exec(select(Message.id)).first() or 0
        session.add(
            Draft(conversation_id=conversation, answers_id=first, text="x", state=draft, created_at=NOW, updated_at=NOW)
        )


@pytest.mark.parametrize(
    ("state", "draft", "joins"),
    [
        (S.NEEDS_ANSWER, None, True),
        (S.NEEDS_PERSON, None, True),
        (S.DRAFTED, DraftState.PENDING, True),
        (S.DRAFTED, DraftState.APPROVED, False),
        (S.WAITING, DraftState.APPROVED, False),
        (S.CLOSED, None, False),
    ],
)
async def test_it_joins_what_still_waits(
    db: Database, clock: FrozenClock, state: ConversationState, draft: DraftState | None, joins: bool
) -> None:
    (first,) = await come(db, clock, build.mail_bytes())
    await db.run(leave, first.conversation_id, state, draft)
    _, second = await come(db, clock, build.mail_bytes("It is blue.", **SECOND))
    assert (second.conversation_id == first.conversation_id) is joins
    assert any("names no earlier mail" in one for one in second.defects) is joins
    talk = await db.read(lambda session: session.get_one(Conversation, second.conversation_id))
    assert (talk.state, talk.reason) == (S.NEEDS_ANSWER, "")


@pytest.mark.parametrize(
    "change",
    [
        {"From": "Bo <bo@customer.test>"},
        {"From": f"{build.ANA}, bo@customer.test"},
        {"In_Reply_To": "<gone@elsewhere.test>"},
        {"References": "<gone@elsewhere.test>"},
        {"Auto_Submitted": "auto-replied"},
    ],
    ids=["another sender", "two senders", "answers another mail", "refers to another", "automatic"],
)
async def test_what_may_be_another_matter_stays_apart(db: Database, clock: FrozenClock, change: dict[str, str]) -> None:
    first, second = await come(db, clock, build.mail_bytes(), build.mail_bytes("More.", **{**SECOND, **change}))
    assert second.conversation_id != first.conversation_id
    assert not any("names no earlier mail" in one for one in second.defects)


async def test_mail_of_another_storefront_stays_apart(db: Database, clock: FrozenClock) -> None:
    await db.run(build.mailbox, "nordic", "nordic")
    await come(db, clock, build.mail_bytes())
    first, second = await come(db, clock, build.mail_bytes("More.", **SECOND), box="nordic")
    assert second.conversation_id != first.conversation_id


@pytest.mark.parametrize(
    ("first", "second", "joins"),
    [
        ("Where is #1001?", "And #1002?", False),
        ("Where is #1001?", "I mean #1001.", True),
        ("Where is my parcel?", "My number is 1002.", True),
        ("Where is order 1001?", "Please hurry.", True),
        ("Where is #1001 and #1002?", "#1002 is urgent.", True),
        ("Where is 1001? I paid 59.00.", "It was 2026, number 7777.", True),
    ],
)
async def test_two_orders_are_two_matters(
    db: Database, clock: FrozenClock, first: str, second: str, joins: bool
) -> None:
    for number in ("1001", "1002"):
        await db.run(build.shop_order, clock.now(), name=f"#{number}", id=number)
    one, other = await come(db, clock, build.mail_bytes(first), build.mail_bytes(second, **SECOND))
    assert (one.conversation_id == other.conversation_id) is joins


async def test_a_marketplace_s_alias_joins_its_own_order_only(db: Database, clock: FrozenClock) -> None:
    def mail(number: int, subject: str) -> bytes:
        return build.mail_bytes(From="u_7@members.ebay.com", Message_ID=f"<m{number}@x>", Subject=subject)

    subjects = ["Order 11-22333-44555", "Order 99-88777-66555", "Hello", "Hello again", "Re: Order 11-22333-44555"]
    mails = await come(db, clock, *(mail(number, subject) for number, subject in enumerate(subjects)))
    talks = [one.conversation_id for one in mails]
    assert talks[0] == talks[4]
    assert talks[2] == talks[3]
    assert len(set(talks)) == 3


async def test_what_its_own_domain_calls_forged_joins_nothing(db: Database, clock: FrozenClock) -> None:
    await come(db, clock, build.mail_bytes())

    def question(session: Session, dmarc: str) -> Conversation | None:
        customer = session.exec(select(Customer)).one()
        return waiting_of(session, customer, Newcomer("main", "s", "w", (build.ANA,), False, dmarc, False), None)

    assert await db.read(question, "fail") is None
    assert await db.read(question, "none") is not None


async def test_joined_mails_are_parted_like_any_others(db: Database, clock: FrozenClock) -> None:
    first, second = await come(db, clock, build.mail_bytes(), build.mail_bytes("A refund too.", **SECOND))
    await db.run(split, first.conversation_id, messages=[second.id or 0], agent_id=None, now=clock.now())
    moved = await db.read(lambda session: session.get_one(Message, second.id))
    assert moved.conversation_id != first.conversation_id
    assert moved.state is MessageState.RECEIVED


async def test_both_mails_get_one_draft(db: Database, clock: FrozenClock) -> None:
    def verb(session: Session) -> list[Draft]:
        order = build.shop_order(session, clock.now())
        first = build.customer_mail(session, clock.now(), order=order)
        more = {"conversation": first.conversation_id, "order": order, "intent": "invoice"}
        build.customer_mail(session, clock.now() + timedelta(minutes=2), **more)
        build.draft_all(session, clock.now())
        return build.drafts(session, first.conversation_id)

    (draft,) = await db.run(verb)
    assert draft.intents == ["order_status", "invoice"]
