"""What people see: the tabs of the queue (`tabs`), its lines (`lines`), and one conversation with all that is its."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from mailer.errors import NotFound
from mailer.model import (
    Classification,
    Conversation,
    Customer,
    Delivery,
    Draft,
    DraftState,
    Message,
    Order,
    ReplyClock,
    Shipment,
)
from mailer.replies.due import running_clock
from mailer.replies.lines import Waiting, Wanted, judgements, quarantined, waiting, wanted
from mailer.replies.tabs import Tab, counts

__all__ = ["Item", "Tab", "Waiting", "Wanted", "counts", "item", "quarantined", "waiting", "wanted"]


@dataclass(frozen=True)
class Item:
    """One conversation with all that a person needs to decide."""

    conversation: Conversation
    customer: Customer
    messages: Sequence[Message]
    draft: Draft | None
    past_drafts: Sequence[Draft]
    # What a person wrote and something newer overtook before it was approved; theirs to take up again.
    kept_words: Draft | None
    # On the newest mail, and on all that wait, the newest first.
    classification: Classification | None
    judgements: Sequence[Classification]
    order: Order | None
    shipments: Sequence[Shipment]
    deliveries: Sequence[Delivery]
    clock: ReplyClock | None


def item(session: Session, conversation_id: int) -> Item:
    """One conversation. Raises NotFound."""
    conversation = session.get(Conversation, conversation_id)
    if conversation is None:
        raise NotFound(f"there is no conversation {conversation_id}")
    drafts = session.exec(
        select(Draft).where(Draft.conversation_id == conversation_id).order_by(col(Draft.id).desc())
    ).all()
    current = next((draft for draft in drafts if draft.state in (DraftState.PENDING, DraftState.APPROVED)), None)
    order = session.get(Order, conversation.order_id) if conversation.order_id else None
    judged = judgements(session, [conversation_id]).get(conversation_id, [])
    return Item(
        conversation=conversation,
        customer=session.get_one(Customer, conversation.customer_id),
        messages=_messages(session, conversation_id),
        draft=current,
        past_drafts=[draft for draft in drafts if draft is not current],
        kept_words=_kept_words(drafts),
        classification=judged[0] if judged else None,
        judgements=judged,
        order=order,
        shipments=_shipments(session, order),
        deliveries=_deliveries(session, conversation_id),
        clock=running_clock(session, conversation_id),
    )


def _kept_words(drafts: Sequence[Draft]) -> Draft | None:
    """A person's overtaken text, unless an answer was approved since; the newest draft comes first."""
    for draft in drafts:
        if draft.state is DraftState.APPROVED:
            return None
        if draft.state is DraftState.STALE and draft.written_by is not None:
            return draft
    return None


def _messages(session: Session, conversation_id: int) -> Sequence[Message]:
    here = select(Message).where(Message.conversation_id == conversation_id)
    return session.exec(here.order_by(col(Message.received_at), col(Message.id))).all()


def _shipments(session: Session, order: Order | None) -> Sequence[Shipment]:
    if order is None:
        return []
    return session.exec(select(Shipment).where(Shipment.order_id == order.id).order_by(col(Shipment.id))).all()


def _deliveries(session: Session, conversation_id: int) -> Sequence[Delivery]:
    here = select(Delivery).join(Message, col(Message.id) == Delivery.message_id)
    return session.exec(here.where(Message.conversation_id == conversation_id).order_by(col(Delivery.id).desc())).all()
