"""First come, first served, among the threads of this process that want the same thing.

SQLite wakes nobody who waits to write: each asks again, at last ten times a second, and has it who asks in the right
moment. Among threads that write without a pause somebody would wait for ever.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """One has the turn, the others wait in a row; who ends hands it to the first of them."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._taken = False
        self._row: deque[threading.Event] = deque()

    @contextmanager
    def mine(self, patience: float) -> Iterator[bool]:
        """Wait for the turn, at most so many seconds; whether it came. It ends with the block."""
        came = self._wait(patience)
        try:
            yield came
        finally:
            if came:
                self._hand_on()

    def _wait(self, patience: float) -> bool:
        with self._guard:
            if not self._taken:
                self._taken = True
                return True
            called = threading.Event()
            self._row.append(called)
        if called.wait(patience):
            return True
        with self._guard:
            # It may have been called in the very last moment.
            if not called.is_set():
                self._row.remove(called)
            return called.is_set()

    def _hand_on(self) -> None:
        with self._guard:
            if self._row:
                self._row.popleft().set()
            else:
                self._taken = False
