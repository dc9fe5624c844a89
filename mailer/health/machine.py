"""What the machine itself says: room on the disk, the size of the database, the clocks."""

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import text
from sqlmodel import Session

from mailer.db import Database


@dataclass(frozen=True)
class Machine:
    """Sizes in bytes. `ahead` is how many seconds our clock is ahead of the database server's; None on SQLite."""

    disk_free: int
    disk_total: int
    database: int
    ahead: float | None = None


def measure(db: Database, *, now: datetime) -> Machine:
    """Look at disk, database and clocks; not within a transaction, since a disk may be slow."""
    if db.is_sqlite and db.url.database:
        place = Path(db.url.database)
        files = [place, Path(f"{place}-wal")]
        size = sum(file.stat().st_size for file in files if file.exists())
        usage = shutil.disk_usage(place.parent)
        return Machine(usage.free, usage.total, size)
    usage = shutil.disk_usage(Path.cwd())
    size, ahead = db.read_here(_server, now=now)
    return Machine(usage.free, usage.total, size, ahead)


def _server(session: Session, *, now: datetime) -> tuple[int, float]:
    words = "SELECT pg_database_size(current_database()), clock_timestamp()"
    size, there = session.connection().execute(text(words)).one()
    return int(size), (now - there).total_seconds()
