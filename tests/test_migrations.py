"""The schema that migrations make is the one that the code speaks of."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from mailer.db import Database
from mailer.errors import MailerError
from mailer.migrations import HEAD, revision, upgrade
from mailer.model import Row


def test_migrated_schema_equals_the_models(db: Database) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, Row.metadata) == []


def test_upgrade_does_nothing_the_second_time(db: Database) -> None:
    assert revision(db) == HEAD
    assert upgrade(db) is False


def test_of_many_workers_one_migrates_and_the_others_wait(tmp_path: Path) -> None:
    databases = [Database(f"sqlite:///{tmp_path}/mailer.db") for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(upgrade, databases))
    assert done.count(True) == 1
    assert revision(databases[0]) == HEAD


def test_a_schema_from_the_future_is_refused(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path}/mailer.db")
    upgrade(db)
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(MailerError, match="install the newer Mailer"):
        upgrade(db)
