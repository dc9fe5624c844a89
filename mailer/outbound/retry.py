"""When to try again: later each time, for two days."""

import hashlib
from datetime import datetime, timedelta

_FIRST = timedelta(minutes=5)
_SLOWEST = timedelta(hours=4)
_RELAY_FIRST = timedelta(seconds=2)
_RELAY_SLOWEST = timedelta(minutes=1)
_JITTER = 0.2


def next_try(key: str, attempt: int, now: datetime) -> datetime:
    """After a recipient was deferred: 5, 10, 20 minutes and so on up to 4 hours, give or take a fifth.

    The fifth comes from the key, not from chance, so that a table of cases can say what happens.
    """
    return now + _spread(key, attempt, min(_SLOWEST, _FIRST * 2 ** min(attempt - 1, 10)))


def next_try_of_relay(key: str, attempt: int, now: datetime) -> datetime:
    """When the relay itself did not answer: soon, as it is not the mail's fault."""
    return now + _spread(key, attempt, min(_RELAY_SLOWEST, _RELAY_FIRST * 2 ** min(attempt - 1, 10)))


def _spread(key: str, attempt: int, pause: timedelta) -> timedelta:
    chance = hashlib.sha256(f"{key} {attempt}".encode()).digest()[0] / 255
    return pause * (1 + _JITTER * (2 * chance - 1))
