"""The schema that migrations make is the one that the code speaks of."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, Table, create_engine, text
from sqlmodel import select

from mailer import migrations
from mailer.db import Database
from mailer.errors import MailerError
from mailer.migrations import HEAD, revision, upgrade
from mailer.migrations.upgrade import of_models
from mailer.model import Order, Row, Shipment

COMPARED = {"compare_type": False, "include_object": of_models}
AT = "2026-10-01 10:00:00+00:00"
# An order with a parcel, as the schema 0004 knew them.
AS_THEY_WERE = (
    "INSERT INTO shop_order (id, storefront, source, external_id, number, number_key, email, customer_name, placed_at,"
    " changed_at, recorded_at, raw) VALUES (1, 'main', 'api', '1', '#1001', '1001', 'ana@customer.test', 'Ana',"
    f" '{AT}', '{AT}', '{AT}', '{{}}')",
    "INSERT INTO shipment (id, order_id, external_id, carrier, tracking_number, tracking_url, state, state_at, raw)"
    f" VALUES (1, 1, '88', 'DHL', 'JD014', '', 'delivered', '{AT}', '{{}}')",
    "INSERT INTO event (id, kind, subject_kind, subject_id, key, occurred_at, recorded_at, data)"
    f" VALUES (1, 'order.placed', 'order', 1, 'order.placed:main:1001', '{AT}', '{AT}', '{{}}')",
)


@pytest.fixture(params=["sqlite", "postgres"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database of the release before, in use."""
    url = f"sqlite:///{tmp_path}/old.db"
    if request.param == "postgres":
        of_all: str = request.getfixturevalue("postgres_url")
        name = f"old_{os.getpid()}"
        server = create_engine(of_all, isolation_level="AUTOCOMMIT")
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            connection.execute(text(f"CREATE DATABASE {name}"))
        server.dispose()
        url = of_all.replace("/postgres?", f"/{name}?")
    db = Database(url)
    with db.engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        command.upgrade(config, "0004")
        for statement in AS_THEY_WERE:
            connection.execute(text(statement))
    yield db
    db.close()


def test_a_database_in_use_is_upgraded_with_what_is_in_it(old: Database) -> None:
    assert upgrade(old)
    with old.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=COMPARED)
        assert compare_metadata(context, Row.metadata) == []
    order = old.read_here(lambda session: session.exec(select(Order)).one())
    assert (order.number, order.marketplace, order.province) == ("#1001", False, "")
    parcel = old.read_here(lambda session: session.exec(select(Shipment)).one())
    assert parcel.delivered_at == parcel.heard_at == datetime(2026, 10, 1, 10, tzinfo=UTC)


def test_what_is_indexed_stays_and_notes_are_indexed_too(old: Database) -> None:
    with old.engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        command.upgrade(config, "0014")
        put(connection, "agent", name="bo")
        put(connection, "customer")
        put(connection, "conversation", customer_id=1)
        put(connection, "blob")
        put(connection, "message", conversation_id=1)
        put(connection, "note", conversation_id=1, agent_id=1, text="ring the weaver")
        put(connection, "search_entry", message_id=1)
    assert upgrade(old)
    with old.engine.begin() as connection:
        asked = connection.execute(text("SELECT message_id, note_id FROM search_todo ORDER BY id")).all()
        assert [tuple(one) for one in asked] == [(1, None), (None, 1)]
        assert connection.execute(text("SELECT message_id, note_id FROM search_entry")).all() == [(1, None)]
        # Whatever changes one asks for it from now on.
        connection.execute(text("UPDATE message SET subject = 'other'"))
        connection.execute(text("UPDATE note SET text = 'ring the tailor'"))
        again = connection.execute(text("SELECT message_id, note_id FROM search_todo ORDER BY id")).all()
        assert again[2:] == [(1, None), (None, 1)]


def put(connection: Connection, of: str, /, **facts: object) -> None:
    """A row of a table as it is now: what it must hold, and these facts."""
    table = Table(of, MetaData(), autoload_with=connection)
    plain: dict[type, object] = {int: 1, str: "x", bytes: b"", bool: False, datetime: datetime(2026, 10, 1, tzinfo=UTC)}
    needed = [one for one in table.columns if one.name == "id" or not (one.nullable or one.server_default)]
    values = {one.name: plain.get(one.type.python_type, {}) for one in needed}
    connection.execute(table.insert().values({**values, **facts}))


def test_migrated_schema_equals_the_models(db: Database) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=COMPARED)
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
