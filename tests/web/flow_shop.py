"""A shop whose flows are files in a folder: the shelf serves them, the loops move them, the console shows them.

Import both fixtures: `settings` points the console at the folder.
"""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mailer.clock import FrozenClock
from mailer.config import Settings
from mailer.db import Database
from mailer.flows.files import Shelf
from tests.build import TEMPLATES
from tests.flows.line import TERMS, Line


class FlowShop:
    """Files, shelf and loops."""

    def __init__(self, db: Database, clock: FrozenClock, folder: Path) -> None:
        self.db, self.clock, self.folder = db, clock, folder
        self.line = Line(db, clock).open()
        self.shelf = Shelf(db, clock, folder, TERMS)

    async def write(self, name: str, text: str) -> None:
        """Put a file into the folder, and let the shelf look."""
        (self.folder / f"{name}.toml").write_text(text, encoding="utf-8")
        await self.serve()

    async def serve(self) -> None:
        """Serve what is published or in the files now."""
        while await self.shelf.read():
            pass
        self.line.flows = dict(self.shelf.flows())

    async def orders(self, *numbers: str, **told: Any) -> None:
        """Tell of these orders, and let the loops turn."""
        for number in numbers:
            self.line.order(name=number, id=number, **told)
        await self.turn()

    async def turn(self, **span: float) -> None:
        """Let time pass, serve what changed, and let the loops turn, as after a restart."""
        await self.serve()
        await asyncio.to_thread(self.line.wait, **span)

    @property
    def mails(self) -> int:
        """How many mails the relay took."""
        return len(self.line.relay.mails)


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    folder = tmp_path / "flows"
    folder.mkdir()
    flows = settings.flows.model_copy(update={"directory": folder})
    rendering = settings.rendering.model_copy(update={"templates": TEMPLATES})
    # Days pass while somebody is signed in.
    web = settings.web.model_copy(update={"session": timedelta(days=400)})
    return settings.model_copy(update={"flows": flows, "rendering": rendering, "web": web})


@pytest.fixture
def flow_shop(db: Database, settings: Settings, clock: FrozenClock) -> FlowShop:
    return FlowShop(db, clock, settings.flows.directory)
