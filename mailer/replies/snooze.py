"""A conversation is put aside until a moment, until the customer writes, or until the parcel moves; and comes back.

Reply clocks run on: one that is about to break wakes its conversation. A newer mail wakes it as it is received, a
carrier's word as it is recorded (`Conversation.wake`); time and clocks are looked after here.
"""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, select

from mailer.errors import Conflict, InputError, NotFound
from mailer.model import Conversation, ConversationState, ReplyClock, Shipment, Snooze
from mailer.replies.seen import refuse_unseen_mail

log = structlog.get_logger()

_OPEN = (ConversationState.NEEDS_ANSWER, ConversationState.DRAFTED, ConversationState.NEEDS_PERSON)
_LONGEST = timedelta(days=90)
_AT_ONCE = 200

TIME_IS_OVER = "its time is over"
CLOCK_IS_NEAR = "a deadline is near"


def snooze(
    session: Session,
    conversation_id: int,
    *,
    waits_for: Snooze,
    until: datetime | None = None,
    agent_id: int,
    now: datetime,
    newest: int | None = None,
) -> None:
    """Put a conversation aside. Raises Conflict when nothing waits in it, InputError for a moment that makes no sense.

    Snoozing again only changes what it waits for. `newest` is the newest mail that the person had before them.
    """
    conversation = _locked(session, conversation_id)
    refuse_unseen_mail(session, conversation_id, newest)
    if conversation.state not in _OPEN:
        raise Conflict(f"conversation {conversation_id} is {conversation.state.value}: nothing in it waits for you")
    if waits_for is Snooze.UNTIL and not (until and now < until <= now + _LONGEST):
        raise InputError("snooze", ["choose a moment in the next 90 days"])
    if waits_for is Snooze.PARCEL and not _has_parcel(session, conversation):
        raise InputError("snooze", ["no parcel is known for this conversation; choose a moment"])
    conversation.snoozed_for, conversation.snoozed_by, conversation.snoozed_at = waits_for, agent_id, now
    conversation.snoozed_until = until if waits_for is Snooze.UNTIL else None
    conversation.woken_because = ""


def unsnooze(session: Session, conversation_id: int) -> None:
    """A person takes it back. Raises Conflict when it is not snoozed, NotFound."""
    conversation = _locked(session, conversation_id)
    if conversation.snoozed_for is None:
        raise Conflict(f"conversation {conversation_id} is not snoozed, or woke by itself")
    conversation.wake()


def wake_due(session: Session, *, now: datetime) -> int:
    """Wake those whose moment has come, or one of whose clocks is about to break; how many."""
    woken = 0
    for because, wakes in ((TIME_IS_OVER, _time_is_over(now)), (CLOCK_IS_NEAR, _clock_is_near(now))):
        wanted = select(Conversation).where(col(Conversation.snoozed_for).is_not(None), wakes)
        for one in session.exec(wanted.limit(_AT_ONCE).with_for_update(skip_locked=True, of=Conversation)).all():
            log.info("woken", conversation=one.id, because=because)
            one.wake(because)
            woken += 1
        session.flush()
    return woken


def _time_is_over(now: datetime) -> ColumnElement[bool]:
    return and_(col(Conversation.snoozed_for) == Snooze.UNTIL, col(Conversation.snoozed_until) <= now)


def _clock_is_near(now: datetime) -> ColumnElement[bool]:
    """Warned of since it was put aside; one that was near already then wakes it when it breaks."""
    clock = select(ReplyClock.id).where(
        ReplyClock.conversation_id == Conversation.id,
        col(ReplyClock.stopped_at).is_(None),
        col(ReplyClock.paused_at).is_(None),
        or_(
            col(ReplyClock.warned_at) >= Conversation.snoozed_at,
            and_(col(ReplyClock.due_at) > Conversation.snoozed_at, col(ReplyClock.due_at) <= now),
        ),
    )
    return clock.exists()


def _has_parcel(session: Session, conversation: Conversation) -> bool:
    mine = select(Shipment.id).where(Shipment.order_id == conversation.order_id, col(Shipment.delivered_at).is_(None))
    return conversation.order_id is not None and session.exec(mine.limit(1)).first() is not None


def _locked(session: Session, conversation_id: int) -> Conversation:
    wanted = select(Conversation).where(Conversation.id == conversation_id).with_for_update()
    conversation = session.exec(wanted).first()
    if conversation is None:
        raise NotFound(f"there is no conversation {conversation_id}")
    return conversation
