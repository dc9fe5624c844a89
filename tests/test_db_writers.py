"""Many who write to one SQLite file at once: each comes to its turn, and none is told that the database is locked."""

import multiprocessing
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import Session

from mailer import db as the_door
from mailer.db import Database
from mailer.errors import Conflict

# As long as a transaction that waits for the disk.
_WRITES_FOR = 0.01
_THREADS = 6


@pytest.fixture
def file(tmp_path: Path, sqlite_template: Path) -> Path:
    return Path(shutil.copy(sqlite_template, tmp_path / "mailer.db"))


def test_of_threads_that_write_without_a_pause_none_is_overtaken_for_long(file: Path) -> None:
    # As in `mailer demo`: two engines of one process on one file.
    engines = [Database(f"sqlite:///{file}") for _ in range(2)]
    written: list[int] = []
    overtaken: list[int] = []

    def write(session: Session, asked: int) -> None:
        _newest(session)
        overtaken.append(len(written) - asked)
        time.sleep(_WRITES_FOR)
        written.append(asked)

    def work(number: int) -> None:
        for _ in range(40):
            engines[number % 2].run_here(write, len(written))

    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(work, range(_THREADS)))
    assert len(written) == _THREADS * 40
    # All others once, and who slipped in while it went to its place.
    assert max(overtaken) <= _THREADS * 2
    for one in engines:
        one.close()


def test_a_command_comes_to_its_turn_beside_a_busy_process(file: Path, busy: Event) -> None:
    command = Database(f"sqlite:///{file}")
    assert busy.wait(60), "the other process writes"
    overtaken = []
    for _ in range(5):
        asked = command.read_here(_newest)
        overtaken.append(command.run_here(_newest) - asked)
    command.close()
    # It asks every few milliseconds, so it finds a gap among some; asking ten times a second it missed hundreds.
    assert sum(overtaken) < 5 * 60, overtaken


def test_who_waits_too_long_hears_of_sqlite_that_it_is_locked(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(the_door, "_PATIENCE", 0.1)
    db = Database(f"sqlite:///{file}")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Exception, match="database is locked"):
        db.run_here(_newest)
    other.execute("ROLLBACK")
    assert db.run_here(_newest) == 0, "the connection is fit for use"
    db.close()


def test_a_verb_that_raises_lets_the_next_one_write(file: Path) -> None:
    db = Database(f"sqlite:///{file}")

    def refuse(_session: Session) -> None:
        raise Conflict("no")

    with pytest.raises(Conflict):
        db.run_here(refuse)
    assert db.run_here(_newest) == 0
    db.close()


@pytest.fixture
def busy(file: Path) -> Iterator[Event]:
    """A process of its own that writes without a pause, from the moment that it sets this."""
    context = multiprocessing.get_context("spawn")
    begun, stop = context.Event(), context.Event()
    process = context.Process(target=_write_without_a_pause, args=(str(file), begun, stop), daemon=True)
    process.start()
    yield begun
    stop.set()
    process.join(30)


def _write_without_a_pause(file: str, begun: Event, stop: Event) -> None:
    db = Database(f"sqlite:///{file}")

    def write(session: Session) -> None:
        session.connection().execute(
            text("INSERT INTO job_slot (job, slot, worker, started_at) VALUES (:n, 0, 'x', 0)"),
            {"n": str(time.monotonic_ns())},
        )
        time.sleep(_WRITES_FOR)

    def work() -> None:
        while not stop.is_set():
            db.run_here(write)
            begun.set()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    db.close()


def _newest(session: Session) -> int:
    return int(session.connection().execute(text("SELECT count(*) FROM job_slot")).scalar_one())
