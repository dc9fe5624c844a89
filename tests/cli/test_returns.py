"""`mailer returns`, run as a person would."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session
from typer.testing import CliRunner, Result

from mailer.cli.returns import returns
from mailer.db import Database
from mailer.errors import Conflict, NotFound
from mailer.feedback.returns import Asked, Item, request, terms_of
from mailer.model import Order, ReturnRequest, Role
from mailer.rendering.shop_facts import read_shop
from mailer.web import auth
from tests.feedback.build import bought

CONFIG = """
[shop]
name = "Linen & Co"
[shop.returns."*"]
days = 30
address = "Linen & Co, Hafenstr. 1, 20457 Hamburg"
[senders.care]
address = "care@shop.test"
[outbound]
host = "127.0.0.1"
[db]
url = "sqlite:///mailer.db"
"""
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


@pytest.fixture
def shop(tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    path = tmp_path / "config.toml"
    path.write_text(CONFIG, encoding="utf-8")
    monkeypatch.setenv("MAILER_CONFIG", str(path))
    db = Database(f"sqlite:///{tmp_path}/mailer.db")
    shutil.copy(sqlite_template, tmp_path / "mailer.db")
    db.run_here(auth.add_agent, "ana", Role.AGENT, NOW)
    db.run_here(_asked)
    yield db
    db.close()


def _asked(session: Session) -> None:
    sold = bought(session, NOW, delivered=timedelta(days=1))
    order = session.get_one(Order, sold.order)
    terms = terms_of(session, read_shop(session, "en", now=NOW), order, "0")
    request(session, order, Asked([Item(sold.lines[0], 2, "too_small")], "exchange"), terms, now=NOW)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(returns, arguments)


def test_a_return_from_the_list_to_its_end(shop: Database) -> None:
    listed = run("list").stdout
    assert "1  requested  #1001  2026-11-22  exchange: 2 x Linen shirt (too_small)" in listed
    assert (
        run("agree", "1", "--as", "ana").stdout == "agreed; it comes back to: Linen & Co, Hafenstr. 1, 20457 Hamburg\n"
    )
    assert run("received", "1", "--as", "ana").stdout == "received\n"
    assert run("settle", "1", "--as", "ana").stdout == "settled\n"
    assert run("list").stdout == "no return is open\n"
    assert "1  settled  #1001" in run("list", "--all").stdout
    found = shop.read_here(lambda session: session.get_one(ReturnRequest, 1))
    assert (found.decided_by, found.label_url) == ("ana", "")


def test_a_label_and_what_may_be_kept(shop: Database) -> None:
    assert run("agree", "1", "--as", "ana", "--keep").stdout == "agreed; the customer keeps it\n"
    assert isinstance(run("received", "1", "--as", "ana").exception, Conflict)


def test_a_refusal_says_why(shop: Database) -> None:
    assert run("refuse", "1", "--as", "ana").exit_code == 2
    assert run("refuse", "1", "--as", "ana", "--reason", "worn").stdout == "refused\n"
    assert "(worn)" in run("list", "--all").stdout


@pytest.mark.parametrize("step", [("agree", "9"), ("received", "9"), ("settle", "9")])
def test_a_return_that_does_not_exist(shop: Database, step: tuple[str, str]) -> None:
    assert isinstance(run(*step, "--as", "ana").exception, NotFound)


def test_only_agents_decide(shop: Database) -> None:
    assert isinstance(run("agree", "1", "--as", "nobody").exception, NotFound)
