"""Every page of the console answers on both engines; test_every_page.py looks at them in Chromium, on one."""

import httpx2
from fastapi import FastAPI

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import Role
from tests.web.conftest import Entering, browser_on
from tests.web.rich import Form, Post, addresses_of, furnish
from tests.web.test_every_page import paths, settings

__all__ = ["settings"]


def posting(browser: httpx2.AsyncClient) -> Post:
    async def post(place: str, form: Form) -> tuple[int, str]:
        answer = await browser.post(place, data=dict(form))
        return answer.status_code, answer.text

    return post


async def test_every_page_answers(db: Database, clock: FrozenClock, console: FastAPI, enter: Entering) -> None:
    async with browser_on(console) as root, browser_on(console) as mira:
        await enter(root, "root", Role.ADMIN)
        await enter(mira, "mira", Role.MARKETER)
        values = await furnish(db, clock, posting(root), posting(mira))
        places = [place for path in paths(console) for place in addresses_of(path, values)]
        told = {place: (await root.get(place, follow_redirects=True)).status_code for place in places}
    assert len(told) > 40
    assert {place: status for place, status in told.items() if status != httpx2.codes.OK} == {}
