"""One at a time for each person; of one kind the newest; nobody waits for somebody else."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from mailer.web.newest import Newest, Superseded

ANA, MIRA = 1, 2


def gated(gate: asyncio.Event, told: list[str], name: str) -> Callable[[], Awaitable[str]]:
    async def work() -> str:
        told.append(name)
        await gate.wait()
        return name

    return work


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_of_those_that_wait_the_newest_is_done_and_others_are_told_at_once() -> None:
    newest, gate, begun = Newest(), asyncio.Event(), []
    asked = [
        asyncio.create_task(newest.run(ANA, "preview", gated(gate, begun, name))) for name in ("one", "two", "three")
    ]
    await settle()
    assert begun == ["one"]
    with pytest.raises(Superseded):
        await asked[1]
    gate.set()
    assert [await asked[0], await asked[2]] == ["one", "three"]
    assert begun == ["one", "three"]


async def test_nobody_waits_for_somebody_else() -> None:
    newest, shut, open_ = Newest(), asyncio.Event(), asyncio.Event()
    open_.set()
    slow = asyncio.create_task(newest.run(ANA, "preview", gated(shut, [], "slow")))
    await settle()
    assert await newest.run(MIRA, "preview", gated(open_, [], "quick")) == "quick"
    shut.set()
    await slow


async def test_kinds_do_not_push_each_other_out_and_what_has_none_always_comes() -> None:
    newest, gate, begun = Newest(), asyncio.Event(), []
    kinds = ("preview", "check", "", "", "preview")
    asked = [
        asyncio.create_task(newest.run(ANA, kind, gated(gate, begun, f"{kind}{number}")))
        for number, kind in enumerate(kinds)
    ]
    await settle()
    gate.set()
    assert [await one for one in asked] == ["preview0", "check1", "2", "3", "preview4"]
    assert begun == ["preview0", "check1", "2", "3", "preview4"]


async def test_who_goes_away_or_fails_leaves_the_turn_to_the_next() -> None:
    newest, gate, begun = Newest(), asyncio.Event(), []

    async def fail() -> None:
        await gate.wait()
        raise ValueError

    failing = asyncio.create_task(newest.run(ANA, "preview", fail))
    await settle()
    gone = asyncio.create_task(newest.run(ANA, "check", gated(gate, begun, "gone")))
    stays = asyncio.create_task(newest.run(ANA, "preview", gated(gate, begun, "stays")))
    await settle()
    gone.cancel()
    gate.set()
    with pytest.raises(ValueError):
        await failing
    assert await stays == "stays"
    assert begun == ["stays"]
    assert await newest.run(ANA, "preview", gated(gate, begun, "later")) == "later"
