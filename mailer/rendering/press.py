"""From a person's decision to a text in service: judged in its child, with no transaction open, and then recorded.

When another template went into service meanwhile, the text is judged again beside that one.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import structlog
from sqlmodel import Session

from mailer.clock import Clock
from mailer.db import Database
from mailer.errors import Conflict, InputError, MailerError
from mailer.model import Comparison, Measure, TemplateRevision, raise_alarm, settle_alarm
from mailer.rendering import revision
from mailer.rendering.comparison import start_comparison
from mailer.rendering.renderer import Renderer
from mailer.rendering.revision import Overtaken, Verdict
from mailer.rendering.shelf import TemplateShelf

log = structlog.get_logger()

ALARM = "template_schedule"
_TRIES = 3
T = TypeVar("T")


@dataclass(frozen=True)
class Press:
    """Publishes, schedules and rolls back for one process."""

    db: Database
    clock: Clock
    shelf: TemplateShelf
    renderer: Renderer

    async def publish(
        self, revision_id: int, *, sha256: str, agent_id: int, confirm: bool = False, note: str = ""
    ) -> TemplateRevision:
        """Put a draft into service now. Raises as `revision.publish` does."""

        async def once(verdict: Verdict) -> TemplateRevision:
            return await self.db.run(
                revision.publish,
                revision_id,
                sha256=sha256,
                verdict=verdict,
                agent_id=agent_id,
                confirm=confirm,
                note=note,
                now=self.clock.now(),
            )

        return await self._judged(await self.db.read(revision.find_revision, revision_id), once)

    async def schedule(
        self,
        revision_id: int,
        *,
        sha256: str,
        publish_at: datetime,
        agent_id: int,
        confirm: bool = False,
        note: str = "",
    ) -> TemplateRevision:
        """Put a draft into service at a moment. Raises as `revision.schedule` does."""

        async def once(verdict: Verdict) -> TemplateRevision:
            return await self.db.run(
                revision.schedule,
                revision_id,
                sha256=sha256,
                verdict=verdict,
                publish_at=publish_at,
                agent_id=agent_id,
                confirm=confirm,
                note=note,
                now=self.clock.now(),
            )

        return await self._judged(await self.db.read(revision.find_revision, revision_id), once)

    async def compare(
        self,
        revision_id: int,
        *,
        sha256: str,
        share: int,
        measure: Measure,
        agent_id: int,
        confirm: bool = False,
    ) -> Comparison:
        """Compare a draft with the text in service. Raises as `comparison.start_comparison` does."""

        async def once(verdict: Verdict) -> Comparison:
            return await self.db.run(
                start_comparison,
                revision_id,
                sha256=sha256,
                verdict=verdict,
                share=share,
                measure=measure,
                catalog=self.shelf.catalog,
                agent_id=agent_id,
                confirm=confirm,
                now=self.clock.now(),
            )

        return await self._judged(await self.db.read(revision.find_revision, revision_id), once)

    async def roll_back(self, name: str, to_number: int | None, *, agent_id: int) -> TemplateRevision | None:
        """Go back to an earlier text, or with None to the file. Raises as `revision.roll_back` does."""

        async def once(verdict: Verdict | None) -> TemplateRevision | None:
            return await self.db.run(
                revision.roll_back,
                name,
                to_number=to_number,
                verdict=verdict,
                catalog=self.shelf.catalog,
                agent_id=agent_id,
                now=self.clock.now(),
            )

        if to_number is None:
            done = await once(None)
            await self.shelf.read()
            return done
        return await self._judged(await self.db.read(revision.numbered, name, to_number), once)

    async def publish_due(self) -> int:
        """Publish what is scheduled for now, each checked again; how many. One that fails goes back, with an alarm."""
        due = await self.db.read(revision.due_revisions, now=self.clock.now())
        for one in due:
            try:
                await self._publish_planned(one)
            except (Conflict, InputError) as error:
                await self.db.run(_failed, one, str(error), now=self.clock.now())
        return len(due)

    async def _publish_planned(self, planned: TemplateRevision) -> None:
        async def once(verdict: Verdict) -> TemplateRevision:
            return await self.db.run(
                revision.publish,
                planned.id or 0,
                sha256=planned.sha256,
                verdict=verdict,
                agent_id=planned.published_by or planned.author_id,
                # What was confirmed when it was scheduled needs no second word.
                confirm=set(verdict.warnings) <= set(planned.confirmed),
                now=self.clock.now(),
            )

        await self._judged(planned, once)
        await self.db.run(_settled, planned.name, now=self.clock.now())

    async def _judged(self, text: TemplateRevision, record: Callable[[Verdict], Awaitable[T]]) -> T:
        for _ in range(_TRIES - 1):
            try:
                return await self._judged_once(text, record)
            except Overtaken:
                continue
        return await self._judged_once(text, record)

    async def _judged_once(self, text: TemplateRevision, record: Callable[[Verdict], Awaitable[T]]) -> T:
        await self.shelf.read()
        done = await record(await self.renderer.judge(self.shelf.catalog, text.name, text.text))
        log.info("template_recorded", revision=text.id, edition=self.shelf.published.edition)
        await self.shelf.read()
        return done


def _failed(session: Session, planned: TemplateRevision, why: str, *, now: datetime) -> None:
    words = f"templates/{planned.name} was to be published by itself and was not: {why}"
    raise_alarm(session, ALARM, planned.name, words, now)
    try:
        revision.fail_scheduled(session, planned.id or 0, why, now=now)
    except MailerError:
        # Somebody has taken it back meanwhile.
        log.info("schedule_was_taken_back", revision=planned.id)


def _settled(session: Session, name: str, *, now: datetime) -> None:
    settle_alarm(session, ALARM, name, now)
