"""What an item looks like, in one word: equal stamps, equal pages; so a page that was fetched ahead can be trusted."""

from sqlmodel import Session, col, func, select

from mailer.model import Conversation, Delivery, Draft, Message, Note, Order
from mailer.signing import digest


def stamp(session: Session, conversation_id: int) -> str:
    """Changes with the mails, notes, drafts, deliveries, state and order of a conversation; "" where there is none."""
    conversation = session.get(Conversation, conversation_id)
    if conversation is None:
        return ""
    mails = select(func.max(Message.id)).where(Message.conversation_id == conversation_id)
    notes = select(func.count(col(Note.id)), func.max(Note.changed_at), func.max(Note.deleted_at)).where(
        Note.conversation_id == conversation_id
    )
    drafts = select(Draft.id, Draft.state, Draft.version, Draft.updated_at).where(
        Draft.conversation_id == conversation_id
    )
    ways = (
        select(Delivery.id, Delivery.state, Delivery.attempt)
        .join(Message, col(Message.id) == Delivery.message_id)
        .where(Message.conversation_id == conversation_id)
    )
    order = session.get(Order, conversation.order_id) if conversation.order_id else None
    seen = (
        (conversation.state, conversation.updated_at, conversation.assignee_id, conversation.snoozed_for),
        session.exec(mails).one(),
        tuple(session.exec(notes).one()),
        [tuple(one) for one in session.exec(drafts.order_by(col(Draft.id)))],
        [tuple(one) for one in session.exec(ways.order_by(col(Delivery.id)))],
        order and order.recorded_at,
    )
    return digest(repr(seen).encode())[:16]
