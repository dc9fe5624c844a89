"""Bring a database to the schema of this package."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from mailer.db import Database
from mailer.errors import MailerError

HEAD = "0016"

# Tables of the engines' own kinds, which no model describes: what `mailer.insight.engine` keeps its terms in.
_OF_ENGINES = "search_terms"

# Any number that nobody else uses; PostgreSQL lets one transaction at a time hold it.
_ADVISORY_LOCK = 0x4D61696C


def revision(db: Database) -> str | None:
    """The schema's revision; None for an empty database."""
    with db.engine.execution_options(write=False).connect() as connection:
        return _revision(connection)


def readable(url: str) -> Database | None:
    """A database as it is; None when there is none yet. Raises MailerError when it has another schema."""
    db = Database(url)
    if db.is_sqlite and not Path(db.url.database or "").is_file():
        return None
    found = revision(db)
    if found not in (None, HEAD):
        db.close()
        raise MailerError(
            f"the database has schema {found}, this Mailer has {HEAD}; let `mailer run` bring it up first"
        )
    return db if found else None


def upgrade(db: Database) -> bool:
    """Migrate if needed; True when something was done. Raises MailerError for a schema newer than this package."""
    if revision(db) == HEAD:
        return False
    with db.engine.begin() as connection:
        # On SQLite BEGIN IMMEDIATE is the lock.
        if not db.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        found = _revision(connection)
        if found == HEAD:
            return False
        if found is not None and found > HEAD:
            problem = f"the database has schema {found}, this Mailer knows up to {HEAD}; install the newer Mailer"
            raise MailerError(problem)
        _migrate(connection)
    return True


def of_models(_thing: object, name: str | None, kind: str, _reflected: bool, _model: object) -> bool:
    """Whether alembic compares this with the models."""
    return kind != "table" or not (name or "").startswith(_OF_ENGINES)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def _migrate(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415  # heavy, and needed once per schema
    from alembic.config import Config  # noqa: PLC0415

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent))
    command.upgrade(config, "head")
