"""`mailer due list` and `mailer due explain` on a shop of their own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mailer.cli import app
from mailer.db import Database
from mailer.errors import NotFound
from mailer.signing import write_key_file
from tests import build
from tests.cli.shop import CONFIG, fill


@pytest.fixture
def case(tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[build.Asked]:
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    write_key_file(tmp_path / "mailer.key")
    monkeypatch.setenv("MAILER_CONFIG", str(tmp_path / "config.toml"))
    db = Database(f"sqlite:///{tmp_path / 'mailer.db'}")
    shutil.copy(sqlite_template, tmp_path / "mailer.db")
    yield fill(db)
    db.close()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_the_deadline_with_least_time_left_comes_first(case: build.Asked) -> None:
    lines = run("due", "list").stdout.splitlines()
    assert [line.split()[0] for line in lines[:2]] == ["1", "2"]
    assert "first_answer" in lines[0]
    assert "Mon 2026-11-23 10:00 UTC" in lines[0]
    assert len(run("due", "list", "--limit", "1").stdout.splitlines()) == 1


def test_a_deadline_is_explained_interval_by_interval(case: build.Asked) -> None:
    result = run("due", "explain", str(case.conversation))
    assert result.exit_code == 0
    assert result.stdout.splitlines()[:2] == [
        'first_answer: 1 d of open time on "always", in UTC',
        "  Sun 2026-11-22 10:00  to  Mon 2026-11-23 10:00           1 d           1 d",
    ]
    assert "settled: 2 d of open time" in result.stdout
    assert isinstance(run("due", "explain", "4711").exception, NotFound)
