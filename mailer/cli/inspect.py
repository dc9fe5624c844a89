"""`mailer inspect`: how a mail reads to us, without configuration, database or network."""

import base64
import binascii
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Annotated, Any

import typer

from mailer.errors import InputError

_MAX_LINE = 100_000_000
_EMPTY: dict[str, Any] = {
    "error": None,
    "kind": "person",
    "message_id": "",
    "from": [],
    "to": [],
    "cc": [],
    "reply_to": [],
    "subject": "",
    "date": None,
    "text": "",
    "html": None,
    "new_text": "",
    "signature": "",
    "quoted": "",
    "attachments": [],
    "bounces": [],
    "auto_reply": False,
    "may_auto_answer": False,
    "defects": [],
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: mailer inspect letter.eml")(inspect)


def inspect(
    file: Annotated[Path | None, typer.Argument(help="A mail as a file (RFC 5322), as in letter.eml.")] = None,
    batch: Annotated[bool, typer.Option("--batch", help="JSON lines in, JSON lines out, as README.md says.")] = False,
    authserv_id: Annotated[
        str, typer.Option(help="The server whose Authentication-Results are believed, as in config.toml.")
    ] = "",
) -> None:
    """Show how Mailer reads a mail: sender, words, files, kind, and what is wrong with it. Changes nothing."""
    if batch:
        _batch(sys.stdin.buffer, authserv_id)
    elif file is None:
        raise typer.BadParameter("name a file, or use --batch")
    else:
        _show(file, authserv_id)


def _show(file: Path, authserv_id: str) -> None:
    from mailer.inbound.child import Reader

    try:
        raw = file.read_bytes()
    except OSError as error:
        raise InputError(str(file), [f"cannot be read ({error.strerror})"]) from None
    reader = Reader()
    try:
        for line in _lines(reader.read(raw, authserv_id)):
            typer.echo(line)
    finally:
        reader.close()


def _lines(mail: Any) -> Iterator[str]:
    for name, people in (("From", mail.senders), ("To", mail.to), ("Cc", mail.cc), ("Reply-To", mail.reply_addresses)):
        if people:
            yield f"{name:<12}{', '.join(f'{one.name} <{one.address}>'.strip() for one in people)}"
    yield f"{'Subject':<12}{mail.subject}"
    yield f"{'Date':<12}{mail.date or '(none)'}"
    yield f"{'Message-ID':<12}{mail.message_id}"
    yield f"{'Kind':<12}{mail.kind}{f' ({mail.automatic})' if mail.automatic else ''}"
    yield f"{'Automatic':<12}{'may' if mail.may_auto_answer else 'may not'} be answered by a machine"
    yield f"{'Vouched':<12}DMARC {mail.authenticity.dmarc}, SPF {mail.authenticity.spf}, DKIM {mail.authenticity.dkim}"
    for label, entries in (("Look twice", mail.authenticity.warnings), ("Defect", mail.defects)):
        for words in entries:
            yield f"{label:<12}{words}"
    for one in mail.bounces:
        yield f"{'Bounced':<12}{one.recipient} {one.kind} {one.status} {one.diagnostic}".rstrip()
    for file in mail.attachments:
        yield f"{'File':<12}{file.name}  {file.content_type}  {file.size} bytes"
    for title, text in (("Own words", mail.own_words), ("Signature", mail.signature), ("Quoted", mail.quoted)):
        if text:
            yield f"\n--- {title}\n{text}"


def _batch(lines: IO[bytes], authserv_id: str) -> None:
    from mailer.clock import monotonic
    from mailer.inbound.child import Reader

    reader = Reader()
    try:
        while line := lines.readline(_MAX_LINE):
            if not line.strip():
                continue
            start = monotonic()
            answer = _answer(reader, line, authserv_id)
            answer["ms"] = round((monotonic() - start) * 1000, 1)
            sys.stdout.write(json.dumps(answer, ensure_ascii=True) + "\n")
            sys.stdout.flush()
    finally:
        reader.close()


def _answer(reader: Any, line: bytes, authserv_id: str) -> dict[str, Any]:
    case: Any = None
    try:
        case = json.loads(line)
        if "raw" not in case and isinstance(case["text"], str):
            return _trimmed(reader, case)
        return {**_EMPTY, "id": case["id"], **_plain(reader.read(_raw(case), authserv_id))}
    except InputError as error:
        words = "; ".join(error.problems)
    except (ValueError, KeyError, TypeError, RecursionError):
        words = 'not a JSON object with "id", and "raw" in base64 or "text"'
    return {**_EMPTY, "id": case.get("id") if isinstance(case, dict) else None, "error": words}


def _raw(case: Any) -> bytes:
    try:
        return base64.b64decode(case["raw"])
    except (binascii.Error, ValueError):
        raise InputError("mail", ["raw is no base64"]) from None


def _trimmed(reader: Any, case: Any) -> dict[str, Any]:
    words = reader.trim(case["text"])
    found = {"new_text": words["own_words"], "signature": words["signature"], "quoted": words["quoted"]}
    return {**_EMPTY, "id": case["id"], "text": case["text"], **found}


def _plain(mail: Any) -> dict[str, Any]:
    def people(found: Any) -> list[dict[str, str]]:
        return [{"name": one.name, "address": one.address} for one in found]

    return {
        "kind": mail.kind,
        "message_id": mail.message_id,
        "from": people(mail.senders),
        "to": people(mail.to),
        "cc": people(mail.cc),
        "reply_to": people(mail.reply_addresses),
        "subject": mail.subject,
        "date": mail.date,
        "text": mail.text,
        "html": mail.html,
        "new_text": mail.own_words,
        "signature": mail.signature,
        "quoted": mail.quoted,
        "attachments": [vars(one) for one in mail.attachments],
        "bounces": [
            {
                "recipient": one.recipient,
                "action": one.action,
                "status": one.status,
                "diagnostic": one.diagnostic,
                "class": one.kind,
            }
            for one in mail.bounces
        ],
        "auto_reply": mail.is_auto_reply,
        "may_auto_answer": mail.may_auto_answer,
        "defects": list(mail.defects),
    }
