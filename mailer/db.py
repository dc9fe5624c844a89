"""The one way to the database: `await db.run(verb, ...)` is one thread, one transaction; `db.read` only reads.

A verb is a plain function `verb(session, ..., now=...)`. It cannot await, so no transaction is ever open across the
network; it never commits; an exception rolls everything back.
"""

import asyncio
import fcntl
import os
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar
from weakref import WeakValueDictionary

import structlog
from sqlalchemy import Connection, create_engine, event, literal
from sqlalchemy import insert as core_insert
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlmodel import Session, SQLModel

from mailer.clock import monotonic
from mailer.errors import MailerError
from mailer.turns import Turns

log = structlog.get_logger()

P = ParamSpec("P")
T = TypeVar("T")
Item = TypeVar("Item")

# Milliseconds. First, so that opening waits too: another process may be migrating, or reading the log of a dead one.
_BUSY = "busy_timeout=10000"
_PRAGMAS = (_BUSY, "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")
# Seconds for which a writer waits, as long as a statement on PostgreSQL may take.
_PATIENCE = 30.0
# Within so many milliseconds SQLite asks about every 5; left to itself it soon asks ten times a second, and hardly ever
# in the gap between two transactions of a busy process.
_ASKING = "busy_timeout=25"
_POSTGRES_LIMITS = (
    "-c statement_timeout=30s -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s -c timezone=UTC"
)


class Database:
    """SQLite in a file, or PostgreSQL; the same verbs run on both."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        arguments = {"check_same_thread": False} if self.is_sqlite else {"options": _POSTGRES_LIMITS}
        # Values of a statement are customers' words, so errors must not show them.
        self.engine = create_engine(
            self.url, connect_args=arguments, pool_pre_ping=not self.is_sqlite, hide_parameters=True
        )
        self._turns = _turns_of(self.url.database) if self.is_sqlite else None
        if self.is_sqlite:
            event.listen(self.engine, "connect", _open_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)

    async def run(self, verb: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Let a verb act: one transaction, committed when it returns, rolled back when it raises."""
        return await asyncio.to_thread(self.run_here, verb, *args, **kwargs)

    async def read(self, question: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Let a question read one consistent picture; what it writes is rolled back."""
        return await asyncio.to_thread(self.read_here, question, *args, **kwargs)

    def run_here(self, verb: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """As `run`, in the calling thread: for commands without an event loop."""
        with self._turn(), Session(self.engine, expire_on_commit=False) as session, session.begin():
            return verb(session, *args, **kwargs)

    def read_here(self, question: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """As `read`, in the calling thread."""
        engine = self.engine.execution_options(write=False, postgresql_readonly=True)
        with Session(engine, expire_on_commit=False) as session:
            return question(session, *args, **kwargs)

    async def run_each(
        self,
        verb: Callable[[Session, Sequence[Item]], Any],
        items: Sequence[Item],
        set_aside: Callable[[Session, Item, str], Any],
    ) -> None:
        """Let a verb act on a batch. A batch that raises is repeated one by one, and what fails alone is set aside."""
        try:
            await self.run(verb, items)
        except Exception:
            for item in items:
                await self._run_one(verb, item, set_aside)

    async def _run_one(
        self,
        verb: Callable[[Session, Sequence[Item]], Any],
        item: Item,
        set_aside: Callable[[Session, Item, str], Any],
    ) -> None:
        try:
            await self.run(verb, [item])
        except OperationalError:
            # The database has trouble (a lock, a lost connection), not the item: its turn comes again.
            raise
        except Exception as error:
            log.exception("set_aside", verb=_name(verb))
            await self.run(set_aside, item, describe(error))

    def _turn(self) -> AbstractContextManager[object]:
        # Whose turn does not come asks SQLite beside the others, which then says that it is locked.
        return self._turns.mine(_PATIENCE) if self._turns else nullcontext()

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


class Grouped(Generic[Item, T]):
    """Commits many small marks in one transaction: whoever comes while one is under way shares the next.

    Each transaction waits `linger` seconds for company.
    """

    def __init__(
        self, db: Database, verb: Callable[[Session, Sequence[Item]], Sequence[T]], *, linger: float = 0.0
    ) -> None:
        self._db = db
        self._verb = verb
        self._linger = linger
        self._waiting: list[tuple[Item, asyncio.Future[T]]] = []
        self._flush: asyncio.Task[None] | None = None

    async def do(self, item: Item) -> T:
        """The verb's answer for this item, once it is committed."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._flush is None or self._flush.done():
            self._flush = asyncio.create_task(self._run())
        return await asyncio.shield(future)

    async def _run(self) -> None:
        while self._waiting:
            if self._linger:
                await asyncio.sleep(self._linger)
            group, self._waiting = self._waiting, []
            try:
                answers = await self._db.run(self._verb, [item for item, _ in group])
                answered = list(zip(group, answers, strict=True))
            except Exception as error:
                for _, future in group:
                    future.set_exception(error)
                continue
            for (_, future), answer in answered:
                future.set_result(answer)


def insert_once(session: Session, row: SQLModel) -> bool:
    """Insert a row unless its unique key exists already; whether it was inserted. The same words on both engines."""
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgres_insert
    values = row.model_dump(exclude_none=True)
    # Values apart from the statement: it is compiled once.
    once = insert(type(row)).on_conflict_do_nothing().returning(literal(1))
    return session.connection().execute(once, values).first() is not None


def insert_all_once(
    session: Session, table: type[SQLModel], rows: Sequence[dict[str, Any]], key: Sequence[str]
) -> list[tuple[Any, ...]]:
    """As `insert_once` for many rows of the same columns at once; the keys of those that were inserted."""
    if not rows:
        return []
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgres_insert
    columns = [table.__table__.c[name] for name in key]  # type: ignore[attr-defined]
    once = insert(table).on_conflict_do_nothing().returning(*columns)
    return [tuple(row) for row in session.connection().execute(once, list(rows))]


def insert_many(session: Session, table: type[SQLModel], rows: Sequence[dict[str, Any]]) -> list[int]:
    """Insert these rows with one statement, without an object for each; their ids in the same sequence.

    What a row does not name has the default of its model.
    """
    plain = _defaults(table)
    once = core_insert(table).returning(table.__table__.c.id, sort_by_parameter_order=True)  # type: ignore[attr-defined]
    made = session.connection().execute(once, [{**plain, **row} for row in rows])
    return [int(number) for (number,) in made]


@cache
def _defaults(table: type[SQLModel]) -> dict[str, Any]:
    fields = ((name, field) for name, field in table.model_fields.items() if name != "id" and not field.is_required())
    return {name: field.get_default(call_default_factory=True) for name, field in fields}


class OnlyProcess:
    """Says that this is the only `mailer run` on an SQLite file. The system lets go of it when the process dies."""

    def __init__(self, db: Database) -> None:
        self._path = Path(f"{db.url.database}.run")
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            message = f"{self._path}: another `mailer run` works on this database; SQLite serves one, PostgreSQL many"
            raise MailerError(message) from None

    def release(self) -> None:
        """Let another process have it."""
        os.close(self._file)


def describe(error: BaseException) -> str:
    """An error in one line for a row, without the values of a database statement in it."""
    if isinstance(error, DBAPIError):
        return f"{type(error).__name__}: {type(error.orig).__name__}"
    return f"{type(error).__name__}: {error}".split("\n", 1)[0][:500]


async def forever(step: Callable[[], Awaitable[bool]], wake: asyncio.Event, stop: asyncio.Event, every: float) -> None:
    """Repeat a step until told to stop: at once while it finds work, else when woken, else every so many seconds."""
    while not stop.is_set():
        wake.clear()
        try:
            if await step():
                continue
        except Exception:
            log.exception("step_failed", step=_name(step))
        try:
            await asyncio.wait_for(wake.wait(), every)
        except TimeoutError:
            continue


def _name(function: Callable[..., Any]) -> str:
    inner = getattr(function, "func", function)
    return f"{inner.__module__}.{inner.__qualname__}"


def _open_sqlite(connection: Any, _record: Any) -> None:
    # We say BEGIN ourselves: the driver would open its transaction only at the first write (FAILURES: lost updates).
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    if not connection.get_execution_options().get("write", True):
        connection.exec_driver_sql("BEGIN")
        return
    end = monotonic() + _PATIENCE
    connection.exec_driver_sql(f"PRAGMA {_ASKING}")
    try:
        while not _began(connection, again=monotonic() < end):
            pass
    finally:
        connection.exec_driver_sql(f"PRAGMA {_BUSY}")


def _began(connection: Connection, *, again: bool) -> bool:
    """Whether this connection writes now; `again` says that another may be at it a little longer."""
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    except OperationalError as error:
        if again and _is_busy(error):
            return False
        raise
    return True


def _is_busy(error: OperationalError) -> bool:
    # The lowest byte is the kind, the others say more (SQLITE_BUSY_RECOVERY).
    return getattr(error.orig, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


# One row of waiting threads for each file, however many engines of this process are open on it.
_turns: WeakValueDictionary[str, Turns] = WeakValueDictionary()
_turns_guard = threading.Lock()


def _turns_of(file: str | None) -> Turns | None:
    if not file or file == ":memory:":
        return None
    with _turns_guard:
        return _turns.setdefault(os.path.realpath(file), Turns())
