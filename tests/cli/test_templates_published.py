"""The texts in the database by commands: files in, published, rolled back, out again as files."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mailer.cli.session import open_database
from mailer.cli.templates_published import templates
from mailer.errors import Conflict, InputError, NotFound
from mailer.model import Role
from tests import build
from tests.cli.test_templates import shop

__all__ = ["shop"]

NAME = "replies/order_status.en.md"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(templates, arguments, catch_exceptions=True)


@pytest.fixture
def mine(shop: Path) -> Path:
    """A folder with one text of one's own, and a marketer."""
    with open_database() as (_, db):
        now = datetime(2026, 11, 22, tzinfo=UTC)
        db.run_here(build.agent, now, "mia", Role.MARKETER)
        db.run_here(build.agent, now, "ana", Role.AGENT)
    file = shop / "mine" / NAME
    file.parent.mkdir(parents=True)
    file.write_text((shop / "templates" / NAME).read_text() + "Ours.\n")
    return shop / "mine"


def test_files_are_published_rolled_back_and_written_out(mine: Path) -> None:
    shipped = mine.parent / "templates" / NAME
    before = shipped.read_text()
    assert "1 drafts; 0 files" in run("import", str(mine), "--agent", "mia").stdout
    assert f"{NAME}: number 1 is in service." in run("publish", NAME, "--agent", "mia").stdout
    assert "number 1" in run("history", NAME).stdout
    assert run("import", str(mine), "--agent", "mia").stdout.startswith("0 drafts; 1 files")
    assert "its file is in service" in run("rollback", NAME, "--agent", "mia").stdout
    assert "number 2 is in service" in run("rollback", NAME, "--to", "1", "--agent", "mia").stdout
    assert "1 texts written; 0 of them" in run("export", "--to", str(mine.parent / "out")).stdout
    assert (mine.parent / "out" / NAME).read_text() == f"{before}Ours.\n"
    assert "1 texts written; 1 of them are in service as files now." in run("export").stdout
    assert shipped.read_text() == f"{before}Ours.\n"
    assert "In service: its file." in run("history", NAME).stdout
    assert "its file reads the same" in run("history", NAME).stdout


def test_what_serves_is_checked_and_shown_and_said_to_be_published(mine: Path) -> None:
    assert "of all these as published" not in run("check").stdout
    shown = run("preview", "order_status")
    assert "Ours." not in shown.stdout
    assert "Published in the console" not in shown.stderr
    run("import", str(mine), "--agent", "mia", "--publish")
    shown = run("preview", "order_status")
    assert "Ours." in shown.stdout
    assert f"Published in the console, and read instead of the file: {NAME}" in shown.stderr
    assert run("check").stdout.rstrip().endswith("read well, 1 of all these as published over their files.")
    of_file = run("preview", "order_status", "--files")
    assert "Ours." not in of_file.stdout
    assert "Published in the console" not in of_file.stderr
    assert "as published" not in run("check", "--files").stdout
    assert "as published" not in run("check", "--templates", str(mine.parent / "templates")).stdout


def test_a_mistake_in_a_file_that_does_not_serve_is_a_mistake_of_the_files_alone(mine: Path) -> None:
    run("import", str(mine), "--agent", "mia", "--publish")
    file = mine.parent / "templates" / NAME
    file.write_text(file.read_text() + "{{ order.nonsense }}\n")
    assert run("check").exit_code == 0
    assert run("check", "--files").exit_code == 1


def test_one_file_is_published_at_once_and_a_mistake_refused(mine: Path) -> None:
    file = mine / NAME
    assert "number 1 is in service" in run("import", str(file), "--agent", "mia", "--publish").stdout
    file.write_text(file.read_text() + "{{ order.nubmer }}\n")
    refused = run("import", str(file), "--agent", "mia", "--publish")
    assert isinstance(refused.exception, InputError)
    assert "did you mean order.number" in str(refused.exception)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("publish", NAME, "--agent", "mia"), Conflict),
        (("publish", NAME, "--agent", "ana"), Conflict),
        (("publish", NAME, "--agent", "bo"), NotFound),
        (("rollback", NAME, "--to", "9", "--agent", "mia"), NotFound),
        (("history", "config.toml"), InputError),
    ],
)
def test_what_cannot_be_done_says_so(mine: Path, arguments: tuple[str, ...], error: type[Exception]) -> None:
    assert isinstance(run(*arguments).exception, error)
