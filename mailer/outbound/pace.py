"""How fast may we send? Buckets of tokens that never let more through in any minute or day than they are told."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

_MINUTE = 60.0
_HOUR = timedelta(hours=1)
_HOURS_OF_A_DAY = 24


@dataclass(frozen=True)
class Rate:
    """The most mails in any minute and in any 24 hours; 0 is no limit."""

    per_minute: int = 0
    per_day: int = 0


@dataclass(frozen=True)
class Bucket:
    """How many mails may leave at once, as of `filled_at`, and how many left in each hour."""

    tokens: float
    filled_at: datetime
    hours: dict[str, int] = field(default_factory=dict)


def full(rate: Rate, now: datetime) -> Bucket:
    """A bucket that nobody has taken from."""
    return Bucket(_capacity(rate), now)


def take(bucket: Bucket, rate: Rate, now: datetime) -> Bucket | timedelta:
    """The bucket after one mail, or how long to wait for it.

    A sixth of a minute's mails may leave at once and the rest evenly, so that no minute holds more than `per_minute`.
    """
    hours = {hour: count for hour, count in bucket.hours.items() if int(hour) >= _hour(now) - _HOURS_OF_A_DAY}
    if rate.per_day and sum(hours.values()) >= rate.per_day:
        return _until_an_hour_is_forgotten(hours, now)
    tokens = _filled(bucket, rate, now)
    if rate.per_minute and tokens < 1:
        # A microsecond is the least that a span can be; a wait of none would be asked for ever.
        return timedelta(seconds=(1 - tokens) / _per_second(rate), microseconds=1)
    spent = {**hours, str(_hour(now)): hours.get(str(_hour(now)), 0) + 1}
    return Bucket(tokens - 1 if rate.per_minute else tokens, now, spent)


def _filled(bucket: Bucket, rate: Rate, now: datetime) -> float:
    # A clock that went back fills nothing.
    elapsed = max(0.0, (now - bucket.filled_at).total_seconds())
    return min(_capacity(rate), bucket.tokens + elapsed * _per_second(rate))


def _capacity(rate: Rate) -> float:
    return float(max(1, rate.per_minute // 6))


def _per_second(rate: Rate) -> float:
    evenly = rate.per_minute - _capacity(rate)
    return max(evenly, 1.0) / _MINUTE


def _hour(at: datetime) -> int:
    return int(at.timestamp() // _HOUR.total_seconds())


def _until_an_hour_is_forgotten(hours: dict[str, int], now: datetime) -> timedelta:
    oldest = min((int(hour) for hour in hours), default=_hour(now))
    free_at = datetime.fromtimestamp((oldest + _HOURS_OF_A_DAY + 1) * _HOUR.total_seconds(), UTC)
    return max(free_at - now, timedelta(seconds=1))
