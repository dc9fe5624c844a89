"""A colleague at work beside the person at the screen: opens a conversation, thinks, and decides by the usual verbs."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import cycle

from mailer.clock import Clock
from mailer.db import Database
from mailer.errors import MailerError
from mailer.model import Fault, Snooze, TroubleKind
from mailer.replies.approve import Terms, approve, edit
from mailer.replies.claims import claim, release
from mailer.replies.dismiss import dismiss
from mailer.replies.lines import Waiting
from mailer.replies.queue import Tab, item, waiting
from mailer.replies.snooze import snooze
from mailer.replies.troubles import declare
from mailer.web.console.notes import write

_THINKS, _RESTS = 4.0, 5.0
# So many are left for whoever sits at the screen.
_LEAVES = 12
_TURNS = ("approve", "approve", "note", "edit", "snooze", "approve", "reject", "approve")
_MORE = "\n\nPS: If anything else comes to mind, an answer to this mail reaches me directly."


class Colleague:
    """Works from the far end of the queue, so that nobody is disturbed at the near one; answers `first` before."""

    def __init__(self, db: Database, clock: Clock, terms: Terms, agent_id: int, *, mentions: str, first: str) -> None:
        self._db, self._clock, self._terms = db, clock, terms
        self._agent_id, self._mentions, self._first = agent_id, mentions, first

    @property
    def turns(self) -> dict[str, Callable[[Waiting], Awaitable[None]]]:
        """What may be done with a line."""
        return {
            "approve": self._approve, "edit": self._edit, "reject": self._reject, "snooze": self._snooze,
            "note": self._note,
        }  # fmt: skip

    async def work(self, stop: asyncio.Event) -> None:
        """One conversation after another, until told to stop."""
        await self._tell_of_a_strike()
        turns = cycle(_TURNS)
        while not await _rest(stop, _RESTS):
            found = await self._db.read(waiting, Tab.TO_APPROVE, limit=200)
            first = [one for one in found if one.customer == self._first]
            if first:
                self._first = ""
            if len(found) > _LEAVES or first:
                await self._decide((first or found)[-1], "approve" if first else next(turns), stop)

    async def _tell_of_a_strike(self) -> None:
        words = "The sorting centres are on strike since this morning; parcels wait in Roissy."
        me, now = self._agent_id, self._clock.now()
        await self._db.run(declare, TroubleKind.CARRIER, "La Poste", words=words, agent_id=me, now=now)

    async def _decide(self, line: Waiting, turn: str, stop: asyncio.Event) -> None:
        now = self._clock.now()
        await self._db.run(claim, line.conversation_id, agent_id=self._agent_id, now=now)
        await _rest(stop, _THINKS)
        # The customer wrote again, an order changed, somebody was faster, or something is to be done before.
        with contextlib.suppress(MailerError):
            await self.turns[turn](line)
        await self._db.run(release, line.conversation_id, agent_id=self._agent_id)

    async def _approve(self, line: Waiting) -> None:
        await self._db.run(
            approve, line.draft_id or 0, version=line.version or 0, agent_id=self._agent_id, terms=self._terms,
            now=self._clock.now(), done=True,
        )  # fmt: skip

    async def _edit(self, line: Waiting) -> None:
        draft = (await self._db.read(item, line.conversation_id)).draft
        if draft is None or draft.id is None:
            return
        me, now = self._agent_id, self._clock.now()
        version = await self._db.run(
            edit, draft.id, version=draft.version, text=draft.text + _MORE, agent_id=me, now=now
        )
        await self._db.run(
            approve, draft.id, version=version, agent_id=me, terms=self._terms, now=self._clock.now(), done=True
        )

    async def _reject(self, line: Waiting) -> None:
        await self._db.run(
            dismiss, line.draft_id or 0, version=line.version or 0, agent_id=self._agent_id, fault=Fault.TONE,
            now=self._clock.now(),
        )  # fmt: skip

    async def _snooze(self, line: Waiting) -> None:
        now = self._clock.now()
        until = now + timedelta(hours=20)
        await self._db.run(
            snooze, line.conversation_id, waits_for=Snooze.UNTIL, until=until, agent_id=self._agent_id, now=now
        )

    async def _note(self, line: Waiting) -> None:
        text = f"@{self._mentions} please look at this one: the warehouse says that the last box has left."
        await self._db.run(write, line.conversation_id, text=text, agent_id=self._agent_id, now=self._clock.now())


async def _rest(stop: asyncio.Event, seconds: float) -> bool:
    """Wait; whether it is time to stop."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
    return stop.is_set()
