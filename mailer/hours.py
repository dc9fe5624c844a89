"""When people are at work: calendars, and arithmetic on the time for which they are open.

A day opens at the first moment at which its clocks on the wall show the hour or a later one. So a day of nine hours has
nine hours, and one over a change of summer time has those that really pass; no moment counts twice.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from mailer.calendars import in_words, parse_span, parse_time_of_day
from mailer.public_holidays import holidays_of

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = timedelta(days=1)
_NOTHING = timedelta()
# A calendar that is closed for longer is a mistake; `Calendar.is_ever_open` finds it when the configuration is read.
_LONGEST_CLOSED = 3_700
_LOOK_AT = (2026, 2036)


@dataclass(frozen=True, order=True)
class Interval:
    """A part of a day, in minutes since midnight on the wall; the end is not in it."""

    start: int
    end: int


ALL_DAY = (Interval(0, 24 * 60),)
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Calendar:
    """The open hours of a week in one zone, and the days that differ. `own` and `special` are dates of the shop's."""

    name: str
    zone: ZoneInfo
    week: tuple[tuple[Interval, ...], ...]
    regions: tuple[str, ...] = ()
    closed: tuple[tuple[date, str], ...] = ()
    special: tuple[tuple[date, tuple[Interval, ...]], ...] = ()

    def day(self, on: date) -> tuple[tuple[Interval, ...], str]:
        """The hours of a date, and the reason why there are none. Special hours win over closed days and holidays."""
        if on in (special := dict(self.special)):
            return special[on], ""
        if on in (closed := dict(self.closed)):
            return (), closed[on] or "closed"
        if hours := self.week[on.weekday()]:
            holiday = next((f"{name} ({code})" for code in self.regions if (name := _holiday(code, on))), "")
            return ((), holiday) if holiday else (hours, "")
        return (), f"{on:%A}"

    def is_ever_open(self) -> bool:
        """Whether there is open time in each of the years to come."""
        years = range(*_LOOK_AT)
        return all(any(open_spans(self, day) for day in _days(date(year, 1, 1), date(year, 12, 31))) for year in years)


@dataclass(frozen=True)
class Stretch:
    """A time in which a clock ran (`counted`) or stood still, and why it did."""

    start: datetime
    end: datetime
    counted: bool
    why: str = field(default="", compare=False)

    @property
    def open_time(self) -> timedelta:
        """What it adds to the running sum."""
        return self.end - self.start if self.counted else _NOTHING


@dataclass(frozen=True)
class Limit:
    """How long a clock runs: so much open time, or to the end of the last of so many working days."""

    span: timedelta = _NOTHING
    days: int = 0

    def __str__(self) -> str:
        return f"{self.days} working day{'s' if self.days > 1 else ''}" if self.days else in_words(self.span)

    def end(self, calendar: Calendar, start: datetime) -> datetime:
        """The moment at which a clock that starts then breaks."""
        return after_days(calendar, start, self.days) if self.days else after(calendar, start, self.span)


def parse_limit(text: str) -> Limit:
    """A limit as in `24h` or `3 working days`. Raises ValueError."""
    if days := re.fullmatch(r"(\d{1,3}) working days?", text.strip()):
        found = Limit(days=int(days[1]))
    else:
        found = Limit(span=parse_span(text))
    if found == Limit():
        raise ValueError(f'"{text}": a clock needs some time; write it as in 24h or 3 working days')
    return found


def always(zone: ZoneInfo) -> Calendar:
    """Day and night."""
    return Calendar("always", zone, (ALL_DAY,) * 7)


def weekdays(zone: ZoneInfo) -> Calendar:
    """Monday to Friday, day and night, without holidays."""
    return Calendar("weekdays", zone, (ALL_DAY,) * 5 + ((),) * 2)


def parse_intervals(texts: Sequence[str]) -> tuple[Interval, ...]:
    """The open hours of one day, as in ["09:00-12:30", "13:30-18:00"]. Raises ValueError with every mistake."""
    found, problems = [], []
    for text in texts:
        try:
            found.append(_interval(text))
        except ValueError as error:
            problems.append(str(error))
    found.sort()
    problems += [f"{say(one)} and {say(other)} overlap" for one, other in pairwise(found) if one.end > other.start]
    if problems:
        raise ValueError("; ".join(problems))
    return tuple(found)


def say(interval: Interval) -> str:
    """As people write it."""
    return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in (interval.start, interval.end))


def open_between(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """How much open time lies between two moments; none when the second is the earlier one."""
    spans = (span for day in _dates(calendar, start, end) for span in open_spans(calendar, day))
    return sum((max(min(end, stop) - max(start, begin), _NOTHING) for begin, stop in spans), _NOTHING)


def after(calendar: Calendar, start: datetime, span: timedelta) -> datetime:
    """The first moment at which so much open time has passed since `start`: an end of hours, not the next opening."""
    left, day = span, start.astimezone(calendar.zone).date() - _DAY
    if left <= _NOTHING:
        return start
    for _ in range(_LONGEST_CLOSED + span // _DAY * 40):
        for begin, stop in open_spans(calendar, day):
            here = stop - max(start, begin)
            if here >= left:
                return max(start, begin) + left
            left -= max(here, _NOTHING)
        day += _DAY
    raise ValueError(f'calendar "{calendar.name}" has no open time from {start:%Y-%m-%d} on')


def after_days(calendar: Calendar, start: datetime, days: int) -> datetime:
    """The close of business on that many working days later. The day of `start` itself does not count.

    A working day is one with open hours; so a Friday's mail and a Saturday's both have Monday as their first one.
    """
    day, left = start.astimezone(calendar.zone).date(), days
    for _ in range(_LONGEST_CLOSED + 40 * days):
        day += _DAY
        if spans := open_spans(calendar, day):
            left -= 1
            if left <= 0:
                return spans[-1][1]
    raise ValueError(f'calendar "{calendar.name}" has no working day from {start:%Y-%m-%d} on')


def stretches(calendar: Calendar, start: datetime, end: datetime) -> Iterator[Stretch]:
    """All time between two moments, open and closed in turn, without gaps; a closed day is named."""
    pending: Stretch | None = None
    for piece in _pieces(calendar, start, end):
        if pending and pending.counted == piece.counted and pending.why == piece.why:
            pending = Stretch(pending.start, piece.end, piece.counted, piece.why)
            continue
        if pending:
            yield pending
        pending = piece
    if pending:
        yield pending


@lru_cache(maxsize=4096)
def open_spans(calendar: Calendar, day: date) -> tuple[Span, ...]:
    """The moments in UTC at which a date opens and closes; without hours that summer time swallowed."""
    hours, _ = calendar.day(day)
    spans = ((moment_on(calendar.zone, day, one.start), moment_on(calendar.zone, day, one.end)) for one in hours)
    return tuple(span for span in spans if span[0] < span[1])


def moment_on(zone: ZoneInfo, day: date, minute: int) -> datetime:
    """The first moment at which the clocks of the zone show this time of this date, or a later one."""
    wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)  # noqa: DTZ001 - a time on the wall
    moment = wall.replace(tzinfo=zone).astimezone(UTC)
    return moment if _wall(moment, zone) == wall else _jump(wall, zone)


def _interval(text: str) -> Interval:
    begin, dash, end = (part.strip() for part in text.partition("-"))
    if not dash:
        raise ValueError(f'"{text}" is no span of the day; write it as in 09:00-12:30')
    found = Interval(_minute(begin), 24 * 60 if end == "24:00" else _minute(end))
    if found.end <= found.start:
        hint = f'"{begin}-24:00" on this day and "00:00-{end}" on the next'
        raise ValueError(f'"{text}" ends before it starts; for a shift over midnight write {hint}')
    return found


def _minute(text: str) -> int:
    time = parse_time_of_day(text)
    return time.hour * 60 + time.minute


def _holiday(code: str, on: date) -> str:
    return holidays_of(code, on.year).get(on, "")


def _days(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + number * _DAY


def _dates(calendar: Calendar, start: datetime, end: datetime) -> Iterator[date]:
    """The dates whose hours can touch this time; one more on each side, as a change of date line moves days."""
    return _days(start.astimezone(calendar.zone).date() - _DAY, end.astimezone(calendar.zone).date() + _DAY)


def _jump(wall: datetime, zone: tzinfo) -> datetime:
    """The moment at which the clocks were put forward over this time, by halving."""
    late = wall.replace(tzinfo=zone).astimezone(UTC)
    early = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) // 2
        early, late = (early, middle) if _wall(middle, zone) >= wall else (middle, late)
    return late.replace(microsecond=0)


def _wall(moment: datetime, zone: tzinfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def _pieces(calendar: Calendar, start: datetime, end: datetime) -> Iterator[Stretch]:
    at = start
    for day in _dates(calendar, start, end):
        why = calendar.day(day)[1]
        for begin, stop in open_spans(calendar, day):
            if begin > at and at < end:
                yield Stretch(at, min(begin, end), False, "closed")
            if max(begin, at) < min(stop, end):
                yield Stretch(max(begin, at), min(stop, end), True)
            at = max(at, stop)
        close = min(moment_on(calendar.zone, day + _DAY, 0), end)
        if close > at:
            yield Stretch(at, close, False, why or "closed")
            at = close
