"""One thing at a time for each person, and of questions of one kind the newest: older ones are answered at once.

Who asks for much, or for what takes long, waits for themselves and holds up nobody else.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from mailer.errors import Conflict

T = TypeVar("T")


class Superseded(Conflict):
    """A newer question of the same person took the place of this one before its turn came."""


class Newest:
    """Who is at it, and what waits behind: by person, one of each kind; without a kind each waits its turn."""

    def __init__(self) -> None:
        self._at_it: set[int] = set()
        self._waiting: dict[int, dict[object, asyncio.Future[bool]]] = {}

    async def run(self, person: int, kind: str, work: Callable[[], Awaitable[T]]) -> T:
        """Do it when this person's turn has come. Raises Superseded when a newer one of that kind came first."""
        if person in self._at_it:
            await self._turn(person, kind or object())
        self._at_it.add(person)
        try:
            return await work()
        finally:
            self._end(person)

    async def _turn(self, person: int, kind: object) -> None:
        row = self._waiting.setdefault(person, {})
        if (older := row.pop(kind, None)) and not older.done():
            older.set_result(False)
        mine: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        row[kind] = mine
        try:
            is_next = await mine
        except asyncio.CancelledError:
            if row.get(kind) is mine:
                del row[kind]
            if not mine.cancelled() and mine.result():
                self._end(person)
            raise
        if not is_next:
            raise Superseded("A newer question took the place of this one.")

    def _end(self, person: int) -> None:
        """Hand on to whoever of them waits longest."""
        row = self._waiting.get(person, {})
        while row:
            following = row.pop(next(iter(row)))
            if not following.done():
                following.set_result(True)
                return
        self._waiting.pop(person, None)
        self._at_it.discard(person)
