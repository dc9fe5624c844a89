"""The loop that keeps the index: what the database says is new or changed is read, made into terms, and written.

Terms are made with no transaction open. Of two workers with the same mail one writes, and an older picture of a mail
never overwrites a newer one.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, insert, literal
from sqlalchemy import select as rows
from sqlmodel import Session, col, select

from mailer.db import Database, insert_many
from mailer.insight import engine
from mailer.insight.entry import Letter, entry_terms
from mailer.model import Classification, Conversation, Direction, Message, SearchEntry, SearchTodo

BATCH = 100
# So that others can write between two steps of tidying.
_PAGES_AT_ONCE = 1_000


@dataclass(frozen=True)
class Prepared:
    """A mail whose terms are made."""

    letter: Letter
    terms: list[str]


async def index_changed(db: Database, *, batch: int = BATCH) -> bool:
    """Index some mails that are new or changed, the latest first; whether there were any."""
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
    """Mails that wait to be indexed, the latest change first, each with all its changes."""
    latest = session.exec(select(SearchTodo.message_id).order_by(col(SearchTodo.id).desc()).limit(limit)).all()
    todos: dict[int, list[int]] = {}
    for todo in session.exec(select(SearchTodo).where(col(SearchTodo.message_id).in_(latest))):
        todos.setdefault(todo.message_id, []).append(todo.id or 0)
    wanted = (
        select(Message, Classification, Conversation.language)
        .join(Conversation, col(Conversation.id) == Message.conversation_id)
        .outerjoin(Classification, col(Classification.message_id) == Message.id)
        .where(col(Message.id).in_(todos))
    )
    return [_letter(tuple(todos[message.id or 0]), message, *more) for message, *more in session.exec(wanted)]


def prepare(letters: Sequence[Letter]) -> list[Prepared]:
    """Make the terms of these mails."""
    return [Prepared(letter, entry_terms(letter)) for letter in letters]


def write(session: Session, prepared: Sequence[Prepared]) -> None:
    """Let these mails be found as they were read, but for those that others took or that were erased meanwhile."""
    taken = _take(session, [todo for one in prepared for todo in one.letter.todos])
    mine = {one.letter.message_id: one for one in prepared if not taken.isdisjoint(one.letter.todos)}
    _forget(session, list(mine))
    standing = select(Message.id).where(col(Message.id).in_(mine), col(Message.erased_at).is_(None))
    found = [mine[number] for number in session.exec(standing) if number]
    if not found:
        return
    insert_many(session, SearchEntry, [_entry(one.letter) for one in found])
    engine.put(session, [one.letter.key for one in found], [one.terms for one in found])


def forget_message(session: Session, message_id: int) -> None:
    """Let a mail be found no more, at once. (An erased one also leaves the index by itself, within a second.)"""
    _forget(session, [message_id])


def start_again(session: Session) -> int:
    """Empty the index and ask for every mail to be indexed; how many there are."""
    engine.forget_all(session)
    session.exec(delete(SearchEntry))
    session.exec(delete(SearchTodo))
    every = rows(col(Message.id)).order_by(col(Message.id))
    session.connection().execute(insert(SearchTodo).from_select(["message_id"], every))
    return waiting(session)


def waiting(session: Session, *, most: int | None = None) -> int:
    """How many mails wait to be indexed; counted up to `most`."""
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


def _letter(todos: tuple[int, ...], message: Message, judged: Classification | None, language: str | None) -> Letter:
    named = (message.to_address, *message.to_addresses, *message.cc_addresses)
    return Letter(
        message_id=message.id or 0,
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
    return {"id": letter.key, "message_id": letter.message_id, "received_at": letter.received_at}


def _forget(session: Session, messages: Sequence[int]) -> None:
    keys = [key for number in messages for key in (number, -number)]
    engine.forget(session, keys)
    session.exec(delete(SearchEntry).where(col(SearchEntry.id).in_(keys)))
