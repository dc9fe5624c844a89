"""How a relay stands, as rows: may we ask it now, what did it say, and who must know."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Self

from sqlalchemy import or_, update
from sqlmodel import Session, col, select

from mailer.config import Settings
from mailer.db import insert_once
from mailer.model import Circuit, Pace, raise_alarm, settle_alarm
from mailer.outbound.address import domain_of
from mailer.outbound.circuit import Line, after, alarming
from mailer.outbound.outcome import CASES, Cause, Outcome
from mailer.outbound.pace import Bucket, Rate, full, take

ALARM = "sending"


@dataclass(frozen=True)
class RelayLimits:
    """Which relay we speak of, and what we may ask of it."""

    relay: str = "relay"
    connections: int = 2
    rate: Rate = field(default_factory=Rate)
    domains: Mapping[str, Rate] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As [outbound] says."""
        out = settings.outbound
        domains = {domain_of(f"@{name}"): Rate(pace.per_minute) for name, pace in out.domains.items()}
        name = f"{out.username or 'anybody'} at {out.host}:{out.port}"
        return cls(name, out.connections, Rate(out.per_minute, out.per_day), domains)


SHIPPED = RelayLimits()


def resting(session: Session, limits: RelayLimits, lane: int, now: datetime) -> bool:
    """Whether this connection is to stay idle: the relay is left alone, or it bears fewer connections."""
    circuit = session.get(Circuit, limits.relay)
    left_alone = circuit is not None and circuit.rests_until is not None and circuit.rests_until > now
    return left_alone or too_many(session, limits, lane)


def too_many(session: Session, limits: RelayLimits, lane: int) -> bool:
    """Whether the relay bears fewer connections than this one would need."""
    circuit = session.get(Circuit, limits.relay)
    return circuit is not None and lane >= _line(circuit).lanes(limits.connections)


def may_ask(session: Session, limits: RelayLimits, *, until: datetime, now: datetime) -> bool:
    """Whether this mail may go to the relay. Of one in trouble a single mail asks, until its answer or this moment."""
    circuit = session.get(Circuit, limits.relay)
    if circuit is None or circuit.failures == 0:
        return True
    free = or_(col(Circuit.rests_until).is_(None), col(Circuit.rests_until) <= now)
    asked = session.exec(
        update(Circuit).where(col(Circuit.relay) == limits.relay, free).values(rests_until=until, changed_at=now)
    )
    return bool(asked.rowcount)


def wait_for_pace(
    session: Session, limits: RelayLimits, recipient: str, *, now: datetime
) -> tuple[str, timedelta] | None:
    """Take one token of each bucket that this mail needs; else whose bucket is empty and for how long."""
    domain = domain_of(recipient)
    wanted = {f"domain {domain}": limits.domains.get(domain, Rate()), f"relay {limits.relay}": limits.rate}
    taken: list[tuple[Pace, Bucket]] = []
    for subject, rate in wanted.items():
        if not (rate.per_minute or rate.per_day):
            continue
        row = _pace(session, subject, rate, now)
        answer = take(Bucket(row.tokens, row.filled_at, row.hours), rate, now)
        if isinstance(answer, timedelta):
            return subject, answer
        taken.append((row, answer))
    for row, bucket in taken:
        row.tokens, row.filled_at, row.hours = bucket.tokens, bucket.filled_at, bucket.hours
    return None


def heed(session: Session, outcomes: Sequence[Outcome], limits: RelayLimits, *, now: datetime) -> None:
    """Learn from what the relay said, in the transaction that records it; raise or settle the alarm."""
    fresh = Line(connections=float(limits.connections))
    circuit = session.get(Circuit, limits.relay)
    if _after_all(_line(circuit) if circuit else fresh, outcomes, limits, now) == (
        _line(circuit) if circuit else fresh
    ):
        return
    before = _locked(session, limits, now)
    line = _after_all(_line(before), outcomes, limits, now)
    was_failing = before.failures > 0
    for name, value in asdict(line).items():
        setattr(before, name, value)
    before.changed_at = now
    if alarming(line, now):
        raise_alarm(session, ALARM, limits.relay, _trouble(line), now)
    elif was_failing and line.failures == 0:
        settle_alarm(session, ALARM, limits.relay, now)


def note_size(session: Session, limits: RelayLimits, size_limit: int | None, *, now: datetime) -> None:
    """Remember the largest mail that the relay takes, so that a larger one is never queued."""
    circuit = _locked(session, limits, now)
    circuit.size_limit, circuit.changed_at = size_limit, now


def ask_at_once(session: Session, *, now: datetime) -> None:
    """Do not wait for the end of a rest: somebody changed something, or just started us."""
    resting_still = col(Circuit.rests_until) > now
    session.exec(update(Circuit).where(resting_still).values(rests_until=now, changed_at=now))


def _after_all(line: Line, outcomes: Sequence[Outcome], limits: RelayLimits, now: datetime) -> Line:
    for outcome in outcomes:
        line = after(line, outcome, most=limits.connections, now=now)
    return line


def _line(circuit: Circuit) -> Line:
    return Line(
        circuit.connections,
        circuit.failures,
        circuit.refusals,
        circuit.failing_since,
        circuit.rests_until,
        circuit.cause,
        circuit.words,
    )


def _locked(session: Session, limits: RelayLimits, now: datetime) -> Circuit:
    insert_once(session, Circuit(relay=limits.relay, connections=float(limits.connections), changed_at=now))
    wanted = select(Circuit).where(Circuit.relay == limits.relay).with_for_update()
    return session.exec(wanted.execution_options(populate_existing=True)).one()


def _pace(session: Session, subject: str, rate: Rate, now: datetime) -> Pace:
    fresh = full(rate, now)
    insert_once(session, Pace(subject=subject, tokens=fresh.tokens, filled_at=fresh.filled_at, hours={}))
    wanted = select(Pace).where(Pace.subject == subject).with_for_update()
    return session.exec(wanted.execution_options(populate_existing=True)).one()


def _trouble(line: Line) -> str:
    case = CASES[Cause(line.cause)]
    remedy = f" What to do: {case.remedy}." if case.remedy else ""
    return f"{case.words} All mails wait, none is lost.{remedy} ({line.words})"
