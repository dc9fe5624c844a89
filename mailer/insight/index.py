"""The loop that keeps the index: mails and notes that the database says are new or changed become terms in it.

Terms are made with no transaction open. Of two workers with the same mail one writes, and an older picture of a mail
never overwrites a newer one.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, insert, literal
from sqlalchemy import select as rows
from sqlmodel import Session, col, select

from mailer.db import Database, insert_many
from mailer.insight import engine
from mailer.insight.entry import Letter, entry_terms, key_of_note
from mailer.model import Agent, Classification, Conversation, Direction, Message, Note, SearchEntry, SearchTodo

BATCH = 100
# So that others can write between two steps of tidying.
_PAGES_AT_ONCE = 1_000
_NOT_ERASED = col(Message.erased_at).is_(None)
# A note that was taken away or erased says nothing.
_SAID = (col(Note.deleted_at).is_(None), col(Note.text) != "")


@dataclass(frozen=True)
class Prepared:
    """A mail or note whose terms are made."""

    letter: Letter
    terms: list[str]


async def index_changed(db: Database, *, batch: int = BATCH) -> bool:
    """Index some mails and notes that are new or changed, the latest first; whether there were any."""
    letters = await db.read(changed, batch)
    if not letters:
        return False
    await db.run(write, await asyncio.to_thread(prepare, letters))
    return True


def index_some(db: Database, *, batch: int = BATCH) -> int:
    """As `index_changed`, in the calling thread; how many there were."""
    letters = db.read_here(changed, batch)
    if letters:
        db.run_here(write, prepare(letters))
    return len(letters)


def changed(session: Session, limit: int) -> list[Letter]:
    """Mails and notes that wait to be indexed, the latest change first, each with all its changes."""
    latest = select(SearchTodo.message_id, SearchTodo.note_id).order_by(col(SearchTodo.id).desc()).limit(limit)
    found = session.exec(latest).all()
    mails = _todos(session, SearchTodo.message_id, {mail for mail, _ in found if mail})
    notes = _todos(session, SearchTodo.note_id, {note for _, note in found if note})
    return [*_mails(session, mails), *_notes(session, notes)]


def prepare(letters: Sequence[Letter]) -> list[Prepared]:
    """Make the terms of these mails."""
    return [Prepared(letter, entry_terms(letter)) for letter in letters]


def write(session: Session, prepared: Sequence[Prepared]) -> None:
    """Let these be found as they were read, but for those that others took or that were erased meanwhile."""
    taken = _take(session, [todo for one in prepared for todo in one.letter.todos])
    mine = [one for one in prepared if not taken.isdisjoint(one.letter.todos)]
    mails, notes = ({one.letter.number for one in mine if one.letter.note is note} for note in (False, True))
    _forget(session, [*_keys_of(mails), *map(key_of_note, notes)])
    standing = {
        False: set(session.exec(select(Message.id).where(col(Message.id).in_(mails), _NOT_ERASED))),
        True: set(session.exec(select(Note.id).where(col(Note.id).in_(notes), *_SAID))),
    }
    found = [one for one in mine if one.letter.number in standing[one.letter.note]]
    if not found:
        return
    insert_many(session, SearchEntry, [_entry(one.letter) for one in found])
    engine.put(session, [one.letter.key for one in found], [one.terms for one in found])


def forget_message(session: Session, message_id: int) -> None:
    """Let a mail be found no more, at once. (An erased one also leaves the index by itself, within a second.)"""
    _forget(session, _keys_of([message_id]))


def forget_notes(session: Session, conversations: Collection[int]) -> None:
    """Let the notes on these conversations be found no more, at once."""
    notes = session.exec(select(Note.id).where(col(Note.conversation_id).in_(conversations))).all()
    _forget(session, [key_of_note(number) for number in notes if number])


def start_again(session: Session) -> int:
    """Empty the index and ask for every mail and note to be indexed; how many there are."""
    engine.forget_all(session)
    session.exec(delete(SearchEntry))
    session.exec(delete(SearchTodo))
    for column, every in (("note_id", col(Note.id)), ("message_id", col(Message.id))):
        session.connection().execute(insert(SearchTodo).from_select([column], rows(every).order_by(every)))
    return waiting(session)


def waiting(session: Session, *, most: int | None = None) -> int:
    """How many changes wait to be indexed; counted up to `most`."""
    some = rows(literal(1)).select_from(SearchTodo).limit(most).subquery()
    return int(session.execute(rows(func.count()).select_from(some)).scalar_one())


def tidy(db: Database) -> None:
    """After many mails were indexed: put the index together piece by piece, and let PostgreSQL count its words."""
    if not db.is_sqlite:
        db.run_here(engine.analyse)
        return
    pages = -_PAGES_AT_ONCE
    while db.run_here(engine.merge_some, pages):
        pages = _PAGES_AT_ONCE


def _todos(session: Session, column: Any, numbers: Collection[int]) -> dict[int, tuple[int, ...]]:
    """Everything that asks for these to be indexed, by their numbers."""
    found: dict[int, list[int]] = defaultdict(list)
    for number, todo in session.exec(select(column, SearchTodo.id).where(col(column).in_(numbers))):
        found[number].append(todo or 0)
    return {number: tuple(todos) for number, todos in found.items()}


def _mails(session: Session, todos: Mapping[int, tuple[int, ...]]) -> list[Letter]:
    wanted = (
        select(Message, Classification, Conversation.language)
        .join(Conversation, col(Conversation.id) == Message.conversation_id)
        .outerjoin(Classification, col(Classification.message_id) == Message.id)
        .where(col(Message.id).in_(todos))
    )
    return [_letter(todos[message.id or 0], message, *more) for message, *more in session.exec(wanted)]


def _notes(session: Session, todos: Mapping[int, tuple[int, ...]]) -> list[Letter]:
    wanted = select(Note, Agent.name).join(Agent, col(Agent.id) == Note.agent_id).where(col(Note.id).in_(todos))
    return [_note(todos[note.id or 0], note, author) for note, author in session.exec(wanted)]


def _letter(todos: tuple[int, ...], message: Message, judged: Classification | None, language: str | None) -> Letter:
    named = (message.to_address, *message.to_addresses, *message.cc_addresses)
    return Letter(
        number=message.id or 0,
        received_at=message.received_at,
        todos=todos,
        history=message.history,
        ours=message.direction is Direction.OUT,
        subject=message.subject,
        from_name=message.from_name,
        from_address=message.from_address,
        to_addresses=" ".join(dict.fromkeys(one for one in named if one)),
        text=message.text,
        language=(judged.language if judged else None) or language or "",
        intent=judged.intent if judged else "",
    )


def _note(todos: tuple[int, ...], note: Note, author: str) -> Letter:
    number, at = note.id or 0, note.written_at
    return Letter(number=number, received_at=at, todos=todos, note=True, from_name=author, text=note.text)


def _take(session: Session, todos: Sequence[int]) -> set[int]:
    """Strike these off the list; those that were still on it.

    A worker waits for another one that holds them, and in one sequence: so an older picture of a mail is never written
    after a newer one.
    """
    wanted = select(SearchTodo.id).where(col(SearchTodo.id).in_(todos)).order_by(col(SearchTodo.id))
    found = {todo for todo in session.exec(wanted.with_for_update()) if todo}
    session.exec(delete(SearchTodo).where(col(SearchTodo.id).in_(found)))
    return found


def _entry(letter: Letter) -> dict[str, Any]:
    mail, note = (None, letter.number) if letter.note else (letter.number, None)
    return {"id": letter.key, "message_id": mail, "note_id": note, "received_at": letter.received_at}


def _keys_of(mails: Iterable[int]) -> list[int]:
    """Under which keys these mails may stand."""
    return [key for number in mails for key in (number, -number)]


def _forget(session: Session, keys: Sequence[int]) -> None:
    engine.forget(session, keys)
    session.exec(delete(SearchEntry).where(col(SearchEntry.id).in_(keys)))
