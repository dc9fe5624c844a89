"""What most commands begin with: the settings and a migrated database, closed again at the end."""

from collections.abc import Iterator
from contextlib import contextmanager

from mailer.config import Settings, load
from mailer.db import Database
from mailer.migrations import upgrade


@contextmanager
def open_database() -> Iterator[tuple[Settings, Database]]:
    """The shop's settings and its database."""
    settings = load()
    db = Database(settings.db.url)
    try:
        upgrade(db)
        yield settings, db
    finally:
        db.close()
