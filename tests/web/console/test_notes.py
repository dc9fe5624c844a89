"""What colleagues note: who sees it, who may change it, and that nothing ever sends it."""

import ast
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from sqlmodel import Session, select

import mailer
from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.errors import Conflict, InputError, NotFound
from mailer.model import Mention, Message, Note, Role
from mailer.web import auth
from mailer.web.console.notes import change, mentioned, named_in, notes_of, remove, see, write
from mailer.web.desk import NotAllowed
from tests.web.build import case

PACKAGE = Path(mailer.__file__).parent
# The only files that may know of notes: the table, the verbs, and the pages that show them to people.
MAY_KNOW = {
    "insight/timeline.py",
    # Notes are searched beside the mails.
    "insight/index.py",
    "insight/search.py",
    "model/note.py",
    "model/__init__.py",
    "web/console/notes.py",
    "web/console/item.py",
    "web/console/letters.py",
    "web/console/panes.py",
    # A note that came or went makes a fetched-ahead page old.
    "replies/stamp.py",
    # Whoever is forgotten is forgotten there too; the colleague of the demo writes one.
    "privacy/erase.py",
    "demo/colleague.py",
}
NAMES = {"Note", "Mention", "Noted", "notes_of", "mailer.model.note", "mailer.web.console.notes"}


def people(session: Session, clock: FrozenClock) -> tuple[int, int]:
    return (
        auth.add_agent(session, "Bo Lee", Role.AGENT, clock.now()),
        auth.add_agent(session, "bo", Role.AGENT, clock.now()),
    )


async def test_a_note_is_shown_among_the_mails_and_is_none(
    db: Database, clock: FrozenClock, agent: httpx2.AsyncClient
) -> None:
    found = await db.run(case, clock.now())
    answer = await agent.post(f"/conversations/{found.conversation}/notes", data={"text": " He <b>called</b>. "})
    assert answer.status_code == 303
    page = (await agent.get(answer.headers["location"])).text
    assert "Customers never see it." in page
    assert "He &lt;b&gt;called&lt;/b&gt;." in page
    assert page.index("Where is my order") < page.index('class="note"')
    assert len(await db.read(lambda session: session.exec(select(Message)).all())) == 1


async def test_only_its_author_changes_it_and_for_an_hour(db: Database, clock: FrozenClock) -> None:
    found = await db.run(case, clock.now())
    lee, bo = await db.run(people, clock)
    note = await db.run(write, found.conversation, text="one", agent_id=lee, now=clock.now())
    with pytest.raises(NotAllowed):
        await db.run(change, note, text="mine now", agent_id=bo, now=clock.now())
    await db.run(change, note, text="two", agent_id=lee, now=clock.now() + timedelta(minutes=59))
    seen = await db.read(notes_of, {found.conversation}, lee, now=clock.now() + timedelta(minutes=59))
    assert [(one.text, one.author, one.changed, one.may_change) for one in seen] == [("two", "Bo Lee", True, True)]
    later = clock.now() + timedelta(hours=1)
    for verb in (change, remove):
        with pytest.raises(Conflict):
            await db.run(verb, note, agent_id=lee, now=later, **({"text": "x"} if verb is change else {}))
    assert not (await db.read(notes_of, {found.conversation}, bo, now=clock.now()))[0].may_change


async def test_a_note_that_was_removed_is_gone_with_its_words(db: Database, clock: FrozenClock) -> None:
    found = await db.run(case, clock.now())
    lee, bo = await db.run(people, clock)
    note = await db.run(write, found.conversation, text="@bo look", agent_id=lee, now=clock.now())
    assert await db.run(remove, note, agent_id=lee, now=clock.now()) == found.conversation
    assert await db.read(notes_of, {found.conversation}, lee, now=clock.now()) == []
    assert await db.read(mentioned, bo, [found.conversation]) == set()
    assert await db.read(lambda session: [row.text for row in session.exec(select(Note))]) == [""]
    with pytest.raises(NotFound):
        await db.run(change, note, text="x", agent_id=lee, now=clock.now())


async def test_a_colleague_who_is_named_is_told_until_they_saw_it(db: Database, clock: FrozenClock) -> None:
    found = await db.run(case, clock.now())
    lee, bo = await db.run(people, clock)
    note = await db.run(write, found.conversation, text="@Bo please", agent_id=lee, now=clock.now())
    assert await db.read(mentioned, bo, [found.conversation]) == {found.conversation}
    assert await db.read(mentioned, lee, [found.conversation]) == set()
    (shown,) = await db.read(notes_of, {found.conversation}, bo, now=clock.now())
    assert shown.mention is not None
    with pytest.raises(NotFound):
        await db.run(see, shown.mention, agent_id=lee, now=clock.now())
    assert await db.run(see, shown.mention, agent_id=bo, now=clock.now()) == found.conversation
    assert await db.read(mentioned, bo, [found.conversation]) == set()
    # Changing the note does not wake whoever saw it, and forgets whom it names no more.
    await db.run(change, note, text="@bo, again", agent_id=lee, now=clock.now())
    assert await db.read(mentioned, bo, [found.conversation]) == set()
    await db.run(change, note, text="nobody", agent_id=lee, now=clock.now())
    assert await db.read(lambda session: session.exec(select(Mention)).all()) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [("@bo look", ["bo"]), ("@Bo Lee look", ["bo", "bo lee"]), ("@bob", []), ("bo@x.test", []), ("(@BO)", ["bo"])],
)
def test_names_stand_whole_behind_an_at(text: str, expected: list[str]) -> None:
    assert named_in(text, ["bo", "bo lee"]) == expected


@pytest.mark.parametrize("text", ["", " \n", "x" * 10_001])
async def test_a_note_has_some_text_and_not_a_book(db: Database, clock: FrozenClock, text: str) -> None:
    found = await db.run(case, clock.now())
    lee, _ = await db.run(people, clock)
    with pytest.raises(InputError):
        await db.run(write, found.conversation, text=text, agent_id=lee, now=clock.now())
    with pytest.raises(NotFound):
        await db.run(write, 4711, text="words", agent_id=lee, now=clock.now())


async def test_a_marketer_notes_nothing_and_says_that_they_saw_their_name(
    db: Database, clock: FrozenClock, marketer: httpx2.AsyncClient
) -> None:
    found = await db.run(case, clock.now())
    lee, _ = await db.run(people, clock)
    await db.run(write, found.conversation, text="@mira, the template?", agent_id=lee, now=clock.now())
    assert (await marketer.post(f"/conversations/{found.conversation}/notes", data={"text": "x"})).status_code == 403
    assert "a note names you" in (await marketer.get("/queue")).text
    page = (await marketer.get(f"/conversations/{found.conversation}")).text
    assert "It names you: seen" in page
    assert (await marketer.post("/mentions/1/seen")).status_code == 303
    assert "a note names you" not in (await marketer.get("/queue")).text
    assert "It names you: seen" not in (await marketer.get(f"/conversations/{found.conversation}")).text


def test_no_code_that_sends_or_writes_mails_knows_of_notes() -> None:
    """Notes have no path to the outbox: only these files name the table or the verbs, in any import or word."""
    knowing = {str(file.relative_to(PACKAGE)) for file in PACKAGE.rglob("*.py") if _names(file) & NAMES}
    assert knowing <= MAY_KNOW
    assert "web/console/notes.py" in knowing
    for room in ("outbound", "replies", "rendering", "flows", "triage", "feedback"):
        texts = [file.read_text(encoding="utf-8") for file in (PACKAGE / room).rglob("*.py")]
        assert not any('"note"' in text or "FROM note" in text for text in texts), room


def _names(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            found |= {node.module or "", *(one.name for one in node.names)}
        elif isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
    return found
