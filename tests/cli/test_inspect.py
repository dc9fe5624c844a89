"""`mailer inspect`, for people and for programs: no configuration, no database, never an exception."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.build import mail_bytes
from tests.inbound.test_parse import WHOLE

MAILER = [sys.executable, "-m", "mailer", "inspect"]
KEYS = {
    *(
        "id",
        "error",
        "kind",
        "message_id",
        "from",
        "to",
        "cc",
        "reply_to",
        "subject",
        "date",
        "text",
        "html",
        "new_text",
    ),
    *("signature", "quoted", "attachments", "bounces", "auto_reply", "may_auto_answer", "defects", "ms"),
}


def batch(tmp_path: Path, *lines: str) -> list[dict[str, Any]]:
    """Run it where there is no config.toml."""
    done = subprocess.run(
        [*MAILER, "--batch"], input="\n".join([*lines, ""]), capture_output=True, text=True, cwd=tmp_path, check=False,
        timeout=60, env={**os.environ, "MAILER_CONFIG": str(tmp_path / "none.toml")},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def case(name: str, raw: bytes) -> str:
    return json.dumps({"id": name, "raw": base64.b64encode(raw).decode()})


def test_each_mail_is_answered_with_all_that_is_known_of_it(tmp_path: Path) -> None:
    (found,) = batch(tmp_path, case("one", WHOLE))
    assert found.keys() == KEYS
    assert found["error"] is None
    assert found["from"] == [{"name": "José", "address": "jose@customer.test"}]
    assert found["text"] == found["new_text"] == "Where"
    assert found["kind"] == "person"
    assert found["attachments"][0].keys() == {"name", "content_type", "size", "sha256"}
    assert found["attachments"][0]["name"] == "ab"


def test_a_text_is_trimmed(tmp_path: Path) -> None:
    text = "thanks\n\nOn Mon, 1 Nov 2026 at 10:00, Shop <care@shop.test> wrote:\n> hello"
    (found,) = batch(tmp_path, json.dumps({"id": 7, "text": text}))
    assert (found["id"], found["new_text"], found["text"]) == (7, "thanks", text)
    assert "hello" in found["quoted"]


def test_what_cannot_be_read_is_answered_with_its_error_and_the_others_are_read(tmp_path: Path) -> None:
    refused = b"Subject: " + b"x" * 300_000 + b"\r\n\r\nhi"
    lines = [
        "no json",
        "[1]",
        "{}",
        '{"id": 1}',
        '{"id": 2, "raw": 3}',
        '{"id": 3, "raw": "a"}',
        '{"id": 4, "text": 5}',
    ]
    found = batch(tmp_path, *lines, case("refused", refused), "", case("good", mail_bytes("hi")))
    assert [one["id"] for one in found] == [None, None, None, 1, 2, 3, 4, "refused", "good"]
    assert all(one["error"] for one in found[:-1])
    assert found[-1]["text"] == "hi"
    assert all(one.keys() == KEYS for one in found)


def test_a_bounce_names_its_recipients(tmp_path: Path) -> None:
    body = (
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.test\r\n\r\n"
        b"Final-Recipient: rfc822; ana@customer.test\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        b"Diagnostic-Code: smtp; 550 5.1.1 user unknown\r\n\r\n--b--"
    )
    head = b"From: MAILER-DAEMON@mx.test\r\nContent-Type: multipart/report; boundary=b; report-type=delivery-status\r\n"
    (found,) = batch(tmp_path, case("bounce", head + b"\r\n" + body))
    assert found["kind"] == "bounce"
    assert [(one["recipient"], one["class"], one["status"]) for one in found["bounces"]] == [
        ("ana@customer.test", "hard", "5.1.1")
    ]


def inspect(tmp_path: Path, raw: bytes, *options: str) -> str:
    letter = tmp_path / "letter.eml"
    letter.write_bytes(raw)
    done = subprocess.run([*MAILER, str(letter), *options], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_people_see_sender_words_files_and_what_is_wrong(tmp_path: Path) -> None:
    line = "mx.shop.example; dmarc=pass"
    raw = mail_bytes("Where is it?\r\n> quoted", Reply_To="x@evil.test", Authentication_Results=line)
    said = inspect(tmp_path, raw, "--authserv-id", "mx.shop.example")
    for words in (
        "Anabel Costa <ana@customer.test>",
        "My order",
        "Where is it?",
        "> quoted",
        "DMARC pass",
        "x@evil.test",
    ):
        assert words in said


@pytest.mark.parametrize("arguments", [[], ["no-such-file.eml"]])
def test_a_wrong_call_is_told_in_words(tmp_path: Path, arguments: list[str]) -> None:
    done = subprocess.run([*MAILER, *arguments], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr
    assert done.stderr
