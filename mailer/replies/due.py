"""By when must a conversation be answered? All arithmetic on reply clocks is here."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from mailer.model import ReplyClock

FIRST_ANSWER = "first_answer"


def due_at(started_at: datetime, limit: timedelta) -> datetime:
    """The moment at which this clock breaks."""
    return started_at + limit


def start_clock(session: Session, conversation_id: int, *, started_at: datetime, limit: timedelta) -> ReplyClock:
    """The running clock of a conversation; one that runs already keeps its earlier deadline."""
    running = running_clock(session, conversation_id)
    if running is None:
        running = ReplyClock(
            conversation_id=conversation_id,
            kind=FIRST_ANSWER,
            started_at=started_at,
            due_at=due_at(started_at, limit),
        )
        session.add(running)
    return running


def running_clock(session: Session, conversation_id: int) -> ReplyClock | None:
    """The clock that an answer would stop."""
    wanted = select(ReplyClock).where(
        ReplyClock.conversation_id == conversation_id,
        ReplyClock.kind == FIRST_ANSWER,
        col(ReplyClock.stopped_at).is_(None),
    )
    return session.exec(wanted).first()
