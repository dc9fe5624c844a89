"""What is not settled between a customer and us."""

from datetime import datetime

import pytest
from sqlmodel import Session

from mailer.model import Conversation, ConversationState, Customer, Order
from mailer.outbound.open_matters import open_matters

ANA, BEN = "ana@customer.test", "ben@customer.test"
OPEN = frozenset({"conversation.open"})


@pytest.fixture
def order(session: Session, now: datetime) -> int:
    """Ana's order."""
    moments = {"placed_at": now, "changed_at": now, "recorded_at": now}
    session.add(Order(id=7, source="api", number="#1", number_key="1", email=ANA, **moments))
    session.flush()
    return 7


def talk(session: Session, now: datetime, address: str, state: ConversationState, order_id: int | None = None) -> None:
    customer = Customer(address=address, created_at=now)
    session.add(customer)
    session.flush()
    about = {"order_id": order_id, "subject": "", "created_at": now, "updated_at": now}
    session.add(Conversation(customer_id=customer.id or 0, state=state, **about))
    session.flush()


@pytest.mark.parametrize("state", list(ConversationState))
def test_a_conversation_is_open_until_it_is_closed(
    session: Session, now: datetime, order: int, state: ConversationState
) -> None:
    talk(session, now, ANA, state)
    expected = frozenset() if state is ConversationState.CLOSED else OPEN
    assert open_matters(session, order_id=order, address=ANA) == expected
    assert open_matters(session, order_id=None, address=ANA.upper()) == expected


@pytest.mark.parametrize(
    ("about_it", "state", "expected"),
    [
        (True, ConversationState.NEEDS_PERSON, OPEN),
        (True, ConversationState.CLOSED, frozenset()),
        (False, ConversationState.NEEDS_PERSON, frozenset()),
    ],
)
def test_whoever_writes_about_an_order_it_is_open(
    session: Session, now: datetime, order: int, about_it: bool, state: ConversationState, expected: frozenset[str]
) -> None:
    talk(session, now, BEN, state, order if about_it else None)
    assert open_matters(session, order_id=order, address=ANA) == expected
    assert open_matters(session, order_id=None, address=ANA) == frozenset()
