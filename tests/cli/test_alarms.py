"""`mailer alarms`, run as a person would."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mailer.cli.alarms import alarms
from mailer.cli.session import open_database
from mailer.errors import NotFound
from mailer.model import raise_alarm
from tests.cli.shop import CONFIG
from tests.conftest import NOW


@pytest.fixture(autouse=True)
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config.toml"
    path.write_text(CONFIG, encoding="utf-8")
    monkeypatch.setenv("MAILER_CONFIG", str(path))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(alarms, arguments)


def test_an_alarm_is_shown_until_somebody_settles_it() -> None:
    with open_database() as (_, db):
        db.run_here(raise_alarm, "privacy", "12", "an agent has to act", NOW)
    assert "privacy  12  since 2026-11-22 10:00  an agent has to act" in run("list").output
    assert run("settle", "privacy", "12").output.endswith("settled\n")
    assert run("list").output == "Nothing is wrong.\n"


def test_what_is_not_open_is_told_with_where_to_look() -> None:
    refused = run("settle", "privacy", "13")
    assert isinstance(refused.exception, NotFound)
    assert "mailer alarms list" in str(refused.exception)
