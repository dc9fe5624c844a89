"""Which clocks will break if we go on as we do?

People answer the shortest deadline first. How many they answer in an hour of the week comes from the last four weeks at
the same hour; where that is too little to tell, from the mean of all hours.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from mailer.insight.chosen import answered
from mailer.model import Conversation, Delivery, ReplyClock

_WEEKS = 4
_LOOK_AHEAD = timedelta(hours=72)


@dataclass(frozen=True)
class Broken:
    """One clock that will break, or has broken."""

    conversation_id: int
    kind: str
    due_at: datetime


@dataclass(frozen=True)
class Forecast:
    """Those that will break, in the order of their deadlines; `pace` is answers an hour on average."""

    open: int
    overdue: int
    will_break: Sequence[Broken]
    pace: float

    def before(self, moment: datetime) -> int:
        """How many more will break before then."""
        return sum(one.due_at < moment for one in self.will_break)


def forecast(session: Session, zone: ZoneInfo, *, now: datetime) -> Forecast:
    """What the running clocks come to."""
    running = (
        select(ReplyClock.conversation_id, ReplyClock.kind, ReplyClock.due_at)
        .join(Conversation, col(Conversation.id) == ReplyClock.conversation_id)
        .where(col(ReplyClock.stopped_at).is_(None), col(ReplyClock.paused_at).is_(None))
        .order_by(col(ReplyClock.due_at))
    )
    clocks = [Broken(*row) for row in session.exec(running).all()]
    capacity = pace_by_hour(_answers(session, now), zone, now)
    overdue = sum(clock.due_at <= now for clock in clocks)
    pace = sum(capacity.values()) / (7 * 24)
    return Forecast(
        len({one.conversation_id for one in clocks}), overdue, will_break(clocks, capacity, zone, now), pace
    )


def pace_by_hour(answers: Sequence[datetime], zone: ZoneInfo, now: datetime) -> Mapping[tuple[int, int], float]:
    """Answers an hour, by weekday and hour of the shop's day."""
    counted: dict[tuple[int, int], int] = defaultdict(int)
    for at in answers:
        local = at.astimezone(zone)
        counted[local.weekday(), local.hour] += 1
    weeks = max(1.0, min(_WEEKS, (now - min(answers)) / timedelta(days=7))) if answers else 1.0
    return {hour: count / weeks for hour, count in counted.items()}


def will_break(
    clocks: Sequence[Broken], capacity: Mapping[tuple[int, int], float], zone: ZoneInfo, now: datetime
) -> list[Broken]:
    """Walk the hours ahead: each hour's answers go to the earliest deadlines; whose turn comes too late will break.

    Several clocks of one conversation are one answer. Clocks that are overdue take their share of answers too.
    """
    found: list[Broken] = []
    answered_at = _turns(list(dict.fromkeys(clock.conversation_id for clock in clocks)), capacity, zone, now)
    for clock in clocks:
        turn = answered_at.get(clock.conversation_id)
        if now < clock.due_at <= now + _LOOK_AHEAD and (turn is None or turn > clock.due_at):
            found.append(clock)
    return found


def _turns(
    queue: Sequence[int], capacity: Mapping[tuple[int, int], float], zone: ZoneInfo, now: datetime
) -> dict[int, datetime]:
    """When each conversation is answered, at the pace of each hour, until the end of what is looked ahead."""
    turns: dict[int, datetime] = {}
    hour, credit = now, 0.0
    while hour < now + _LOOK_AHEAD and len(turns) < len(queue):
        local = hour.astimezone(zone)
        ends = (hour + timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)
        credit += capacity.get((local.weekday(), local.hour), 0.0) * ((ends - hour) / timedelta(hours=1))
        while credit >= 1 and len(turns) < len(queue):
            turns[queue[len(turns)]] = ends
            credit -= 1
        hour = ends
    return turns


def _answers(session: Session, now: datetime) -> list[datetime]:
    since = now - timedelta(weeks=_WEEKS)
    found = session.exec(answered(Delivery.settled_at).where(col(Delivery.settled_at) >= since)).all()
    return [at for at in found if at is not None]
