"""What happens in the queue, told to every open page: one look at the database a second for all who listen.

Nobody listens, nobody looks. Other processes are seen too, as all that counts is in rows.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlmodel import Session

from mailer.clock import Clock
from mailer.db import Database
from mailer.replies.glance import Open, Sign, claims, signs
from mailer.replies.tabs import Tab, counts
from mailer.web.auth import living

log = structlog.get_logger()

_EVERY = 1.0
_LOOKS_BACK = timedelta(seconds=10)
# Time alone moves counts too, and with many conversations they are what costs most.
_COUNTS_AT_LEAST_EVERY = 15
# Then the browser comes again, and shows that its person is still signed in.
_LASTS = 300.0
_MOST_AT_ONCE = 500
_ROOM = 100


@dataclass(frozen=True)
class Seen:
    """One look."""

    signs: frozenset[Sign] = frozenset()
    claims: tuple[Open, ...] = ()
    counts: dict[Tab, int] = field(default_factory=dict)


@dataclass(eq=False)
class Listener:
    """One page. Events that it is too slow for are lost; it hears of the next change."""

    agent_id: int
    session_id: int
    events: asyncio.Queue[dict[str, Any] | None] = field(default_factory=lambda: asyncio.Queue(_ROOM))

    def tell(self, name: str, data: object) -> None:
        """Hand it an event."""
        if not self.events.full():
            self.events.put_nowait({"event": name, "data": json.dumps(data)})

    async def next(self, ends_at: float) -> dict[str, Any] | None:
        """The next event; None when its time is over."""
        left = ends_at - asyncio.get_running_loop().time()
        try:
            return await asyncio.wait_for(self.events.get(), max(0.0, left))
        except TimeoutError:
            return None

    def end(self) -> None:
        """Let its stream end."""
        if self.events.full():
            self.events.get_nowait()
        self.events.put_nowait(None)


class Live:
    """Looks for all listeners of this process."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._listeners: set[Listener] = set()
        self._looking: asyncio.Task[None] | None = None
        self._seen = Seen()
        self._rounds = 0
        self._is_closed = False

    async def listen(self, agent_id: int, session_id: int) -> AsyncIterator[dict[str, Any]]:
        """The events of one page, until its person is signed out, or it is time to ask again."""
        listener = Listener(agent_id, session_id)
        self._listeners.add(listener)
        self._begin()
        ends_at = asyncio.get_running_loop().time() + _LASTS
        try:
            while not self._is_closed and (event := await listener.next(ends_at)) is not None:
                yield event
        finally:
            self._listeners.discard(listener)

    def close(self) -> None:
        """The server ends: so does every stream."""
        self._is_closed = True
        for listener in self._listeners:
            listener.end()

    def _begin(self) -> None:
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_on())

    async def _look_on(self) -> None:
        try:
            self._seen = await self._db.read(self._glance, self._clock.now(), with_counts=True)
        except Exception:
            # Who listens is told at the next look.
            log.exception("live_look_failed")
        while self._listeners and not self._is_closed:
            await asyncio.sleep(_EVERY)
            try:
                await self.look()
            except Exception:
                log.exception("live_look_failed")

    async def look(self) -> None:
        """See what is new and say it to whoever is still signed in."""
        self._rounds += 1
        due = self._rounds % _COUNTS_AT_LEAST_EVERY == 0
        before, now = self._seen, self._clock.now()
        await self._part(now)
        self._seen = seen = await self._db.read(self._glance, now, with_counts=due)
        if new := seen.signs - before.signs:
            changed = sorted({talk for talk, *_ in new})[:_MOST_AT_ONCE]
            wrote = sorted({talk for talk, what, *_ in new if what == "wrote"})
            self._tell("changed", {"changed": changed, "wrote": wrote})
        if seen.counts != before.counts:
            self._tell("counts", {tab.value: count for tab, count in seen.counts.items()})
        if seen.claims != before.claims:
            for listener in self._listeners:
                listener.tell("claims", [_claim(one, listener.agent_id) for one in seen.claims])

    async def _part(self, now: datetime) -> None:
        heard = {listener.session_id for listener in self._listeners}
        alive = await self._db.read(living, heard, now=now)
        # Who came while we asked is asked about next time.
        for listener in [one for one in self._listeners if one.session_id in heard - alive]:
            self._listeners.discard(listener)
            listener.end()

    def _tell(self, name: str, data: object) -> None:
        for listener in self._listeners:
            listener.tell(name, data)

    def _glance(self, session: Session, now: datetime, *, with_counts: bool) -> Seen:
        found = frozenset(signs(session, now - _LOOKS_BACK))
        changed = bool(found - self._seen.signs)
        numbers = counts(session) if with_counts or changed else self._seen.counts
        return Seen(found, claims(session, now), numbers)


def _claim(one: Open, agent_id: int) -> dict[str, Any]:
    return {"conversation": one.conversation_id, "name": one.name, "mine": one.agent_id == agent_id}
