"""The only file that reads the time. Everything else is handed `now`."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time of day in UTC; tests and the demo bring their own."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FrozenClock:
    """A clock that moves only when told to, for tests and for replaying a day."""

    def __init__(self, start: datetime) -> None:
        self.current = start

    def now(self) -> datetime:
        return self.current


def monotonic() -> float:
    """Seconds that never jump, for time-outs and for measuring."""
    return time.monotonic()


def uptime() -> float:
    """Seconds since the machine started, sleep included: what the wall clock is compared with to see it jump."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
