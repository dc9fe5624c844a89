"""Editions of flows by commands: a file brought in, its history, out again as a file."""

from pathlib import Path

import pytest

from mailer.cli.session import open_database
from mailer.errors import InputError, NotFound
from mailer.flows.files import in_service
from mailer.flows.revisions import editions
from mailer.model import RevisionState
from tests.cli.test_flows import CONFIG, folder, run

__all__ = ["folder"]

NAME = "shipping_notice"


@pytest.fixture
def shop(folder: Path) -> Path:
    (folder / "config.toml").write_text(CONFIG, encoding="utf-8")
    return folder


def other(shop: Path) -> Path:
    """The same flow with another name, in a file elsewhere."""
    file = shop / "other.toml"
    lines = (shop / "schedules" / "flows" / f"{NAME}.toml").read_text(encoding="utf-8").splitlines()
    told = ['name = "Ours"' if line.startswith("name = ") else line for line in lines]
    file.write_text("\n".join(told) + "\n", encoding="utf-8")
    return file


def served(shop: Path) -> str:
    with open_database() as (settings, db):
        return db.read_here(in_service, settings.flows.directory)[NAME].name


def test_a_file_is_brought_in_and_serves_over_the_flows_own(shop: Path) -> None:
    assert run("history", NAME).stdout.endswith(f"{NAME}.toml serves.\n")
    told = run("import", NAME, "--file", str(other(shop)), "--as", "maria").stdout
    assert told.startswith(f"Edition 1 of {NAME} serves within seconds (")
    assert served(shop) == "Ours"
    assert "maria" in run("history", NAME).stdout
    assert "serves now  from other.toml" in run("history", NAME).stdout
    assert run("import", NAME, "--as", "mia").stdout.startswith("Edition 2 of")
    newest, before = run("history", NAME).stdout.splitlines()
    assert "mia" in newest
    assert "until 20" in before
    assert served(shop) != "Ours"


def test_a_file_with_a_mistake_is_told_and_nothing_changes(shop: Path) -> None:
    file = other(shop)
    file.write_text(file.read_text().replace('status = "draft"', 'status = "life"'))
    refused = run("import", NAME, "--file", str(file))
    assert isinstance(refused.exception, InputError)
    assert "did you mean live?" in str(refused.exception)
    file.write_bytes(b"\xff\xfe")
    assert "it cannot be read" in str(run("import", NAME, "--file", str(file)).exception)
    assert served(shop) != "Ours"


def test_what_was_published_is_written_out_and_is_no_difference_then(shop: Path) -> None:
    assert isinstance(run("export", NAME).exception, NotFound)
    file = other(shop)
    run("import", NAME, "--file", str(file))
    own = shop / "schedules" / "flows" / f"{NAME}.toml"
    before = own.read_text(encoding="utf-8")
    assert str(shop / "out" / f"{NAME}.toml") in run("export", "--to", str(shop / "out")).stdout
    assert (shop / "out" / f"{NAME}.toml").read_text() == file.read_text()
    assert own.read_text(encoding="utf-8") == before
    assert run("export", NAME).exit_code == 0
    assert own.read_text(encoding="utf-8") == file.read_text(encoding="utf-8")
    with open_database() as (settings, db):
        known = db.read_here(editions, settings.flows.directory, NAME)
    assert known.published is not None
    assert known.published.state is RevisionState.PUBLISHED
    assert not known.both_changed


def test_an_unknown_flow_is_said(shop: Path) -> None:
    assert isinstance(run("history", "nothing_like_it").exception, NotFound)
