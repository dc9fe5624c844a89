"""Is a mailbox more silent than it ever is? Learnt from when mail came before, by weekday and hour. Pure."""

import math
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

# A silence that chance brings less than once in a thousand times.
_EXPECTED = 7.0
_SHORTEST = timedelta(hours=1)
_LONGEST_LOOK = timedelta(days=14)
_FEWEST_WEEKS = 2


def unusual_silence(arrivals: Sequence[datetime], now: datetime) -> float | None:
    """How many mails are to be expected since the last one, when none came and that is unusual; else None.

    `arrivals` are the times of some weeks, in the shop's zone like `now`: a shop sleeps by its own clock. Below two
    weeks of them nothing is known. The expectation is the sum over the hours of silence of what each hour of that
    weekday brought on average, so a quiet weekend is expected and a quiet Monday morning is not.
    """
    if not arrivals:
        return None
    first, last = min(arrivals), max(arrivals)
    weeks = (last - first) / timedelta(weeks=1)
    silence = now - last
    if weeks < _FEWEST_WEEKS or silence < _SHORTEST:
        return None
    by_hour = Counter((moment.weekday(), moment.hour) for moment in arrivals)
    expected = sum(
        by_hour[moment.weekday(), moment.hour] / math.ceil(weeks) * share
        for moment, share in _hours(last, min(now, last + _LONGEST_LOOK))
    )
    return expected if expected >= _EXPECTED else None


def _hours(start: datetime, end: datetime) -> list[tuple[datetime, float]]:
    """The hours from start to end, and the share of each that lies between."""
    hours = []
    while start < end:
        next_hour = start.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        until = min(next_hour, end)
        hours.append((start, (until - start) / timedelta(hours=1)))
        start = until
    return hours
