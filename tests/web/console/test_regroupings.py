"""Looking for the conversation to join with, what would move, and the undo in the notice."""

import httpx2
import pytest

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.errors import NotFound
from mailer.web.console.joining import joining_of
from tests.web.build import case
from tests.web.matters import matter


async def test_the_same_customer_s_others_come_first(db: Database, clock: FrozenClock) -> None:
    found = await db.run(matter, clock.now())
    other = await db.run(case, clock.now(), name="Bo Berg", address="bo@x.test", number="#77", subject="100% cotton_")
    joining = await db.read(joining_of, found.conversation, words="", into=None)
    assert [one.conversation.id for one in joining.likely] == [found.other]
    assert joining.likely[0].mails == 2
    assert (joining.found, joining.preview) == ([], None)
    for words in (str(other.conversation), "#77", "77", "BO@x", "berg", "100% cotton_"):
        joining = await db.read(joining_of, found.conversation, words=words, into=None)
        assert [one.conversation.id for one in joining.found] == [other.conversation], words
    for words in ("100%_", "%", "' OR 1=1 --", "99999999999999999999", "nobody"):
        joining = await db.read(joining_of, found.conversation, words=words, into=None)
        assert [one.conversation.id for one in joining.found] == ([other.conversation] if words == "%" else []), words


async def test_the_preview_says_what_moves_and_warns_of_another_address(db: Database, clock: FrozenClock) -> None:
    found = await db.run(matter, clock.now())
    other = await db.run(case, clock.now(), name="Bo Berg", address="bo@x.test", number="#77")
    joining = await db.read(joining_of, found.conversation, words="", into=other.conversation)
    assert joining.preview is not None
    assert (len(joining.preview.moving), len(joining.preview.staying)) == (3, 1)
    assert joining.preview.other_customer
    own = (await db.read(joining_of, found.conversation, words="", into=found.other)).preview
    assert own is not None
    assert not own.other_customer
    assert (await db.read(joining_of, found.conversation, words="", into=found.conversation)).preview is None
    with pytest.raises(NotFound):
        await db.read(joining_of, found.conversation, words="", into=4711)
    with pytest.raises(NotFound):
        await db.read(joining_of, 4711, words="", into=None)


async def test_joining_and_parting_offer_their_undo(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    found = await db.run(matter, clock.now())
    answer = await agent.post(f"/conversations/{found.conversation}/merges", data={"into": found.other})
    assert answer.headers["location"] == f"/conversations/{found.other}?notice=regrouped&back=regrouping-1"
    page = (await agent.get(answer.headers["location"])).text
    assert 'action="/regroupings/1/undo"' in page
    answer = await agent.post("/regroupings/1/undo")
    assert answer.headers["location"] == f"/conversations/{found.conversation}?notice=regrouped"
    parted = await agent.post(f"/conversations/{found.conversation}/splits", data={"message": found.message})
    assert parted.headers["location"].endswith("back=regrouping-2")
    assert (await agent.get(f"/conversations/{found.conversation}?back=evil")).status_code == 400


async def test_notes_are_shown_where_the_mails_went(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    found = await db.run(matter, clock.now())
    await agent.post(f"/conversations/{found.conversation}/notes", data={"text": "He called."})
    await agent.post(f"/conversations/{found.conversation}/merges", data={"into": found.other})
    assert "He called." in (await agent.get(f"/conversations/{found.other}")).text
    await agent.post("/regroupings/1/undo")
    assert "He called." not in (await agent.get(f"/conversations/{found.other}")).text
    assert "He called." in (await agent.get(f"/conversations/{found.conversation}")).text
