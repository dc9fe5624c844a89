"""A mail that came after the page was opened: nobody answers it or puts it aside without having seen it."""

import httpx2
import pytest

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.model import Conversation
from tests.web.build import case
from tests.web.console.test_panes_journey import writes_again


@pytest.mark.parametrize(
    ("part", "form"),
    [
        ("snooze", {"when": "reply"}),
        ("snooze", {"when": "day", "day": "2026-12-01"}),
        ("replies", {"text": "It comes on Tuesday."}),
    ],
)
async def test_a_newer_mail_is_read_first(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient, part: str, form: dict[str, str]
) -> None:
    found = await db.run(case, clock.now())
    place = f"/conversations/{found.conversation}"
    shown = f'name="newest" value="{found.message}"'
    assert (await agent.get(place)).text.count(shown) == 3
    await db.run(writes_again, found.conversation, clock)
    answer = await agent.post(f"{place}/{part}", data={**form, "newest": str(found.message)})
    assert answer.status_code == 409
    assert "the customer wrote again" in answer.text
    assert form.get("text", "") in answer.text
    talk = await db.read(lambda session: session.get_one(Conversation, found.conversation))
    assert talk.snoozed_for is None
    again = await agent.post(f"{place}/{part}", data={**form, "newest": str(found.message + 1)})
    assert again.status_code == 303
