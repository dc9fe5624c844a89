"""Whatever comes through a door for mail ends soon, and as a value or a refusal: mutants of real shapes.

Seconds for each door; MAILER_FAULTS=long gives each five minutes. A failure names its seed, which MAILER_FAULTS_SEED
repeats.
"""

import os
import random
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

from mailer.clock import monotonic
from mailer.errors import InputError
from mailer.inbound.authenticity import Ourselves, read_results
from mailer.inbound.dsn import read_dsn
from mailer.inbound.headers import addresses, decode_words, identifiers, parameters, unfold
from mailer.inbound.parse import parse
from mailer.inbound.parsed import from_json, to_json
from mailer.inbound.quote import label
from mailer.inbound.quote_html import mark_quotes
from mailer.inbound.walk import Walker
from tests.inbound.test_attachments import WINMAIL
from tests.inbound.test_html import ATTACKS, HIDDEN
from tests.inbound.test_parse import WHOLE, with_body

pytestmark = pytest.mark.faults

SECONDS = 300 if os.environ.get("MAILER_FAULTS") == "long" else 4
SEED = int(os.environ.get("MAILER_FAULTS_SEED", "0")) or random.SystemRandom().randrange(1, 2**32)
LIMIT = 5.0
LARGEST = 300_000

DSN = (
    b"Reporting-MTA: dns; mx.test\r\nOriginal-Message-ID: <a@b.test>\r\n\r\nFinal-Recipient: rfc822; ana@c.test\r\n"
    b"Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 user unknown\r\n continued\r\n\r\n"
    b"Original-Recipient: rfc822;+61+2Bx@c.test\r\nAction: delayed\r\nStatus: 4.4.7\r\n"
)
REPORT = with_body(
    "multipart/report; report-type=delivery-status; boundary=b",
    b"--b\r\n\r\nYour mail to <ana@c.test> was not delivered: mailbox full\r\n--b\r\n"
    b"Content-Type: message/delivery-status\r\n\r\n" + DSN + b"\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
    b"Message-ID: <a@b.test>\r\nTo: ana@c.test\r\n\r\nhi\r\n--b--",
    From="MAILER-DAEMON@mx.test",
    Return_Path="<>",
)
OLD_BOUNCE = (
    b"From: postmaster@mx.test\r\nSubject: Undelivered\r\n\r\n"
    b"  ----- The following addresses had errors -----\r\n<a@b>\r\n"
)
REPLY = (
    "Thanks, it came.\n\nAna\n\n-- \nSent from my phone\n\nOn Mon, 2 Nov 2026 at 10:00, Shop <care@shop.test>\nwrote:\n"
    "> Hello\n>> deeper\n\nmine\n________________________________\nFrom: Shop <care@shop.test>\nSent: Monday\nTo: Ana\n"
    "Subject: x\n\nAm 02.11.2026 um 10:00 schrieb Shop:\n> Hallo\nLe lun. 2 nov. 2026, Shop a écrit :\n> Bonjour\n"
    "在 2026年11月2日，Shop 写道：\n-----Original Message-----\n"
).encode()
HTML = "".join(
    [*ATTACKS, *HIDDEN, "<blockquote class=gmail_quote>x</blockquote><div id=divRplyFwdMsg>y</div>"]
).encode()
FILES = with_body(
    "multipart/mixed; boundary=b", b"--b\r\nContent-Type: application/ms-tnef\r\n\r\n" + WINMAIL + b"\r\n--b--"
)
HEADER = (
    b'"Costa, Ana" <ana@x.test>, =?utf-8?q?Jos=C3=A9?= =?gb2312?B?xOO6ww==?= (c) <j@x.test>; group: a@b.test;'
    b" text/plain; charset=\"utf-8\"; name*0*=utf-8''%e2%82; name*1=b <a@b> mx.test; dmarc=pass (c) header.from=x.test"
)
TOKENS = [
    b"\r\n",
    b"\n\n",
    b"\0",
    b"\xff",
    b"--b",
    b"--b--",
    b'"',
    b"<",
    b">",
    b"(",
    b")",
    b"\\",
    b";",
    b",",
    b":",
    b"=",
    b" ",
    b"\t",
    b"=?utf-8?q?",
    b"?=",
    b"=?x?b?",
    b"*0*=",
    b"%",
    b"Content-Type: ",
    b"multipart/mixed; boundary=b",
    b"message/rfc822",
    b"base64",
    b"quoted-printable",
    b"charset=",
    b"utf-7",
    b"iso-2022-jp",
    b"\x1b$B",
    b"<div>",
    b"</div>",
    b"<!--",
    b"<style>",
    b"<blockquote>",
    b"style='display:none'",
    b"&#",
    b"> ",
    b"On ",
    b" wrote:",
    b"-- \n",
    b"begin 644 x\n",
    b"\nend\n",
    b"From: ",
    b"Final-Recipient: rfc822; ",
    b"Action: failed",
    b"Status: 5",
    "\u202e".encode(),
    "写道：".encode(),
    b"a@b.test",
    b"xn--",
]


def mutants(seeds: list[bytes], chance: random.Random) -> Iterator[bytes]:
    while True:
        raw = chance.choice(seeds)
        for _ in range(chance.randint(1, 8)):
            raw = _mutated(raw, seeds, chance)[:LARGEST]
        yield raw


def _mutated(raw: bytes, seeds: list[bytes], chance: random.Random) -> bytes:
    start = chance.randint(0, len(raw))
    end = min(len(raw), start + chance.choice((0, 1, 4, 20, 100, 1_000)))
    piece = chance.choice(TOKENS)
    match chance.randint(0, 6):
        case 0:
            return raw[:start] + piece + raw[end:]
        case 1:
            return raw[:start] + piece * chance.choice((2, 30, 1_000, 20_000)) + raw[end:]
        case 2:
            return raw[:start] + raw[start:end] * chance.choice((2, 30, 1_000)) + raw[end:]
        case 3:
            return raw[:start] + raw[end:]
        case 4:
            return raw[:start] + chance.choice(seeds)[chance.randint(0, 200) :] + raw[end:]
        case 5:
            return raw[:start] + bytes([chance.randint(0, 255)]) + raw[start + 1 :]
        case _:
            return raw[:start]


@contextmanager
def no_hang() -> Iterator[None]:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"not read within {LIMIT} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, LIMIT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def mail(raw: bytes) -> None:
    try:
        found = parse(raw, Ourselves(frozenset({"care@shop.test"}), "mx.test"))
    except InputError as error:
        assert error.problems
        return
    lines = [found.message_id, found.in_reply_to, found.subject, found.reply_to, *found.reference_ids, *found.defects]
    lines += [one.address for one in (*found.senders, *found.to, *found.cc)]
    lines += [name for one in found.attachments for name in (one.name, one.content_type)]
    assert all(line.isprintable() for line in lines)
    assert not any(char in found.text for char in "\0\r\u202e")
    assert len(found.text) <= 500_000
    assert "<script" not in (found.html or "")
    assert from_json(to_json(found)) == found


def header(raw: bytes) -> None:
    line = unfold(raw)
    assert decode_words(line).isprintable()
    assert all("@" in one.address and one.address.isprintable() for one in addresses([line]))
    identifiers(line)
    parameters(line)
    read_results([("authentication-results", line)], "mx.test", "x.test")


def dsn(raw: bytes) -> None:
    report = read_dsn(raw.decode("utf-8", "replace"))
    assert all(one.recipient for one in report.failed)
    mail(raw)


def reply(raw: bytes) -> None:
    text = raw.decode("utf-8", "replace")
    label(text)
    label(mark_quotes(text), marked=True)


DOORS: list[tuple[Callable[[bytes], None], list[bytes]]] = [
    (mail, [WHOLE, REPORT, FILES, with_body("text/html", HTML), with_body("text/plain; format=flowed", REPLY)]),
    (header, [HEADER, b"<a@b.test> <c@d.test>", b"mx.test; spf=pass; dkim=pass; dmarc=pass header.from=x.test"]),
    (dsn, [REPORT, DSN, OLD_BOUNCE]),
    (reply, [REPLY, HTML]),
]


@pytest.mark.parametrize(("door", "seeds"), DOORS, ids=[door.__name__ for door, _ in DOORS])
def test_no_mutant_crashes_or_hangs(door: Callable[[bytes], None], seeds: list[bytes]) -> None:
    chance = random.Random(SEED)
    end = monotonic() + SECONDS
    count, slowest = 0, 0.0
    for raw in mutants(seeds, chance):
        start = monotonic()
        try:
            with no_hang():
                door(raw)
        except BaseException as error:
            error.add_note(f"MAILER_FAULTS_SEED={SEED}, mutant {count} of {door.__name__}: {raw[:300]!r}")
            raise
        slowest = max(slowest, monotonic() - start)
        count += 1
        if monotonic() > end:
            break
    print(f"{door.__name__}: {count} mutants, slowest {slowest * 1000:.0f} ms, seed {SEED}")
    # A machine that does less is not reading.
    assert count > 10


def test_every_seed_is_read() -> None:
    for _, seeds in DOORS:
        for raw in seeds:
            assert Walker(raw).walk().content_type
