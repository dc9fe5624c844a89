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


class StoryClock:
    """Time that runs faster, from a moment in the past until it has caught up with the machine's clock.

    What is told in it never lies in the future, so it may stand beside what happens in real time.
    """

    def __init__(self, clock: Clock, begin: datetime, speed: float) -> None:
        self._clock, self._begin, self._speed = clock, begin, speed
        self._started = clock.now()

    def now(self) -> datetime:
        return self.told(self._clock.now())

    def told(self, real: datetime) -> datetime:
        """What this clock showed when the machine's showed that."""
        return min(real, self._begin + (real - self._started) * self._speed)


class FrozenClock:
    """A clock that moves only when told to, for tests and for replaying a day."""

    def __init__(self, start: datetime) -> None:
        self.current = start

    def now(self) -> datetime:
        return self.current


def monotonic() -> float:
    """Seconds that never jump, for time-outs and for measuring."""
    return time.monotonic()


def worked() -> float:
    """Seconds that this thread has worked, on a busy machine too: for limits of work."""
    return time.thread_time()


def uptime() -> float:
    """Seconds since the machine started, sleep included: what the wall clock is compared with to see it jump."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
