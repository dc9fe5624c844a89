"""An agent for when nobody is there: approves every draft soon after it appears, and notes when it did appear."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from mailer.clock import Clock
from mailer.db import Database
from mailer.errors import Conflict
from mailer.replies.approve import Terms, approve
from mailer.replies.queue import Tab, waiting

_LOOKS_EVERY = 0.05
_THINKS = 0.5


class DemoAgent:
    """Approves until told to stop. `seen` says when each draft was first on the screen."""

    def __init__(self, db: Database, clock: Clock, terms: Terms, agent_id: int, wake: Callable[[], None]) -> None:
        self._db = db
        self._clock = clock
        self._terms = terms
        self._agent_id = agent_id
        self._wake = wake
        self.seen: dict[int, datetime] = {}

    async def work(self, stop: asyncio.Event) -> None:
        """Look, think, approve."""
        while not stop.is_set():
            now = self._clock.now()
            for line in await self._db.read(waiting, Tab.TO_APPROVE, limit=200):
                if line.draft_id is None or line.version is None:
                    continue
                first = self.seen.setdefault(line.draft_id, now)
                if (now - first).total_seconds() > _THINKS:
                    await self._approve(line.draft_id, line.version)
            await asyncio.sleep(_LOOKS_EVERY)

    async def _approve(self, draft_id: int, version: int) -> None:
        try:
            now = self._clock.now()
            await self._db.run(
                approve, draft_id, version=version, agent_id=self._agent_id, terms=self._terms, now=now, done=True
            )
        except Conflict:
            # The customer wrote again, or an order changed: the next draft is on its way.
            return
        self._wake()
