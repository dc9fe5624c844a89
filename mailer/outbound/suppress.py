"""Whom do we not write to any more? What bounces and complaints do to an address, and what people decide about it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from sqlalchemy import func
from sqlmodel import Session, col, select, update

from mailer.config import Settings
from mailer.db import insert_once
from mailer.errors import InputError, NotFound
from mailer.failure import FailureKind
from mailer.model import Bounce, Delivery, DeliveryState, ReportState, Stream, Suppression, SuppressionCause
from mailer.signing import tombstone

# A mail that has not come back by then arrived: servers give up after four or five days (RFC 5321, 4.5.4.1).
_ARRIVED_AFTER = timedelta(days=5)
_ONLY_THEY = "only they take that back"
_LIMITED = (Stream.FEEDBACK, Stream.MARKETING)


@dataclass(frozen=True)
class Limits:
    """How many bounces an address may have; [outbound.bounces] in config.toml."""

    limit_after: int = 1
    stop_after: int = 2
    within: timedelta = timedelta(days=30)
    soft_as_hard: int = 7

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As [outbound.bounces] says."""
        section = settings.outbound.bounces
        return cls(section.limit_after, section.stop_after, section.within, section.soft_as_hard)


def suppressed(session: Session, address: str, kind: str) -> str | None:
    """Why a mail of this kind must not go to this address, in words; None when it may."""
    streams = [Stream.ALL, *(stream for stream in _LIMITED if stream.value == kind)]
    wanted = select(Suppression).where(
        # Who was forgotten is recognised by their tombstone.
        col(Suppression.address).in_([address.lower(), tombstone(address)]),
        col(Suppression.stream).in_(streams),
        col(Suppression.lifted_at).is_(None),
    )
    found = session.exec(wanted.order_by(col(Suppression.id)).limit(1)).first()
    if found is None:
        return None
    again = _ONLY_THEY if found.cause == SuppressionCause.OPT_OUT else "`mailer suppressions lift` allows it again"
    return f"{found.words}; {again}"


def suppress(
    session: Session, address: str, stream: Stream, cause: SuppressionCause, words: str, *, now: datetime
) -> bool:
    """Stop a stream to an address; whether that is news. Raises InputError when it is no address."""
    bare = address.strip().lower()
    if "@" not in bare.strip("@") or any(char.isspace() for char in bare):
        raise InputError("address", [f'"{address}" is not a mail address'])
    return insert_once(session, Suppression(address=bare, stream=stream, cause=cause, words=words, since=now))


def lift(session: Session, address: str, *, words: str, now: datetime, they_asked: bool = False) -> int:
    """A person allows mail to an address again: every open suppression of it ends; how many. Raises NotFound.

    Opt-outs are the customer's own: they stay unless it was the customer who asked for that.
    """
    opened = [col(Suppression.address) == address.strip().lower(), col(Suppression.lifted_at).is_(None)]
    ours = [] if they_asked else [col(Suppression.cause) != SuppressionCause.OPT_OUT]
    lifted = session.exec(update(Suppression).where(*opened, *ours).values(lifted_at=now, lifted_because=words))
    if not lifted.rowcount and session.exec(select(Suppression.id).where(*opened).limit(1)).first():
        raise NotFound("what is suppressed is the customer's own wish; with --they-asked it is lifted when they ask")
    if not lifted.rowcount:
        raise NotFound("nothing is suppressed for this address; `mailer suppressions list` shows what is")
    return int(lifted.rowcount)


def open_suppressions(session: Session, *, limit: int = 1_000) -> list[Suppression]:
    """All that are in force, the newest first."""
    wanted = select(Suppression).where(col(Suppression.lifted_at).is_(None))
    return list(session.exec(wanted.order_by(col(Suppression.id).desc()).limit(limit)))


def unverified_bounces(session: Session, *, since: datetime) -> int:
    """How many bounces named no mail of ours, so counted for nothing; many of them are a sign of forgery."""
    wanted = select(func.count(col(Bounce.id))).where(
        Bounce.state == ReportState.UNVERIFIED, Bounce.received_at >= since
    )
    return session.exec(wanted).one()


def count_against(session: Session, address: str, limits: Limits, *, now: datetime) -> None:
    """Stop what the bounces of an address call for, after each new one that is verified."""
    strikes = _hard(session, address, limits, now) + _soft_in_a_row(session, address, now) // limits.soft_as_hard
    if strikes >= limits.stop_after:
        words = f"mail to it came back {strikes} times within {limits.within.days} days"
        suppress(session, address, Stream.ALL, SuppressionCause.BOUNCES, words, now=now)
    if strikes >= limits.limit_after:
        for stream in _LIMITED:
            suppress(session, address, stream, SuppressionCause.BOUNCES, "mail to it came back", now=now)


def _hard(session: Session, address: str, limits: Limits, now: datetime) -> int:
    """Mails that came back for good; one that came back twice counts once."""
    after = max(now - limits.within, _forgiven_at(session, address) or now - limits.within)
    wanted = select(func.count(func.distinct(Bounce.delivery_id))).where(
        Bounce.address == address.lower(),
        Bounce.kind == FailureKind.HARD,
        Bounce.state == ReportState.VERIFIED,
        Bounce.received_at > after,
    )
    return session.exec(wanted).one()


def _soft_in_a_row(session: Session, address: str, now: datetime) -> int:
    """Mails that came back softly since one arrived, or since all was forgiven."""
    wanted = select(func.count(func.distinct(Bounce.delivery_id))).where(
        Bounce.address == address.lower(),
        Bounce.kind == FailureKind.SOFT,
        Bounce.state == ReportState.VERIFIED,
        col(Bounce.delivery_id) > _last_arrived(session, address, now),
    )
    if forgiven_at := _forgiven_at(session, address):
        wanted = wanted.where(Bounce.received_at > forgiven_at)
    return session.exec(wanted).one()


def _last_arrived(session: Session, address: str, now: datetime) -> int:
    arrived = select(func.max(col(Delivery.id))).where(
        func.lower(Delivery.recipient) == address.lower(),
        Delivery.state == DeliveryState.SENT,
        col(Delivery.settled_at) < now - _ARRIVED_AFTER,
    )
    return session.exec(arrived).one() or 0


def _forgiven_at(session: Session, address: str) -> datetime | None:
    lifted = select(Suppression.lifted_at).where(
        Suppression.address == address.lower(), col(Suppression.lifted_at).is_not(None)
    )
    return session.exec(lifted.order_by(col(Suppression.lifted_at).desc()).limit(1)).first()
