"""Texts as an attacker writes them, in the studio's preview and checks: stopped, while others are answered."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from mailer.clock import FrozenClock
from mailer.config import Rendering, Settings
from mailer.db import Database
from mailer.model import Role
from mailer.rendering.child import MEMORY, MODULE
from tests.build import TEMPLATES
from tests.rendering.attacks import REFUSED
from tests.rendering.test_renderer import MAIL, NAME
from tests.web.build import case
from tests.web.conftest import Entering

# Those that nothing but the clock stops.
RUNAWAY = ("busy macro", "huge text")
AT_ONCE = 5


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"rendering": Rendering(templates=TEMPLATES)})


@pytest.fixture
async def attacker(address: str, enter: Entering) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=address, timeout=120) as browser:
        yield await enter(browser, "mallory", Role.MARKETER)


@pytest.fixture
async def person(address: str, enter: Entering) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=address, timeout=120) as browser:
        yield await enter(browser, "ana", Role.AGENT)


def peaks() -> list[int]:
    """The most address space that each rendering child has had, in bytes."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command, status = (folder / "cmdline").read_bytes(), (folder / "status").read_text()
        except OSError:
            continue
        is_ours = f"PPid:\t{Path('/proc/self').resolve().name}\n" in status
        if is_ours and MODULE.encode() in command:
            line = next((one for one in status.splitlines() if one.startswith("VmPeak")), "VmPeak: 0 kB")
            found.append(int(line.split()[1]) * 1024)
    return found


async def seconds(person: httpx2.AsyncClient, page: str) -> float:
    """How long a page takes."""
    began = time.monotonic()
    assert (await person.get(page)).status_code == 200
    return time.monotonic() - began


async def test_others_are_answered_while_templates_run_away(
    db: Database, clock: FrozenClock, attacker: httpx2.AsyncClient, person: httpx2.AsyncClient
) -> None:
    found = await db.run(case, clock.now())
    pages = ("/queue", f"/conversations/{found.conversation}", "/templates", f"/drafts/{found.draft}/preview")
    before = [await seconds(person, page) for page in pages * 2]
    texts = [MAIL.format(front=f"# {number}", words=REFUSED[name]) for number in range(AT_ONCE) for name in RUNAWAY]
    forms = [{"name": NAME, "text": text} for text in texts]
    attacks = [asyncio.create_task(attacker.post("/templates/preview", data=form)) for form in forms]
    waits, most = [], 0
    while not all(attack.done() for attack in attacks):
        for page in pages:
            waits.append(await seconds(person, page))
            most = max([most, *peaks()])
    assert len(waits) > len(pages), "the attacks were over before anybody asked"
    # A machine that has much else to do is slow for everybody, attack or not.
    assert max(waits) < max(1.0, 5 * max(before)), "somebody waited"
    assert 0 < most <= MEMORY
    for attack in attacks:
        answer = attack.result()
        assert answer.status_code == 200
        assert answer.json()["problem"], answer.json()
