"""How fast may somebody guess a password, or open a link again?"""

from datetime import datetime, timedelta

_FREE = 5
_FIRST_WAIT = timedelta(seconds=30)
_LONGEST_WAIT = timedelta(minutes=15)
_FORGOTTEN_AFTER = timedelta(hours=1)
_MANY = 1_000


class Throttle:
    """Tries per name: the first (five) are free, then each waits twice as long as the one before, up to 15 minutes.

    It counts in the memory of one process: a restart forgets, and two `mailer web` count apart. With passwords of ten
    characters and argon2 that is slow enough for whoever guesses.
    """

    def __init__(self, free: int = _FREE) -> None:
        self._free = free
        self._tries: dict[str, tuple[int, datetime]] = {}

    def wait(self, name: str, now: datetime) -> timedelta:
        """How long this name has to wait before the next try; nothing when it may try at once."""
        count, last = self._tries.get(_key(name), (0, now))
        if count < self._free:
            return timedelta()
        pause = min(_FIRST_WAIT * (1 << min(count - self._free, 10)), _LONGEST_WAIT)
        return max(last + pause - now, timedelta())

    def count(self, name: str, now: datetime) -> None:
        """One more try, noted before it is verified: a burst of guesses must not slip through together."""
        if len(self._tries) >= _MANY:
            self._tries = {key: entry for key, entry in self._tries.items() if now - entry[1] < _FORGOTTEN_AFTER}
        count, last = self._tries.get(_key(name), (0, now))
        self._tries[_key(name)] = (count + 1 if now - last < _FORGOTTEN_AFTER else 1, now)

    def forget(self, name: str) -> None:
        """The password was right."""
        self._tries.pop(_key(name), None)


def _key(name: str) -> str:
    return name.casefold()[:80]
