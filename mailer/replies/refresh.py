"""A draft whose order changed is drafted anew; a person's own words are left to the person."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from mailer.model import Conversation, ConversationState, Draft, DraftState, Order
from mailer.outbound.guard import changed_facts


def outdated(session: Session, limit: int) -> list[int]:
    """The pending drafts of ours whose order we learnt something new of since they were written."""
    wanted = (
        select(Draft.id)
        .join(Order, col(Order.id) == Draft.order_id)
        .where(
            Draft.state == DraftState.PENDING,
            col(Draft.written_by).is_(None),
            col(Order.recorded_at) > col(Draft.updated_at),
        )
    )
    return [one for one in session.exec(wanted.order_by(col(Draft.id)).limit(limit)) if one is not None]


def refresh(session: Session, draft_ids: Sequence[int], *, now: datetime) -> None:
    """Make those stale whose facts really changed; their conversations need an answer again (PRODUCT, rule 4)."""
    for draft_id in draft_ids:
        _refresh_one(session, draft_id, now)


def _refresh_one(session: Session, draft_id: int, now: datetime) -> None:
    draft = session.get_one(Draft, draft_id)
    # The conversation first, as approving locks it first too.
    locked = select(Conversation).where(Conversation.id == draft.conversation_id).with_for_update()
    conversation = session.exec(locked).one()
    session.refresh(draft, with_for_update=True)
    if draft.state != DraftState.PENDING or draft.written_by is not None:
        return
    draft.updated_at = now
    if changes := changed_facts(session, draft):
        draft.state, draft.reason = DraftState.STALE, f"the facts changed: {'; '.join(changes)}"
        conversation.state, conversation.updated_at = ConversationState.NEEDS_ANSWER, now
