"""`mailer quarantine` and `mailer conversations` on a shop's database."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import Session
from typer.testing import CliRunner

from mailer import config
from mailer.cli import app
from mailer.db import Database
from mailer.errors import Conflict
from mailer.model import RawMail, RawMailState
from tests import build

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
CONFIG = """
[shop]
name = "Linen & Co"
[senders.care]
address = "care@shop.test"
[outbound]
host = "localhost"
"""


@pytest.fixture
def db(tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    monkeypatch.setenv("MAILER_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.delenv("MAILER_FAULTS", raising=False)
    database = Database(config.load().db.url)
    shutil.copy(sqlite_template, tmp_path / "mailer.db")
    yield database
    database.close()


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def put(session: Session) -> int:
    number = build.raw_mail(session, NOW, b"Subject: odd\r\n\r\nwords")
    row = session.get_one(RawMail, number)
    row.state, row.error = RawMailState.QUARANTINED, "too many parts"
    return number


def test_a_mail_is_listed_shown_saved_once_and_tried_again(db: Database, tmp_path: Path) -> None:
    number = str(db.run_here(put))
    assert "too many parts" in run("quarantine", "list")
    assert "words" in run("quarantine", "text", number)
    file = tmp_path / "mail.eml"
    assert "21 bytes" in run("quarantine", "save", number, str(file))
    assert file.read_bytes() == b"Subject: odd\r\n\r\nwords"
    assert file.stat().st_mode & 0o077 == 0
    with pytest.raises(Conflict, match="exists already"):
        run("quarantine", "save", number, str(file))
    assert "read again" in run("quarantine", "retry", number)
    assert run("quarantine", "list") == ""
    with pytest.raises(Conflict, match="not partial"):
        run("quarantine", "fetch", number)


def test_conversations_are_joined_parted_and_put_back(db: Database) -> None:
    def two(session: Session) -> tuple[int, int, int]:
        build.agent(session, NOW)
        first = build.customer_mail(session, NOW)
        second = build.customer_mail(session, NOW, sender="bo@customer.test")
        return first.conversation_id, second.conversation_id, second.id or 0

    first, second, mail = (str(number) for number in db.run_here(two))
    assert "conversations undo 1" in run("conversations", "merge", second, "--into", first, "--as", "maria")
    assert f"--- {mail}, " in run("show", first)
    assert "conversations undo 2" in run("conversations", "split", first, "--mail", mail, "--as", "maria")
    assert f"conversation {first}" in run("conversations", "undo", "2", "--as", "maria")
    assert f"conversation {second}" in run("conversations", "undo", "1", "--as", "maria")
