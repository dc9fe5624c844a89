"""What a customer's mail means to the rest of the house: a conversation is open again, a flow's mail was answered."""

from datetime import datetime

from sqlmodel import Session, col, select

from mailer.events import record_event
from mailer.model import Conversation, Customer, Delivery, Enrollment, Message, Order


def tell_opened(session: Session, conversation: Conversation, message: Message, *, now: datetime) -> None:
    """A customer's mail opened a conversation or woke it: until it is closed, no review mail and no offer goes out."""
    order = session.get(Order, conversation.order_id) if conversation.order_id else None
    customer = session.get_one(Customer, conversation.customer_id)
    record_event(
        session,
        "conversation.opened",
        ("conversation", conversation.id or 0),
        key=f"conversation.opened:{message.id}",
        order_id=conversation.order_id,
        address=order.email if order else customer.address,
        at=message.received_at,
        now=now,
        data={"message_id": message.id},
    )


def tell_replied(session: Session, message: Message, *, now: datetime) -> None:
    """Whether it answers a flow's mail, which may end that passage. Only one of its own conversation counts."""
    enrollment = _answered(session, message)
    if enrollment is None:
        return
    record_event(
        session,
        "mail.replied",
        ("conversation", message.conversation_id),
        key=f"mail.replied:{message.id}",
        order_id=enrollment.order_id,
        address=enrollment.address,
        at=message.received_at,
        now=now,
        data={"enrollment_id": enrollment.id, "message_id": message.id},
    )


def _answered(session: Session, message: Message) -> Enrollment | None:
    """The passage that sent the mail which this one names, In-Reply-To before References, the newest first."""
    named = [one for one in dict.fromkeys([message.in_reply_to, *reversed(message.reference_ids)]) if one]
    if not named:
        return None
    rows = session.exec(
        select(Message.internet_message_id, Enrollment)
        .join(Delivery, col(Delivery.message_id) == Message.id)
        .join(Enrollment, col(Enrollment.id) == Delivery.enrollment_id)
        .where(
            col(Message.internet_message_id).in_(named),
            Message.conversation_id == message.conversation_id,
        )
    ).all()
    return min(rows, key=lambda row: named.index(row[0]))[1] if rows else None
