"""Logs tell what happened, and never whose address it happened to."""

import json
from time import process_time

import pytest
import structlog

from mailer import logs

ADDRESS = "ana.costa+shop@customer.test"


@pytest.fixture(autouse=True)
def _as_before() -> object:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_address_in_a_servers_words_is_hidden(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", form)
    structlog.get_logger().warning("delivery_failed", delivery=7, words=f"550 <{ADDRESS}>: no such user")
    written = capsys.readouterr().err
    assert "delivery_failed" in written
    assert "no such user" in written
    assert "ana.costa" not in written
    assert "customer.test" not in written


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_address_in_a_traceback_is_hidden(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", form)
    try:
        raise ValueError(f"cannot write to {ADDRESS}")
    except ValueError:
        structlog.get_logger().exception("step_failed")
    written = capsys.readouterr().err
    assert "ValueError" in written
    assert "customer.test" not in written


def test_json_is_one_object_a_line_with_event_level_and_utc_time(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "json")
    structlog.get_logger().info("mail_stored", new=3)
    (line,) = capsys.readouterr().err.splitlines()
    entry = json.loads(line)
    assert (entry["event"], entry["level"], entry["new"]) == ("mail_stored", "info", 3)
    assert entry["timestamp"].endswith("Z")


def test_what_is_below_the_level_is_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("warning", "text")
    structlog.get_logger().info("mail_stored")
    structlog.get_logger().warning("mailbox_trouble")
    written = capsys.readouterr().err
    assert "mail_stored" not in written
    assert "mailbox_trouble" in written


@pytest.mark.parametrize("words", ["a" * 100_000, "@" * 100_000, "a@" * 50_000, "a.b" * 33_000 + "@"])
def test_hiding_takes_no_long_time(words: str) -> None:
    start = process_time()
    logs.hide_addresses(None, "info", {"event": "x", "words": words})
    assert process_time() - start < 2
