"""`mailer orders replay` and `mailer orders deliveries`, run as commands on a database of their own."""

import asyncio
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mailer.cli.orders import orders
from mailer.clock import FrozenClock
from mailer.db import Database
from mailer.orders.hook import Hooked
from mailer.orders.hooks import Delivered, Turned, refuse, store, take_payloads
from mailer.orders.sources import HOOKS
from mailer.signing import digest
from mailer.sources_config import SourceBook
from tests.cli.test_orders import CONFIG
from tests.orders.payloads import an_order

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def db(tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    path = tmp_path / "config.toml"
    path.write_text(CONFIG + '[sources.shop]\nkind = "shopify"\nsecrets = ["s3cret"]\n', encoding="utf-8")
    monkeypatch.setenv("MAILER_CONFIG", str(path))
    database = Database(f"sqlite:///{tmp_path / 'mailer.db'}")
    shutil.copy(sqlite_template, tmp_path / "mailer.db")
    return database


def run(*arguments: str) -> Result:
    return CliRunner().invoke(orders, arguments)


def keep(db: Database, *bodies: bytes, topic: str = "orders/create") -> None:
    for body in bodies:
        hooked = Hooked("shop", {"x-shopify-topic": topic}, body)
        key = HOOKS["shopify"].key(hooked)
        db.run_here(store, [Delivered(hooked, "shopify", topic, key, digest(body), hooked.headers, NOW)])


def test_kept_payloads_are_read_again(db: Database) -> None:
    keep(db, json.dumps(an_order()).encode(), b"{")
    first = run("replay")
    assert (first.exit_code, first.stdout) == (0, "0 payloads read again; all together: 2 stored\n")


def test_only_what_could_not_be_read_is_read_again_when_asked(db: Database) -> None:
    keep(db, json.dumps(an_order()).encode(), b"{", json.dumps({"id": 1, "order_id": 77}).encode())
    run("replay")
    asyncio.run(take_payloads(db, FrozenClock(NOW), SourceBook()))
    assert run("replay", "--unreadable").stdout == "2 payloads read again; all together: 1 taken, 2 unreadable\n"
    assert run("replay", "--since", "2026-11-23").stdout.startswith("0 payloads")
    assert run("replay", "--source", "shop").stdout == "3 payloads read again; all together: 1 taken, 2 unreadable\n"
    told = run("deliveries", "--source", "shop").stdout
    assert "shop: 1 taken, 2 unreadable" in told
    assert "body: not valid JSON" in told


def test_what_was_turned_away_is_shown_with_its_reason(db: Database) -> None:
    db.run_here(refuse, [Turned("shop", "wrong signature", NOW), Turned("", "there is no such source", NOW)])
    told = run("deliveries").stdout
    assert "turned away  2026-11-22 10:00  shop: wrong signature (1 since 2026-11-22)" in told
    assert "no source of ours: there is no such source" in told


def test_nothing_came_in_yet() -> None:
    assert run("deliveries").stdout == "nothing came in yet\n"
