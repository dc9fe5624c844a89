"""`mailer suppressions`, run as a person would."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mailer.cli.suppressions import suppressions
from mailer.errors import NotFound

CONFIG = """
[shop]
name = "Linen & Co"
[senders.care]
address = "care@shop.test"
[outbound]
host = "127.0.0.1"
"""


@pytest.fixture(autouse=True)
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config.toml"
    path.write_text(CONFIG, encoding="utf-8")
    monkeypatch.setenv("MAILER_CONFIG", str(path))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(suppressions, arguments)


def test_what_is_added_is_listed_until_it_is_lifted() -> None:
    assert run("add", "Ana@customer.test", "--stream", "marketing", "--why", "asked by phone").stdout == "suppressed\n"
    assert run("add", "ana@customer.test", "--stream", "marketing").stdout == "it was suppressed already\n"
    listed = run("list").stdout
    assert "ana@customer.test  marketing  since 20" in listed
    assert "(person) asked by phone" in listed
    assert run("lift", "ana@customer.test").stdout == "1 lifted\n"
    assert run("list").stdout == ""


def test_lifting_what_is_not_suppressed_says_so() -> None:
    assert isinstance(run("lift", "ana@customer.test").exception, NotFound)


def test_a_stream_that_does_not_exist_is_refused() -> None:
    assert run("add", "ana@customer.test", "--stream", "letters").exit_code == 2
