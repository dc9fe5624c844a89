"""When mails may leave: the hours of the day in which nobody is woken, in every zone in which they may live."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from mailer.hours import Interval, moment_on

_DAY = timedelta(days=1)
# A window that its zones share is found within some turns, as each turn moves on to an opening of one of them.
_MOST_TURNS = 40


def next_open(moment: datetime, window: Interval | None, zones: Sequence[ZoneInfo]) -> datetime:
    """The first moment from then on that lies in the window in all zones; in the first one, where they share none."""
    if window is None:
        return moment
    shared = _shared(moment, window, zones)
    return shared if shared is not None else _opening(moment, window, zones[0])


def is_open(moment: datetime, window: Interval | None, zones: Sequence[ZoneInfo]) -> bool:
    """Whether a mail may leave then."""
    return next_open(moment, window, zones) == moment


def _shared(moment: datetime, window: Interval, zones: Sequence[ZoneInfo]) -> datetime | None:
    at = moment
    for _ in range(_MOST_TURNS):
        shut = next((zone for zone in zones if not _inside(at, window, zone)), None)
        if shut is None:
            return at
        at = _opening(at, window, shut)
    return None


def _inside(moment: datetime, window: Interval, zone: ZoneInfo) -> bool:
    wall = moment.astimezone(zone)
    return window.start <= wall.hour * 60 + wall.minute < window.end


def _opening(moment: datetime, window: Interval, zone: ZoneInfo) -> datetime:
    """The moment itself, or the next at which the window opens; a window that the clocks jump over opens a day later.

    Where clocks are put back, the wall shows a time twice; a window that begins in it opens again.
    """
    if _inside(moment, window, zone):
        return moment
    openings = (one for day in days_from(moment, zone) for one in _openings(day, window.start, zone))
    return next(one for one in openings if one > moment and _inside(one, window, zone))


def _openings(day: date, minute: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    first = moment_on(zone, day, minute)
    return first, first.astimezone(zone).replace(fold=1).astimezone(first.tzinfo)


def days_from(moment: datetime, zone: ZoneInfo) -> Iterator[date]:
    """The dates from the day before on, as a change of the date line moves days."""
    day = moment.astimezone(zone).date() - _DAY
    while True:
        yield day
        day += _DAY
