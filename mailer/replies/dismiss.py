"""A draft is rejected with one of five faults; the fifth closes the conversation. All of it can be taken back."""

from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from mailer.errors import Conflict, NotFound
from mailer.events import record_event
from mailer.model import Conversation, ConversationState, Customer, Dismissal, Draft, DraftState, Fault, ReplyClock
from mailer.replies.approve import reject
from mailer.replies.case import newest_mail
from mailer.replies.close import say_closed
from mailer.replies.due import end_clocks

_STANDING = (DraftState.PENDING, DraftState.APPROVED)


def dismiss(
    session: Session,
    draft_id: int,
    *,
    version: int,
    agent_id: int,
    fault: Fault | None,
    reason: str = "",
    now: datetime,
) -> int:
    """Do not send this draft; the id of the dismissal, by which it is taken back. Raises Conflict.

    A person is to write, unless nothing is to be answered: then the conversation is closed.
    """
    reject(session, draft_id, version=version, agent_id=agent_id, fault=fault, reason=reason, now=now)
    dismissal = session.exec(select(Dismissal).where(Dismissal.draft_id == draft_id)).one()
    if fault is Fault.NO_ANSWER:
        conversation = session.get_one(Conversation, session.get_one(Draft, draft_id).conversation_id)
        end_clocks(session, conversation.id or 0, now=now)
        conversation.state, conversation.reason = ConversationState.CLOSED, reason or "no answer was needed"
        say_closed(session, conversation, answered=False, now=now)
    return dismissal.id or 0


def take_back(session: Session, dismissal_id: int, *, now: datetime) -> int:
    """The draft waits again and clocks run on; its conversation. Raises Conflict when overtaken, NotFound."""
    dismissal = session.get(Dismissal, dismissal_id)
    if dismissal is None:
        raise NotFound(f"dismissal {dismissal_id}: it was taken back, or never was")
    draft = session.get_one(Draft, dismissal.draft_id)
    locked = select(Conversation).where(Conversation.id == draft.conversation_id).with_for_update()
    conversation = session.exec(locked).one()
    _refuse_if_overtaken(session, draft)
    if conversation.state is ConversationState.CLOSED:
        _open_again(session, conversation, dismissal, now)
    draft.state, draft.reason, draft.updated_at = DraftState.PENDING, "", now
    conversation.state, conversation.reason = ConversationState.DRAFTED, dismissal.reason_before
    conversation.updated_at = now
    session.delete(dismissal)
    return conversation.id or 0


def _refuse_if_overtaken(session: Session, draft: Draft) -> None:
    newest = newest_mail(session, draft.conversation_id)
    others = select(Draft.id).where(
        Draft.conversation_id == draft.conversation_id,
        col(Draft.state).in_(_STANDING),
        col(Draft.id) > (draft.id or 0),
    )
    if draft.state is not DraftState.DISMISSED or (newest and newest.id != draft.answers_id):
        raise Conflict("something newer came meanwhile; the draft stays rejected")
    if session.exec(others.limit(1)).first() is not None:
        raise Conflict("another answer took its place; the draft stays rejected")


def _open_again(session: Session, conversation: Conversation, dismissal: Dismissal, now: datetime) -> None:
    conversation.closed_at = None
    ended = update(ReplyClock).where(col(ReplyClock.conversation_id) == conversation.id)
    session.exec(ended.where(col(ReplyClock.stopped_at) == dismissal.dismissed_at).values(stopped_at=None))
    customer = session.get_one(Customer, conversation.customer_id)
    record_event(
        session,
        "conversation.opened",
        ("conversation", conversation.id or 0),
        key=f"conversation.opened:dismissal:{dismissal.id}:{now.isoformat()}",
        order_id=conversation.order_id,
        address=customer.address,
        at=now,
        now=now,
        data={},
    )
