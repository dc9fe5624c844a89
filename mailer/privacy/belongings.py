"""Every row that speaks of one customer, by number: the one place that knows how rows hang together."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, or_, select

from mailer.errors import NotFound
from mailer.model import (
    Conversation,
    Customer,
    Delivery,
    Draft,
    Enrollment,
    Message,
    Order,
    RawMail,
    Shipment,
    SourcePayload,
)

# No more numbers than this stand in one question.
AT_ONCE = 500


@dataclass(frozen=True)
class Belongings:
    """Numbers of rows, by table. `address` is in lower case, "" where it is no whole customer."""

    address: str
    customers: frozenset[int]
    conversations: frozenset[int]
    messages: frozenset[int]
    raw_mails: frozenset[int]
    drafts: frozenset[int]
    deliveries: frozenset[int]
    orders: frozenset[int]
    shipments: frozenset[int]
    enrollments: frozenset[int]
    payloads: frozenset[int]
    # Of the bytes of mails, payloads and pictures.
    blobs: frozenset[str]


def of_customer(session: Session, customer_id: int) -> Belongings:
    """All that belongs to one customer: what hangs on the row, and what bears the address. Raises NotFound."""
    customer = session.get(Customer, customer_id)
    if customer is None:
        raise NotFound(f"customer {customer_id}: there is no such customer")
    address = customer.address.lower()
    conversations = _ids(session, Conversation, [col(Conversation.customer_id) == customer_id])
    orders = _ids(session, Order, [func.lower(col(Order.email)) == address])
    enrollments = _ids(session, Enrollment, [col(Enrollment.address) == address])
    return _gathered(session, address, frozenset({customer_id}), conversations, orders, enrollments)


def of_conversations(session: Session, conversations: Collection[int]) -> Belongings:
    """All that belongs to these conversations: mails and drafts, no orders."""
    none: frozenset[int] = frozenset()
    return _gathered(session, "", none, frozenset(conversations), none, none)


def _gathered(
    session: Session,
    address: str,
    customers: frozenset[int],
    conversations: frozenset[int],
    orders: frozenset[int],
    enrollments: frozenset[int],
) -> Belongings:
    messages = _ids_in(session, Message, Message.conversation_id, conversations)
    drafts = _ids_in(session, Draft, Draft.conversation_id, conversations)
    deliveries = _ids_in(session, Delivery, Delivery.message_id, messages)
    payloads = _ids_in(session, SourcePayload, SourcePayload.order_id, orders)
    raw_mails = frozenset(_values(session, Message.raw_mail_id, Message.id, messages))
    blobs = [
        *_values(session, Message.sha256, Message.id, messages),
        *_values(session, RawMail.sha256, RawMail.id, raw_mails),
        *_values(session, SourcePayload.sha256, SourcePayload.id, payloads),
    ]
    return Belongings(
        address=address,
        customers=customers,
        conversations=conversations,
        messages=messages,
        raw_mails=raw_mails,
        drafts=drafts,
        deliveries=deliveries,
        orders=orders,
        shipments=_ids_in(session, Shipment, Shipment.order_id, orders),
        enrollments=enrollments,
        payloads=payloads,
        blobs=frozenset(blobs),
    )


def portions(numbers: Iterable[Any]) -> Iterable[Sequence[Any]]:
    """These in lists of bounded length."""
    wanted = sorted(numbers)
    return (wanted[start : start + AT_ONCE] for start in range(0, len(wanted), AT_ONCE))


def _ids(session: Session, table: Any, where: Sequence[Any]) -> frozenset[int]:
    return frozenset(session.exec(select(table.id).where(or_(*where))).all())


def _ids_in(session: Session, table: Any, column: Any, numbers: Collection[int]) -> frozenset[int]:
    return frozenset(_values(session, table.id, column, numbers))


def _values(session: Session, wanted: Any, column: Any, numbers: Collection[Any]) -> list[Any]:
    found: list[Any] = []
    for some in portions(numbers):
        found += session.exec(select(wanted).where(column.in_(some))).all()
    return [one for one in found if one is not None]
