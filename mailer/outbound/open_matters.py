"""What is not settled yet between a customer and us: no review is asked for, and nothing offered, while it is open."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from mailer.model import (
    Conversation,
    ConversationState,
    Customer,
    Incident,
    IncidentState,
    Order,
    ReturnRequest,
    ReturnState,
)

T = TypeVar("T", int, str)

CONVERSATION, RETURN, DELAY = "conversation.open", "return.open", "delay.open"

_OPEN_RETURN = (ReturnState.REQUESTED, ReturnState.AGREED, ReturnState.RECEIVED)
# Values in one statement: SQLite has a limit.
_MOST = 500


def open_matters(session: Session, *, order_id: int | None, address: str) -> frozenset[str]:
    """Which of `conversation.open`, `return.open` and `delay.open` hold for this customer.

    A conversation or a return of the address, whatever its order; a conversation about the order, whoever wrote; a
    delay of the order, of any of theirs without one.
    """
    return open_matters_of(session, [(order_id, address)])[order_id, address.lower()]


def open_matters_of(
    session: Session, subjects: Iterable[tuple[int | None, str]]
) -> dict[tuple[int | None, str], frozenset[str]]:
    """As `open_matters`, for many (order, address) at once: a few questions for the lot."""
    wanted = [(order_id, address.lower()) for order_id, address in subjects]
    addresses = sorted({address for _, address in wanted if address})
    talking = _in_parts(session, _talking, addresses)
    returning = _in_parts(session, _returning, addresses)
    orders = sorted({one for one, _ in wanted if one is not None})
    asked_of, late_orders = _in_parts(session, _asked_of, orders), _in_parts(session, _late_orders, orders)
    late = _in_parts(session, _late, sorted({address for order_id, address in wanted if order_id is None}))
    return {
        (order_id, address): frozenset(
            name
            for name, holds in (
                (CONVERSATION, address in talking or order_id in asked_of),
                (RETURN, address in returning),
                (DELAY, address in late if order_id is None else order_id in late_orders),
            )
            if holds
        )
        for order_id, address in wanted
    }


def _in_parts(session: Session, question: Callable[[Sequence[T]], SelectOfScalar[T]], values: Sequence[T]) -> set[T]:
    parts = (values[start : start + _MOST] for start in range(0, len(values), _MOST))
    return {found for part in parts for found in session.exec(question(part))}


def _talking(addresses: Sequence[str]) -> SelectOfScalar[str]:
    """The addresses that take part in a conversation which is not closed."""
    return (
        select(Customer.address)
        .join(Conversation, col(Conversation.customer_id) == Customer.id)
        .where(col(Customer.address).in_(addresses), Conversation.state != ConversationState.CLOSED)
    )


def _asked_of(order_ids: Sequence[int]) -> SelectOfScalar[Any]:
    """The orders that somebody, perhaps from another address, has a conversation about which is not closed."""
    about = col(Conversation.order_id)
    return select(about).where(about.in_(order_ids), Conversation.state != ConversationState.CLOSED)


def _returning(addresses: Sequence[str]) -> SelectOfScalar[str]:
    """The addresses that want to send something back."""
    return select(ReturnRequest.address).where(
        col(ReturnRequest.address).in_(addresses), col(ReturnRequest.state).in_(_OPEN_RETURN)
    )


def _late_orders(order_ids: Sequence[int]) -> SelectOfScalar[int]:
    """The orders that are late."""
    return select(Incident.order_id).where(col(Incident.order_id).in_(order_ids), Incident.state == IncidentState.OPEN)


def _late(addresses: Sequence[str]) -> SelectOfScalar[str]:
    """The addresses with an order that is late."""
    return (
        select(Order.email)
        .join(Incident, col(Incident.order_id) == Order.id)
        .where(col(Order.email).in_(addresses), Incident.state == IncidentState.OPEN)
    )
