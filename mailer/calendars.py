"""Spans, zones and wall-clock times as people write them, and how they are said back."""

import re
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")


def parse_span(text: str) -> timedelta:
    """A length of time as in `30s`, `5m`, `24h`, `3d` or `1h30m`. Raises ValueError."""
    compact = text.replace(" ", "").lower()
    parts = _SPAN.findall(compact)
    if not parts or "".join(number + unit for number, unit in parts) != compact:
        raise ValueError(f'"{text}" is not a span of time; write it as in 30s, 5m, 24h, 3d or 1h30m')
    try:
        return sum((timedelta(**{_UNITS[unit]: float(number)}) for number, unit in parts), timedelta())
    except OverflowError:
        raise ValueError(f'"{text}" is longer than time is counted') from None


def parse_zone(name: str) -> ZoneInfo:
    """The IANA time zone of that name. Raises ValueError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f'"{name}" is not a time zone; write it as in Europe/Berlin or UTC') from None


def parse_time_of_day(text: str) -> time:
    """A wall-clock time as in `03:10`. Raises ValueError."""
    match = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text)
    if match is None:
        raise ValueError(f'"{text}" is not a time of day; write it as in 03:10')
    return time(int(match[1]), int(match[2]))


def in_words(span: timedelta) -> str:
    """A span for a person, two units at most: `2 h 10 min`, `45 s`, `3 d`."""
    seconds = int(abs(span.total_seconds()))
    parts = []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def time_left(due_at: datetime, now: datetime) -> str:
    """How a deadline stands: `due in 2 h 10 min` or `overdue by 5 min`."""
    span = due_at - now
    return f"due in {in_words(span)}" if span >= timedelta() else f"overdue by {in_words(span)}"
