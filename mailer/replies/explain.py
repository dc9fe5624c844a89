"""How a deadline came about: a clock counted out, interval by interval, with holidays and pauses named."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from mailer.calendars import in_words, time_left
from mailer.errors import NotFound
from mailer.hours import Calendar, Stretch, stretches
from mailer.model import ClockKind, ClockPause, Conversation, ReplyClock
from mailer.replies.clocks import Clocks


@dataclass(frozen=True)
class Explained:
    """One clock with the times in which it ran and stood still, up to where it breaks."""

    clock: ReplyClock
    calendar: Calendar
    # As config.toml writes the limit, in working days; empty where open time says it all.
    limit: str
    parts: tuple[Stretch, ...]

    @property
    def counted(self) -> timedelta:
        """The open time of all parts together."""
        return sum((part.open_time for part in self.parts), timedelta())


def explain(session: Session, conversation_id: int, clocks: Clocks) -> list[Explained]:
    """All clocks of a conversation, the oldest first, those that were stopped too. Raises NotFound."""
    if session.get(Conversation, conversation_id) is None:
        raise NotFound(f"there is no conversation {conversation_id}")
    here = select(ReplyClock).where(ReplyClock.conversation_id == conversation_id)
    found = []
    for clock in session.exec(here.order_by(col(ReplyClock.started_at), col(ReplyClock.id))).all():
        pauses = select(ClockPause).where(ClockPause.clock_id == clock.id).order_by(col(ClockPause.paused_at))
        calendar = clocks.calendar(clock.calendar)
        counted = tuple(parts(clock, session.exec(pauses).all(), calendar))
        found.append(Explained(clock, calendar, _in_days(clock, clocks), counted))
    return found


def parts(clock: ReplyClock, pauses: Sequence[ClockPause], calendar: Calendar) -> Iterator[Stretch]:
    """The time of a clock from its start to its end, without gaps; one that stands still ends where it was paused."""
    at, end = clock.started_at, min(clock.due_at, clock.paused_at or clock.due_at)
    for pause in pauses:
        # What came after the deadline moved nothing.
        if pause.paused_at >= end:
            break
        yield from stretches(calendar, at, pause.paused_at)
        yield Stretch(pause.paused_at, pause.resumed_at, False, f"paused: {pause.reason}")
        at = pause.resumed_at
    yield from stretches(calendar, at, end)


def lines(found: Explained, now: datetime) -> Iterator[str]:
    """A clock for a person, in its calendar's zone."""
    clock, zone = found.clock, found.calendar.zone
    limit = f"{in_words(timedelta(seconds=clock.limit_seconds))} of open time"
    yield f'{clock.kind}: {found.limit}{limit} on "{clock.calendar}", in {zone.key}'
    running = timedelta()
    for part in found.parts:
        running += part.open_time
        figures = f"{in_words(part.open_time):>12}  {in_words(running):>12}" if part.counted else f"{'-':>12}  {'':>12}"
        span = f"{moment(part.start.astimezone(zone))}  to  {moment(part.end.astimezone(zone))}"
        yield f"  {span}  {figures}  {part.why}".rstrip()
    yield f"  due {moment(clock.due_at.astimezone(zone))} {clock.due_at.astimezone(zone):%Z}, {_standing(clock, now)}"
    if clock.paused_at is None and found.counted != timedelta(seconds=clock.limit_seconds):
        yield "  the calendar was changed after this clock had started; the deadline was kept"


def _in_days(clock: ReplyClock, clocks: Clocks) -> str:
    rule = clocks.rules[ClockKind(clock.kind)]
    return f"{rule.limit}, that is " if rule.limit.days else ""


def moment(at: datetime) -> str:
    """A moment in the zone that it has."""
    return f"{at:%a %Y-%m-%d %H:%M}"


def _standing(clock: ReplyClock, now: datetime) -> str:
    if clock.stopped_at is not None:
        kept = "in time" if clock.stopped_at <= clock.due_at or clock.paused_at else "too late"
        return f"stopped {in_words(now - clock.stopped_at)} ago, {kept}"
    if clock.paused_at is not None:
        return f"stands still for {in_words(now - clock.paused_at)}: {clock.paused_because}"
    return time_left(clock.due_at, now)
