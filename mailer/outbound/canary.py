"""A new edition of a flow's mail goes to a few first: if these come back, the flow stops itself before all have it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from sqlalchemy import update
from sqlmodel import Session, col, select

from mailer.config import Settings
from mailer.db import insert_once
from mailer.model import Canary, Delivery, DeliveryState, FlowStep, raise_alarm
from mailer.outbound.hold import MAILER, stop_flow
from mailer.signing import digest

ALARM = "canary"
_BAD = (DeliveryState.FAILED, DeliveryState.BOUNCED, DeliveryState.COMPLAINED)
_UNDER_WAY = (DeliveryState.UNDOABLE, DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.HANDING_OVER)


@dataclass(frozen=True)
class CanaryTerms:
    """How many go first (0: no canary), how long they are watched, and how many of them may come back."""

    first: int = 20
    rest: timedelta = timedelta(minutes=15)
    limit: int = 1

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As [outbound] says."""
        out = settings.outbound
        return cls(out.canary, out.canary_rest, out.canary_limit)


def edition_of(made_from: Mapping[str, str]) -> str:
    """The name of what a mail was made from: template files with their hashes."""
    return digest("\n".join(f"{name} {made_from[name]}" for name in sorted(made_from)).encode())[:16]


def canary_until(
    session: Session, flow: str, step: str, edition: str, enrollment_id: int, *, terms: CanaryTerms, now: datetime
) -> datetime | None:
    """None when this mail may go, as one of the first or after them; else when to ask again.

    When too many of the first came back the flow is stopped (a Hold of scope flow) and an alarm raised. Ask it in the
    transaction that queues the mail.
    """
    if terms.first == 0 or (known := _cleared(session, flow, step, edition)):
        return None
    if known is None:
        insert_once(session, Canary(flow=flow, step=step, edition=edition, begun_at=now))
    canary = _locked(session, flow, step, edition)
    if canary.cleared_at is not None or enrollment_id in canary.enrollments:
        return None
    sent = _sent(session, canary)
    if (bad := sum(one.state in _BAD for one in sent)) > terms.limit:
        _stop(session, canary, bad, now)
        return now + terms.rest
    if len(canary.enrollments) < terms.first:
        canary.enrollments, canary.filled_at = [*canary.enrollments, enrollment_id], now
        return None
    until = _rests_until(canary, sent, terms, now)
    if until is None:
        canary.cleared_at = now
    return until


def clear_canaries(session: Session, flow: str, *, now: datetime) -> int:
    """A person lets the flow go again: its editions are watched no more; how many were."""
    watched = update(Canary).where(col(Canary.flow) == flow, col(Canary.cleared_at).is_(None))
    return int(session.exec(watched.values(cleared_at=now)).rowcount)


def _cleared(session: Session, flow: str, step: str, edition: str) -> bool | None:
    """Whether all may go; None when nobody asked yet."""
    wanted = select(Canary).where(Canary.flow == flow, Canary.step == step, Canary.edition == edition)
    known = session.exec(wanted).first()
    return None if known is None else known.cleared_at is not None


def _locked(session: Session, flow: str, step: str, edition: str) -> Canary:
    wanted = select(Canary).where(Canary.flow == flow, Canary.step == step, Canary.edition == edition)
    return session.exec(wanted.with_for_update().execution_options(populate_existing=True)).one()


def _sent(session: Session, canary: Canary) -> list[Delivery]:
    mine = select(Delivery).join(FlowStep, col(FlowStep.delivery_id) == Delivery.id)
    of_first = col(Delivery.enrollment_id).in_(canary.enrollments)
    return list(session.exec(mine.where(of_first, FlowStep.step == canary.step)))


def _rests_until(canary: Canary, sent: list[Delivery], terms: CanaryTerms, now: datetime) -> datetime | None:
    """Until they were watched long enough; None when they were. What still waits to be sent shows nothing yet."""
    if any(one.state in _UNDER_WAY for one in sent):
        return now + terms.rest
    # The mails of this very transaction are not written yet.
    let_go = canary.filled_at or canary.begun_at
    last = max([let_go, *(one.settled_at for one in sent if one.settled_at)])
    return last + terms.rest if last + terms.rest > now else None


def _stop(session: Session, canary: Canary, bad: int, now: datetime) -> None:
    words = f"{bad} of the first {len(canary.enrollments)} mails of step {canary.step} came back or were refused"
    if stop_flow(session, canary.flow, by=MAILER, reason=words, now=now):
        again = f"look at the template, then: mailer outbox resume --flow {canary.flow}"
        raise_alarm(session, ALARM, canary.flow, f"{words}; {again}", now)
