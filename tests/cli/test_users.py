"""`mailer users` and `mailer tokens`, run as commands on a database of their own."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest
import typer
from typer.testing import CliRunner, Result

from mailer.cli.users import RoleWord, ScopeWord, tokens, users
from mailer.db import Database
from mailer.errors import Conflict, NotFound
from mailer.model import Role
from mailer.web import auth
from mailer.web import tokens as verbs
from mailer.web.tokens import Scope

CONFIG = """
[shop]
name = "Linen & Co"
[senders.care]
address = "care@shop.test"
[outbound]
host = "127.0.0.1"
[web]
console_url = "https://mail.shop.test"
"""


@pytest.fixture(autouse=True)
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config.toml"
    path.write_text(CONFIG, encoding="utf-8")
    monkeypatch.setenv("MAILER_CONFIG", str(path))


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[Database]:
    db = Database(f"sqlite:///{tmp_path / 'mailer.db'}")
    yield db
    db.close()


def run(app: typer.Typer, *arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def token_of(result: Result) -> str:
    found = re.fullmatch(r"https://mail\.shop\.test/welcome/(\S+)\n", result.stdout)
    assert found is not None, result.output
    return found[1]


def test_a_new_person_gets_a_link_that_opens_the_console(stored: Database) -> None:
    result = run(users, "add", "ana", "--role", "admin")
    assert result.exit_code == 0
    invited = stored.read_here(auth.welcome, token_of(result), now=datetime.now(UTC))
    assert invited == auth.Welcome("ana", passwordless=False)
    assert "works once" in result.stderr
    assert "ana  admin" in run(users, "list").stdout
    assert "has no password yet" in run(users, "list").stdout


def test_a_new_link_ends_the_old_one(stored: Database) -> None:
    old, new = (token_of(run(users, *words)) for words in (("add", "ana"), ("link", "ana")))
    assert stored.read_here(auth.welcome, new, now=datetime.now(UTC)).name == "ana"
    with pytest.raises(NotFound):
        stored.read_here(auth.welcome, old, now=datetime.now(UTC))


def test_mistakes_are_told_as_errors_for_people() -> None:
    run(users, "add", "ana")
    assert isinstance(run(users, "add", "ana").exception, Conflict)
    assert isinstance(run(users, "link", "ben").exception, NotFound)
    assert run(users, "add", "ben", "--role", "king").exit_code == 2
    assert isinstance(run(tokens, "revoke", "none").exception, NotFound)
    assert run(tokens, "add", "shop", "--scope", "everything").exit_code == 2


def test_a_token_is_shown_once_and_can_be_revoked(stored: Database) -> None:
    token = run(tokens, "add", "web-shop", "--scope", "orders").stdout.strip()
    assert stored.read_here(verbs.allows, f"Bearer {token}", Scope.ORDERS, now=datetime.now(UTC))
    listed = run(tokens, "list").stdout
    assert "web-shop  orders" in listed
    assert token not in listed
    assert run(tokens, "revoke", "web-shop").exit_code == 0
    assert not stored.read_here(verbs.allows, f"Bearer {token}", Scope.ORDERS, now=datetime.now(UTC))
    assert "revoked" in run(tokens, "list").stdout


@pytest.mark.parametrize(("app", "name"), [(users, "users"), (tokens, "tokens")])
def test_every_command_has_help_with_an_example(app: typer.Typer, name: str) -> None:
    for command in app.registered_commands:
        shown = run(app, command.name or "", "--help").stdout
        assert f"mailer {name} {command.name}" in shown


def test_the_words_are_those_of_roles_and_scopes() -> None:
    assert set(get_args(RoleWord)) == set(Role)
    assert set(get_args(ScopeWord)) == set(Scope)
