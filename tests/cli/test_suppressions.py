"""`mailer suppressions`, run as a person would."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mailer.cli.session import open_database
from mailer.cli.suppressions import suppressions
from mailer.clock import SystemClock
from mailer.errors import NotFound
from mailer.model import Stream
from mailer.outbound.consent import opt_out

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


def test_a_way_out_is_taken_back_only_when_the_customer_asks() -> None:
    with open_database() as (_, db):
        db.run_here(opt_out, "ana@customer.test", Stream.FEEDBACK, wording="no more", now=SystemClock().now())
    refused = run("lift", "ana@customer.test").exception
    assert isinstance(refused, NotFound)
    assert "--they-asked" in str(refused)
    assert "(opt_out) no more" in run("list").stdout
    assert run("lift", "ana@customer.test", "--they-asked").stdout == "1 lifted\n"


def test_a_stream_that_does_not_exist_is_refused() -> None:
    assert run("add", "ana@customer.test", "--stream", "letters").exit_code == 2
