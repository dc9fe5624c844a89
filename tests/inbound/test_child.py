"""The process that reads hostile mail: limited, and its death costs one mail."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mailer.clock import monotonic
from mailer.errors import InputError
from mailer.inbound.authenticity import Ourselves
from mailer.inbound.child import Reader
from mailer.inbound.parse import parse
from mailer.inbound.parsed import from_json, to_json
from tests.build import mail_bytes
from tests.inbound.test_attachments import WINMAIL
from tests.inbound.test_parse import with_body

PLAIN = mail_bytes("Where is it?")


@pytest.fixture
def reader() -> Iterator[Reader]:
    made = Reader()
    yield made
    made.close()


def resident_megabytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) // 1024


def pid_of(reader: Reader) -> int:
    assert reader._child is not None
    return reader._child.pid


@pytest.mark.parametrize(
    "raw",
    [
        PLAIN,
        b"",
        with_body("text/html", "<p>Grüße <b>x</b><img src='cid:a'>".encode()),
        with_body("application/ms-tnef", WINMAIL),
        mail_bytes("x", Reply_To="Bo <bo@x.test>", References="<a@b> <c@d>", Cc="a@b.test, c@d.test"),
        b"\xff\x00\xfe" * 1_000,
    ],
    ids=["plain", "nothing", "html", "winmail", "headers", "bytes"],
)
def test_it_reads_as_the_parser_does(reader: Reader, raw: bytes) -> None:
    assert reader.read(raw) == parse(raw)
    assert from_json(to_json(parse(raw))) == parse(raw)


def test_it_knows_whom_we_trust_and_who_we_are() -> None:
    reader = Reader(Ourselves(frozenset({"care@linen-shop.example"})))
    line = "mx.shop.example; dmarc=pass"
    try:
        mail = reader.read(mail_bytes(From="a@1inen-shop.example", Authentication_Results=line), "mx.shop.example")
        assert mail.authenticity.dmarc == "pass"
        assert mail.authenticity.warnings
        assert reader.read(mail_bytes(Authentication_Results=line)).authenticity.dmarc == "none"
    finally:
        reader.close()


def test_it_starts_at_the_first_mail_and_lives_for_many(reader: Reader) -> None:
    assert reader._child is None
    reader.read(PLAIN)
    first = pid_of(reader)
    for _ in range(50):
        reader.read(PLAIN)
    assert pid_of(reader) == first


def test_it_is_small_and_knows_no_database(reader: Reader) -> None:
    reader.read(PLAIN)
    assert resident_megabytes(pid_of(reader)) < 40
    code = "import sys, mailer.inbound.child; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"sqlalchemy", "sqlmodel", "pydantic", "structlog", "asyncio", "imapclient", "mailer.model", "mailer.db"}
    assert heavy & set(loaded) == set()


def test_it_is_told_no_secrets(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILER_OUTBOUND__PASSWORD", "canary")
    reader.read(PLAIN)
    assert b"canary" not in Path(f"/proc/{pid_of(reader)}/environ").read_bytes()


def test_after_its_death_the_next_mail_is_read(reader: Reader) -> None:
    reader.read(PLAIN)
    os.kill(pid_of(reader), signal.SIGKILL)
    os.waitid(os.P_PID, pid_of(reader), os.WEXITED | os.WNOWAIT)
    assert reader.read(PLAIN).text == "Where is it?"


def test_a_mail_that_kills_it_is_refused_with_the_reason(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    reader.read(PLAIN)
    assert reader._child is not None
    # As if it died only now, of the mail that it is given next.
    monkeypatch.setattr(reader._child, "poll", lambda: None)
    os.kill(pid_of(reader), signal.SIGKILL)
    with pytest.raises(InputError, match=r"died of it \(signal 9\)"):
        reader.read(PLAIN)
    assert reader.read(PLAIN).text == "Where is it?"


def test_a_mail_that_takes_too_long_is_refused_and_the_next_one_read() -> None:
    reader = Reader(seconds=0.5)
    reader.read(PLAIN)
    os.kill(pid_of(reader), signal.SIGSTOP)
    start = monotonic()
    with pytest.raises(InputError, match=r"within 0\.5 seconds"):
        reader.read(PLAIN)
    assert monotonic() - start < 3
    assert reader.read(PLAIN).text == "Where is it?"
    reader.close()


def test_a_mail_that_needs_too_much_memory_is_refused_and_the_next_one_read() -> None:
    reader = Reader(memory=150 * 1024 * 1024)
    with pytest.raises(InputError):
        reader.read(with_body("text/plain", b"where is it?\r\n" * 10_000_000))
    assert reader.read(PLAIN).text == "Where is it?"
    reader.close()


def test_it_is_renewed_after_many_mails(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_work", replace(reader._work, most=2))
    reader.read(PLAIN)
    first = pid_of(reader)
    reader.read(PLAIN)
    reader.read(PLAIN)
    assert pid_of(reader) != first


def test_after_a_large_mail_it_is_small_again(reader: Reader) -> None:
    reader.read(with_body("text/plain", b"where is it?\r\n" * 3_000_000))
    reader.read(PLAIN)
    assert resident_megabytes(pid_of(reader)) < 40


def test_it_ends_with_its_parent() -> None:
    code = (
        "from mailer.inbound.child import Reader; r = Reader(); r.read(b'a: b\\n\\nx');"
        "print(r._child.pid, flush=True); import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=30)
    pid = int(done.stdout)
    deadline = monotonic() + 10
    while Path(f"/proc/{pid}").exists() and "Z" not in _state(pid) and monotonic() < deadline:
        os.sched_yield()
    assert not Path(f"/proc/{pid}").exists() or "Z" in _state(pid)


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


def test_own_words_of_a_text_are_told_apart(reader: Reader) -> None:
    assert reader.trim("thanks\n\nOn Mon, Ana <a@b.test> wrote:\n> hello")["own_words"] == "thanks"
