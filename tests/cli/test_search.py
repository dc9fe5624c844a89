"""`mailer search`, run as a person would."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mailer.cli.search import search
from mailer.db import Database
from mailer.errors import InputError
from tests.insight.build import letter, noted

CONFIG = """
[shop]
name = "Linen & Co"
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
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    monkeypatch.setenv("MAILER_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.chdir(tmp_path)
    db = Database("sqlite:///mailer.db")
    shutil.copy(sqlite_template, tmp_path / "mailer.db")
    db.run_here(letter, NOW, "The linen shirt is torn, 退款")
    yield db
    db.close()


def said(*arguments: str) -> Result:
    result = CliRunner().invoke(search, list(arguments))
    assert result.exit_code == 0, result.output
    return result


def test_mails_are_found_after_the_index_was_built(shop: Database) -> None:
    assert "2 mails or notes are not indexed yet" in said("linen").output
    assert "1 mails and notes are indexed." in said("reindex").output
    found = said("linen -nowhere").output
    assert "1 mails" in found
    assert "The linen shirt is torn" in found
    assert "Anabel Costa" in found
    assert said("find", "linen -nowhere").output == found
    assert "soon: no such date, left out" in said("before:soon linen").output


def test_notes_are_told_as_notes(shop: Database) -> None:
    shop.run_here(noted, NOW, "ring the weaver")
    said("reindex")
    found = said("weaver").output
    assert "0 mails, 1 notes" in found
    assert "note of maria" in found
    hit = json.loads(said("weaver", "--json").output)["hits"][0]
    assert (hit["message"], hit["note"], hit["author"]) == (None, 1, "maria")


@pytest.mark.parametrize("words", ["", " ", "!!!"])
def test_without_words_it_asks_for_some(shop: Database, words: str) -> None:
    result = CliRunner().invoke(search, [words])
    assert isinstance(result.exception, InputError)
    assert "name a word" in str(result.exception)


def test_the_answer_is_json_too(shop: Database) -> None:
    said("reindex")
    found = json.loads(said("退款", "--json").output)
    assert (found["count"], found["more"]) == (1, False)
    assert found["hits"][0]["words"] == "The linen shirt is torn, 退款"
    assert json.loads(said("--json", "ana@customer.test").output)["exact"][0]["kind"] == "customer"
