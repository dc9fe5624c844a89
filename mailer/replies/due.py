"""By when must what be done in a conversation? A customer's mail starts clocks and lets those go on that stood still.

Sending stops them or lets them stand (`outbound.settle`); how long they run is in `clocks`.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import delete, func, or_, update
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from mailer.model import (
    ClockKind,
    ClockPause,
    Conversation,
    ConversationState,
    Delivery,
    DeliveryState,
    Direction,
    Message,
    MessageState,
    ReplyClock,
)
from mailer.replies.clocks import Clocks, due_after_pause, run_of, started_by, warned_up_to

log = structlog.get_logger()

_DRAFTING_TAKES = timedelta(minutes=1)
# The relay took it, whatever came back later.
_ACCEPTED = (DeliveryState.SENT, DeliveryState.BOUNCED, DeliveryState.COMPLAINED)


def on_mail(
    session: Session, conversation_id: int, intents: Iterable[str], clocks: Clocks, *, received_at: datetime
) -> None:
    """A customer wrote and is to be answered: clocks that stood still go on, those of these intents start.

    One that runs keeps its earlier deadline, and a mail starts each kind once; so it may be judged again at any time.
    """
    wanted = started_by(intents)
    _withdraw(session, conversation_id, wanted, received_at)
    for clock in clocks_of(session, conversation_id):
        if clock.paused_at is not None:
            _resume(session, clock, clock.paused_at, clocks, received_at)
    silent_since = _silent_since(session, conversation_id)
    for kind in wanted:
        first = silent_since if kind is ClockKind.FIRST_ANSWER else received_at
        if first and not _counts_already(session, conversation_id, kind, None if silent_since else first):
            start_clock(session, conversation_id, kind, clocks, started_at=first)


def start_clock(
    session: Session, conversation_id: int, kind: ClockKind, clocks: Clocks, *, started_at: datetime
) -> ReplyClock:
    """A new clock; none of its kind may be running."""
    rule = clocks.rules[kind]
    run = run_of(rule, started_at)
    clock = ReplyClock(
        conversation_id=conversation_id,
        kind=kind.value,
        started_at=started_at,
        due_at=run.due_at,
        limit_seconds=int(run.open_time.total_seconds()),
        calendar=rule.calendar.name,
    )
    session.add(clock)
    session.flush()
    return clock


def end_clocks(session: Session, conversation_id: int, *, now: datetime) -> None:
    """Nothing is to be answered here; only money that is owed stays owed."""
    session.exec(
        update(ReplyClock)
        .where(
            col(ReplyClock.conversation_id) == conversation_id,
            col(ReplyClock.stopped_at).is_(None),
            col(ReplyClock.kind) != ClockKind.REFUND_PAID,
        )
        .values(stopped_at=now)
    )


def clocks_of(session: Session, conversation_id: int) -> Sequence[ReplyClock]:
    """The clocks of a conversation that nothing has stopped, the one that breaks first at the top."""
    wanted = select(ReplyClock).where(
        ReplyClock.conversation_id == conversation_id, col(ReplyClock.stopped_at).is_(None)
    )
    return session.exec(wanted.order_by(col(ReplyClock.due_at), col(ReplyClock.id))).all()


def running_clock(session: Session, conversation_id: int) -> ReplyClock | None:
    """The clock that breaks first; one that stands still does not break."""
    return next((clock for clock in clocks_of(session, conversation_id) if clock.paused_at is None), None)


def due_list(session: Session, limit: int) -> Sequence[ReplyClock]:
    """The running clocks of all conversations, those with least time left first."""
    running = select(ReplyClock).where(col(ReplyClock.stopped_at).is_(None), col(ReplyClock.paused_at).is_(None))
    return session.exec(running.order_by(col(ReplyClock.due_at), col(ReplyClock.id)).limit(limit)).all()


def start_missing(session: Session, clocks: Clocks, *, now: datetime) -> int:
    """Start the first answer's clock wherever a mail waits without one, as after a failure; how many there were."""
    runs = select(ReplyClock.id).where(
        ReplyClock.conversation_id == Conversation.id,
        ReplyClock.kind == ClockKind.FIRST_ANSWER,
        col(ReplyClock.stopped_at).is_(None),
    )
    # Drafting starts it; what changed a moment ago is drafting's.
    waiting = select(Conversation).where(
        col(Conversation.state).in_([ConversationState.NEEDS_ANSWER, ConversationState.NEEDS_PERSON]),
        col(Conversation.updated_at) < now - _DRAFTING_TAKES,
        ~runs.exists(),
    )
    started = 0
    for one in session.exec(waiting.with_for_update(skip_locked=True)).all():
        if first := _silent_since(session, one.id or 0):
            start_clock(session, one.id or 0, ClockKind.FIRST_ANSWER, clocks, started_at=first)
            started += 1
    return started


def warn(session: Session, clocks: Clocks, *, now: datetime) -> list[int]:
    """Note once of each clock that it is about to break; the conversations that have had no answer at all."""
    silent: dict[int, None] = {}
    for kind, rule in clocks.rules.items():
        near = select(ReplyClock).where(
            ReplyClock.kind == kind,
            col(ReplyClock.stopped_at).is_(None),
            col(ReplyClock.paused_at).is_(None),
            col(ReplyClock.warned_at).is_(None),
            col(ReplyClock.due_at) <= warned_up_to(rule, now),
        )
        for clock in session.exec(near.with_for_update(skip_locked=True)).all():
            clock.warned_at = now
            log.warning("deadline_near", conversation=clock.conversation_id, kind=kind.value, due_at=f"{clock.due_at}")
            if kind is ClockKind.FIRST_ANSWER:
                silent[clock.conversation_id] = None
    return list(silent)


def _withdraw(session: Session, conversation_id: int, wanted: Sequence[ClockKind], received_at: datetime) -> None:
    """Forget the clocks that this very mail started when it was thought to want something else."""
    mistaken = select(ReplyClock.id).where(
        ReplyClock.conversation_id == conversation_id,
        ReplyClock.started_at == received_at,
        col(ReplyClock.stopped_at).is_(None),
        col(ReplyClock.kind).not_in([*wanted, ClockKind.REFUND_PAID]),
    )
    if not (numbers := session.exec(mistaken).all()):
        return
    session.exec(delete(ClockPause).where(col(ClockPause.clock_id).in_(numbers)))
    session.exec(delete(ReplyClock).where(col(ReplyClock.id).in_(numbers)))


def _resume(session: Session, clock: ReplyClock, paused_at: datetime, clocks: Clocks, received_at: datetime) -> None:
    since = _mails(select(func.min(col(Message.received_at))), clock.conversation_id)
    # A mail that crossed our question was on its way before we asked; then nothing stood still.
    at = session.exec(since.where(col(Message.received_at) >= paused_at)).one() or max(paused_at, received_at)
    pause = ClockPause(clock_id=clock.id or 0, paused_at=paused_at, resumed_at=at, reason=clock.paused_because)
    session.add(pause)
    clock.due_at = due_after_pause(clocks.calendar(clock.calendar), clock.due_at, paused_at, at)
    clock.paused_at, clock.paused_because = None, ""
    session.flush()


def _silent_since(session: Session, conversation_id: int) -> datetime | None:
    """When the first mail came that no reply of ours followed, a holding one included; None when there is none."""
    replies = (
        select(func.max(col(Message.id)))
        .join(Delivery, col(Delivery.message_id) == Message.id)
        .where(Message.conversation_id == conversation_id, Delivery.kind == "reply", col(Delivery.state).in_(_ACCEPTED))
    )
    last = session.exec(replies).one() or 0
    first = _mails(select(func.min(col(Message.received_at))), conversation_id)
    found: datetime | None = session.exec(first.where(col(Message.id) > last)).one()
    return found


def _counts_already(session: Session, conversation_id: int, kind: ClockKind, answered: datetime | None) -> bool:
    """Whether a clock of this kind runs, or an answer stopped one that began with the mail of `answered` or later."""
    runs, began = col(ReplyClock.stopped_at).is_(None), col(ReplyClock.started_at)
    wanted = select(ReplyClock.id).where(
        ReplyClock.conversation_id == conversation_id,
        ReplyClock.kind == kind,
        runs if answered is None else or_(runs, began >= answered),
    )
    return session.exec(wanted.limit(1)).first() is not None


def _mails(query: SelectOfScalar[Any], conversation_id: int) -> SelectOfScalar[Any]:
    return query.where(
        Message.conversation_id == conversation_id,
        Message.direction == Direction.IN,
        col(Message.state).not_in([MessageState.AUTOMATED, MessageState.FILED]),
    )
