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
    answers = [attack.result() for attack in attacks]
    assert {answer.status_code for answer in answers} == {200, 204}
    for answer in answers:
        assert answer.json()["problem"] if answer.status_code == 200 else not answer.content


async def test_one_person_runs_one_preview_and_the_newest_waits(
    address: str, enter: Entering, attacker: httpx2.AsyncClient
) -> None:
    text = MAIL.format(front="# 0", words=REFUSED["busy macro"])
    form = {"name": NAME, "text": text}
    attacks = [asyncio.create_task(attacker.post("/templates/preview", data=form)) for _ in range(10)]
    async with httpx2.AsyncClient(base_url=address, timeout=120) as browser:
        other = await enter(browser, "mira", Role.MARKETER)
        plain = {"name": NAME, "text": MAIL.format(front="# mira", words="Hello")}
        shown = await other.post("/templates/preview", data=plain)
        assert shown.status_code == 200
        assert shown.json()["problem"] == ""
    answers = [await attack for attack in attacks]
    # Who came first and who came last are answered; a few more where one ended before the next came.
    assert sum(answer.status_code == 204 for answer in answers) >= 6
    assert sum(answer.status_code == 200 for answer in answers) >= 2
