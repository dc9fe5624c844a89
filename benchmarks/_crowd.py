"""Fifty thousand open conversations, as a shop has them after a very bad week: rows without bytes."""

import random
from datetime import datetime, timedelta

from sqlmodel import Session

from mailer.db import insert_many
from mailer.model import (
    Blob,
    Classification,
    Conversation,
    ConversationState,
    Customer,
    Direction,
    Draft,
    DraftState,
    Level,
    Message,
    MessageState,
    Order,
    OrderLine,
    ReplyClock,
)

INTENTS = ("order_status", "return_refund", "damaged_defective", "cancel_order", "size_question")
LANGUAGES = ("en", "de", "fr", "nl", "ja")
# Of a hundred: to approve, before a person, of these for want of a fact.
DRAFTED, LACKING = 80, 5


def crowd(session: Session, count: int, now: datetime) -> None:
    """So many conversations, each with its mail, judgement, clock and order; most with a draft that waits."""
    chance = random.Random(7)
    session.add(Blob(sha256="none", packed=b"", size=0))
    session.flush()
    for start in range(0, count, 5_000):
        _thousands(session, range(start, min(count, start + 5_000)), now, chance)


def _thousands(session: Session, numbers: range, now: datetime, chance: random.Random) -> None:
    came = [now - timedelta(seconds=chance.randint(60, 90_000)) for _ in numbers]
    customers = insert_many(
        session,
        Customer,
        [{"address": f"c{n}@shop.test", "name": f"Customer {n}", "created_at": now} for n in numbers],
    )
    orders = insert_many(session, Order, [_order(n, now) for n in numbers])
    insert_many(
        session,
        OrderLine,
        [
            {"order_id": one, "external_id": "1", "title": f"Shirt {n % 40}", "sku": f"S{n % 40}"}
            for one, n in zip(orders, numbers, strict=True)
        ],
    )
    kinds = [chance.randrange(100) for _ in numbers]
    talks = insert_many(
        session,
        Conversation,
        [
            {
                "customer_id": customer,
                "order_id": order,
                "state": ConversationState.DRAFTED if kind < DRAFTED else ConversationState.NEEDS_PERSON,
                "reason": "Needs facts: shop.phone" if kind >= 100 - LACKING else "",
                "subject": f"About my order {n}",
                "language": chance.choice(LANGUAGES),
                "created_at": at,
                "updated_at": at,
            }
            for customer, order, kind, n, at in zip(customers, orders, kinds, numbers, came, strict=True)
        ],
    )
    mails = insert_many(
        session,
        Message,
        [
            {
                "conversation_id": talk,
                "direction": Direction.IN,
                "state": MessageState.TRIAGED,
                "sha256": "none",
                "internet_message_id": f"<{talk}@x.test>",
                "from_address": f"c{talk}@shop.test",
                "text": "Hello, where is my order?\n\nKind regards" * 4,
                "received_at": at,
                "created_at": at,
            }
            for talk, at in zip(talks, came, strict=True)
        ],
    )
    insert_many(
        session,
        Classification,
        [
            {
                "message_id": mail,
                "intent": chance.choice(INTENTS),
                "confidence": 0.9,
                "level": Level.HIGH,
                "classifier": "phrases",
                "created_at": now,
            }
            for mail in mails
        ],
    )
    insert_many(
        session,
        ReplyClock,
        [
            {"conversation_id": talk, "kind": kind, "started_at": at, "due_at": at + timedelta(hours=hours)}
            for talk, at in zip(talks, came, strict=True)
            for kind, hours in (("first_answer", 24), ("settled", 48))
        ],
    )
    insert_many(
        session,
        Draft,
        [
            {
                "conversation_id": talk,
                "answers_id": mail,
                "state": DraftState.PENDING,
                "text": "Hello,\n\nit is on its way.\n" * 8,
                "recipient": f"c{talk}@shop.test",
                "created_at": at,
                "updated_at": at,
            }
            for talk, mail, kind, at in zip(talks, mails, kinds, came, strict=True)
            if kind < DRAFTED
        ],
    )


def _order(number: int, now: datetime) -> dict[str, object]:
    return {
        "source": "api",
        "number": f"#{number}",
        "number_key": str(number),
        "email": f"c{number}@shop.test",
        "placed_at": now,
        "changed_at": now,
        "recorded_at": now,
    }
