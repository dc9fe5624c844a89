"""The marketer of the demo: publishes a text, has another as a draft, compares two, and meets a file that changed.

And the operator: a mail to ourselves, and a comparison of server and ledger.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from mailer.clock import Clock
from mailer.config import Settings
from mailer.db import Database
from mailer.health.doctor import probe
from mailer.inbound.reconcile import ask_all
from mailer.model import Measure, TemplateRevision
from mailer.rendering.press import Press
from mailer.rendering.renderer import Renderer
from mailer.rendering.revision import save_draft
from mailer.rendering.shelf import TemplateShelf

_PUBLISHED = "replies/positive_feedback.en.md"
_APART = "replies/shipping_question.en.md"
_DRAFTED = "replies/stock.de.md"
_COMPARED = "replies/order_status.en.md"
_ENDS = {
    "en": "I am here all week, so just write again whenever you like.",
    "de": "Eine kurze Antwort auf diese E-Mail genügt, und ich sehe weiter nach.",
}


@dataclass(frozen=True)
class Marketer:
    """Writes templates by the verbs of the studio."""

    db: Database
    clock: Clock
    settings: Settings
    agent_id: int

    async def work(self) -> None:
        """All that a visitor of the studio is to find there."""
        shelf = TemplateShelf.of(self.db, self.clock, self.settings)
        renderer = Renderer()
        press = Press(self.db, self.clock, shelf, renderer)
        try:
            for name in (_PUBLISHED, _APART):
                draft = await self._draft(shelf, name, _warmer)
                await press.publish(
                    draft.id or 0, sha256=draft.sha256, agent_id=self.agent_id, confirm=True, note="warmer at the end"
                )
            await self._draft(shelf, _DRAFTED, _warmer)
            other = await self._draft(shelf, _COMPARED, _shorter)
            await press.compare(
                other.id or 0, sha256=other.sha256, share=50, measure=Measure.APPROVED_UNCHANGED,
                agent_id=self.agent_id, confirm=True,
            )  # fmt: skip
        finally:
            renderer.close()
        _edit_file(self.settings.rendering.templates / _APART)

    async def _draft(self, shelf: TemplateShelf, name: str, change: Callable[[str], str]) -> TemplateRevision:
        text = change((self.settings.rendering.templates / name).read_text(encoding="utf-8"))
        return await self.db.run(
            save_draft, name, text, agent_id=self.agent_id, expected_version=0, catalog=shelf.catalog,
            now=self.clock.now(),
        )  # fmt: skip


async def look_after(db: Database, clock: Clock, settings: Settings, address: str) -> None:
    """What an operator does in the morning."""
    await probe(db, clock, settings, "support", to=address, patience=timedelta(seconds=20))
    await db.run(ask_all, now=clock.now())


def _warmer(text: str) -> str:
    return f"{text.rstrip()}\n\n{_ENDS['de' if 'vielen Dank' in text else 'en']}\n"


def _shorter(text: str) -> str:
    """Without the list of what the order holds."""
    return text.replace('{% include "blocks/order_items.en.md" %}\n', "")


def _edit_file(path: Path) -> None:
    """A developer of the shop changes the file, as `git pull` would."""
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("shipping is free.", "we ship for free."), encoding="utf-8")
