"""`mailer triage`, for people and for programs: no configuration, no database, never an exception."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.build import mail_bytes

MAILER = [sys.executable, "-m", "mailer", "triage"]
KEYS = {"id", "error", "intent", "confidence", "level", "top", "intents", "lang", "order_number", "tracking_number"} | {
    "urgency", "sentiment", "evidence", "entities", "ms",
}  # fmt: skip
ORDER = {
    "name": "#1001",
    "email": "ana@customer.test",
    "created_at": "2026-01-02T09:00:00Z",
    "line_items": [{"title": "Linen shirt"}],
    "fulfillments": [{"id": "1", "status": "success", "created_at": "2026-01-03T09:00:00Z"}],
}


def run(tmp_path: Path, *arguments: str, text: str = "") -> str:
    """Run it where there is no config.toml."""
    done = subprocess.run(
        [*MAILER, *arguments], input=text, capture_output=True, text=True, cwd=tmp_path, check=False,
        timeout=60, env={**os.environ, "MAILER_CONFIG": str(tmp_path / "none.toml")},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def batch(tmp_path: Path, *cases: object) -> list[dict[str, Any]]:
    lines = [case if isinstance(case, str) else json.dumps(case) for case in cases]
    return [json.loads(line) for line in run(tmp_path, "--batch", text="\n".join([*lines, ""])).splitlines()]


def test_each_mail_is_answered_with_all_that_is_known_of_it(tmp_path: Path) -> None:
    mail = {"id": "one", "subject": "", "body": "Bitte stornieren Sie meine Bestellung Nr. 1001!"}
    (found,) = batch(tmp_path, mail)
    assert found.keys() == KEYS
    assert (found["intent"], found["lang"], found["order_number"]) == ("cancel_order", "de", "1001")
    assert found["intents"] == ["cancel_order"]
    assert len(found["top"]) == 3
    assert found["evidence"]
    assert found["urgency"] == "high"


def test_an_order_that_cannot_be_read_is_told_and_the_mail_is_judged(tmp_path: Path) -> None:
    mail = {"subject": "", "body": "Where is my order?"}
    (half, several) = batch(tmp_path, {"id": 1, **mail, "order": {"name": "#1"}}, {"id": 2, **mail, "order": [{}]})
    assert "email: missing" in half["error"]
    assert several["error"] == "order: one order, not a list"
    assert half["intent"] == several["intent"] == "order_status"


def test_the_order_counts(tmp_path: Path) -> None:
    mail = {"subject": "", "body": "Where is my order? It was 1001."}
    bare, late, new = batch(
        tmp_path,
        {"id": 1, **mail},
        {"id": 2, **mail, "order": ORDER},
        {"id": 3, **mail, "order": {**ORDER, "fulfillments": []}},
    )
    assert (bare["intent"], bare["order_number"]) == ("order_status", None)
    assert (late["intent"], late["order_number"]) == ("delivery_delay", "1001")
    assert new["intent"] == "delivery_delay"


@pytest.mark.parametrize(
    "line",
    ["nonsense", "[]", "3", '{"id": 1, "body": null}', '{"id": 1}', '{"id": 1, "body": [], "order": "?"}', "[" * 5000],
)
def test_what_cannot_be_read_is_answered_too(tmp_path: Path, line: str) -> None:
    bad, good = batch(tmp_path, line, {"id": "good", "body": "Where is my order?"})
    assert bad["error"] or bad["intent"] == "other"
    assert good["intent"] == "order_status"


def test_a_mail_as_a_file_is_shown_to_people(tmp_path: Path) -> None:
    (tmp_path / "letter.eml").write_bytes(mail_bytes("Where is my order 1001?", Subject="Hello"))
    (tmp_path / "letter.txt").write_text("Où est mon colis ?", encoding="utf-8")
    shown = run(tmp_path, "letter.eml")
    assert "Language    en" in shown
    assert "order_status" in shown
    assert "where is my order" in shown
    assert "Order       1001" in shown
    assert "Language    fr" in run(tmp_path, "letter.txt")
