"""`mailer triage`: what a mail wants, without configuration, database or network. `mailer correct`: what is right."""

import json
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Annotated, Any

import typer

_MAX_LINE = 10_000_000


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Example: mailer triage letter.eml")(triage)
    app.command(epilog="Example: mailer correct 31 --intent refund_status --as ana")(correct)


def triage(
    file: Annotated[Path | None, typer.Argument(help="A mail: RFC 5322 as in letter.eml, or plain text.")] = None,
    batch: Annotated[bool, typer.Option("--batch", help="JSON lines in, JSON lines out, as README.md says.")] = False,
) -> None:
    """Show what a mail wants, how sure that is and by which words, and what else it names. Changes nothing."""
    if batch:
        _batch(sys.stdin.buffer)
    elif file is None:
        raise typer.BadParameter("name a file, or use --batch")
    else:
        _show(file)


def correct(
    message: Annotated[int, typer.Argument(help="The number of a message, as `mailer show` prints it.")],
    intent: Annotated[str, typer.Option(help="What it really wants, as in refund_status.")],
    agent: Annotated[str, typer.Option("--as", help="The agent who says so, as named by `mailer users add`.")],
) -> None:
    """Say what a mail really wants; its conversation is drafted anew, and what you said is kept to learn from."""
    from mailer.cli.session import deciding_agent, open_database
    from mailer.clock import SystemClock
    from mailer.triage.learn import correct as take_word

    with open_database() as (_, db):
        agent_id = deciding_agent(db, agent)
        db.run_here(take_word, message, intent, agent_id, now=SystemClock().now())
    typer.echo(f"Message {message} is about {intent} now.")


def _show(file: Path) -> None:
    subject, words = _letter(file)
    from mailer.triage.phrases import PhraseClassifier
    from mailer.triage.reading import read_mail

    reading = read_mail(subject, words)
    judgement = PhraseClassifier.shipped().classify(subject, words, reading.language or "en", None)
    for line in _lines(subject, words, reading, judgement):
        typer.echo(line)


def _letter(file: Path) -> tuple[str, str]:
    """Subject and own words: of a mail by the reader that the worker uses, of anything else the text itself."""
    from mailer.errors import InputError

    try:
        raw = file.read_bytes()
    except OSError as error:
        raise InputError(str(file), [f"cannot be read ({error.strerror})"]) from None
    if file.suffix.lower() != ".eml":
        return "", raw.decode("utf-8", "replace")
    from mailer.inbound.child import Reader

    reader = Reader()
    try:
        mail = reader.read(raw, "")
    finally:
        reader.close()
    return mail.subject, mail.own_words or mail.text


def _lines(subject: str, words: str, reading: Any, judgement: Any) -> Iterator[str]:
    from mailer.triage.entities import likely_number

    yield f"{'Language':<12}{reading.language or 'unknown'}"
    for place, wish in enumerate(judgement.wishes):
        evidence = ", ".join(wish.evidence) or "nothing of a shop's"
        yield f"{'' if place else 'Wants':<12}{wish.intent}  {wish.confidence:.2f} ({wish.level.value}): {evidence}"
    if others := [one for one in judgement.top if one[0] not in judgement.intents]:
        yield f"{'Less likely':<12}{', '.join(f'{intent} {share:.2f}' for intent, share in others)}"
    yield f"{'Urgency':<12}{judgement.urgency}"
    yield f"{'Sentiment':<12}{judgement.sentiment}"
    numbers = {"order": likely_number(subject, words), "parcel": reading.tracking_number, **reading.entities}
    for name, value in numbers.items():
        if value:
            yield f"{name.capitalize():<12}{', '.join(value) if isinstance(value, list) else value}"


def _batch(lines: IO[bytes]) -> None:
    from mailer.clock import SystemClock, monotonic
    from mailer.triage.phrases import PhraseClassifier

    classifier, now = PhraseClassifier.shipped(), SystemClock().now()
    while line := lines.readline(_MAX_LINE):
        if not line.strip():
            continue
        start = monotonic()
        answer = _answer(classifier, line, now)
        answer["ms"] = round((monotonic() - start) * 1000, 2)
        sys.stdout.write(json.dumps(answer, ensure_ascii=True) + "\n")
    sys.stdout.flush()


def _answer(classifier: Any, line: bytes, now: datetime) -> dict[str, Any]:
    case: Any = None
    try:
        case = json.loads(line)
        subject, body = (str(case.get(key) or "") for key in ("subject", "body"))
        return {"id": case.get("id"), **_told(classifier, subject, body, case.get("order"), now)}
    except (ValueError, AttributeError, RecursionError):
        words = 'not a JSON object with "id", "subject" and "body"'
    return {"id": case.get("id") if isinstance(case, dict) else None, "error": words}


def _told(classifier: Any, subject: str, body: str, order: object, now: datetime) -> dict[str, Any]:
    from mailer.errors import InputError
    from mailer.triage.entities import likely_number
    from mailer.triage.reading import read_mail

    view, number, error = None, "", None
    try:
        view, number = _order(order, now) if order else (None, "")
    except InputError as mistake:
        # The mail is judged all the same, as if no order were known.
        error = str(mistake)
    reading = read_mail(subject, body)
    judgement = classifier.classify(subject, body, reading.language or "en", view)
    first = judgement.first
    return {
        "error": error,
        "intent": first.intent,
        "confidence": first.confidence,
        "level": first.level.value,
        "top": [{"intent": intent, "confidence": confidence} for intent, confidence in judgement.top],
        "intents": list(judgement.intents),
        "lang": reading.language,
        "order_number": likely_number(subject, body, number),
        "tracking_number": reading.tracking_number,
        "urgency": judgement.urgency,
        "sentiment": judgement.sentiment,
        "evidence": list(first.evidence),
        "entities": reading.entities,
    }


def _order(told: object, now: datetime) -> tuple[Any, str]:
    """An order as the shop tells it, seen as the classifier sees one. Raises InputError."""
    from mailer.errors import InputError
    from mailer.orders.source import parse_payload
    from mailer.triage.classifier import OrderView

    if isinstance(told, list):
        raise InputError("order", ["one order, not a list"])
    (order,) = parse_payload(told)
    parcels = [one for one in order.fulfillments if one.shipped]
    scans = [scan for one in parcels for scan in one.events]
    arrived = [one for one in parcels if "delivered" in (one.shipment_status, *(scan.status for scan in one.events))]
    state = "canceled" if order.cancelled_at else "not_shipped" if not parcels else "in_transit"
    if parcels and len(arrived) == len(parcels) and state != "canceled":
        state = "delivered"
    left = min((one.created_at for one in parcels if one.created_at), default=order.created_at)
    came = max((scan.happened_at for scan in scans if scan.happened_at), default=None)
    late = any(one.estimated_delivery_at and one.estimated_delivery_at < now for one in parcels if one not in arrived)
    delivered_days = (now - came).days if came and state == "delivered" else None
    return OrderView(state, order.created_at, (now - left).days, late, delivered_days), order.name
