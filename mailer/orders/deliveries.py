"""What came in by webhook, poll and mail and did not become rows, with the reasons: for a person to look at."""

from collections.abc import Iterator

from sqlalchemy import func
from sqlmodel import Session, col, select

from mailer.model import PayloadState, Refusal, SourcePayload

_SHOWN = (PayloadState.UNREADABLE, PayloadState.WAITING, PayloadState.IGNORED)


def delivery_lines(session: Session, *, source: str | None = None, limit: int = 50) -> Iterator[str]:
    """How many lie where, what was turned away, and the newest that were not taken; times are UTC."""
    yield from _counts(session, source)
    yield from _refusals(session, source)
    for state in _SHOWN:
        yield from _payloads(session, state, source, limit)


def payload_counts(session: Session) -> dict[str, int]:
    """How many payloads are in each state."""
    rows = session.exec(select(SourcePayload.state, func.count()).group_by(col(SourcePayload.state))).all()
    return {PayloadState(state).value: count for state, count in rows}


def _counts(session: Session, source: str | None) -> Iterator[str]:
    counted = select(SourcePayload.source, SourcePayload.state, func.count())
    if source is not None:
        counted = counted.where(SourcePayload.source == source)
    by_source: dict[str, list[str]] = {}
    grouped = counted.group_by(col(SourcePayload.source), col(SourcePayload.state))
    for name, state, count in session.exec(grouped.order_by(col(SourcePayload.source), col(SourcePayload.state))):
        by_source.setdefault(name, []).append(f"{count:,} {state}")
    for name, words in by_source.items():
        yield f"{name}: {', '.join(words)}"
    if not by_source:
        yield "nothing came in yet"


def _refusals(session: Session, source: str | None) -> Iterator[str]:
    wanted = select(Refusal) if source is None else select(Refusal).where(Refusal.source == source)
    for row in session.exec(wanted.order_by(col(Refusal.last_at).desc())):
        name = row.source or "no source of ours"
        often = f"{row.count:,} since {row.first_at:%Y-%m-%d}"
        yield f"turned away  {row.last_at:%Y-%m-%d %H:%M}  {name}: {row.reason} ({often})"


def _payloads(session: Session, state: PayloadState, source: str | None, limit: int) -> Iterator[str]:
    wanted = select(SourcePayload).where(SourcePayload.state == state)
    if source is not None:
        wanted = wanted.where(SourcePayload.source == source)
    for row in session.exec(wanted.order_by(col(SourcePayload.id).desc()).limit(limit)):
        reason = f"{row.reason}: {row.waits_for}" if row.waits_for else row.reason
        yield f"{state:<11}  {row.received_at:%Y-%m-%d %H:%M}  {row.source} {row.topic or row.kind}: {reason}"
