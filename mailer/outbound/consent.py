"""May we write to somebody by ourselves? What people agreed to and refused, and what their country asks for.

Orders, answers and what belongs to a delivery need no consent; an opt-out stops its own stream and no order mail.
A request for feedback counts as advertising in some countries (Germany: BGH, VI ZR 225/17), so it needs consent there.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sqlalchemy import ColumnElement, and_
from sqlmodel import Session, col, select, update

from mailer.config import Settings
from mailer.db import insert_once
from mailer.events import record_event
from mailer.model import Consent, Customer, Stream, Suppression, SuppressionCause
from mailer.outbound.suppress import suppress, suppressed
from mailer.signing import tombstone

STREAMS = (Stream.FEEDBACK, Stream.MARKETING)
OPT_INS = frozenset({"opt_in", "double_opt_in"})
BASES = frozenset({*OPT_INS, "existing_customer", "withdrawn"})


@dataclass(frozen=True)
class ConsentTerms:
    """Where feedback needs consent ("*" is everywhere); `home` stands for a country that an order leaves out."""

    feedback_needs_consent: frozenset[str] = frozenset({"DE", "AT"})
    home: str = ""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As [consent] says."""
        return cls(frozenset(settings.consent.feedback_needs_consent), settings.shop.country or "")

    def asks(self, country: str | None) -> bool:
        """Whether feedback needs consent there."""
        return bool(self.feedback_needs_consent & {"*", (country or self.home).upper()})


@dataclass(frozen=True)
class ConsentTold:
    """What an address agreed to or refused, as a source tells it. `key` makes the same telling the same.

    `granted` is false also where somebody was asked and never agreed; only the basis "withdrawn" takes consent back.
    `anew`: the person did something at that moment to agree, so it takes an earlier way out back; an order that only
    shows what the platform has on file does not.
    """

    key: str
    address: str
    stream: str
    granted: bool
    basis: str
    source: str
    given_at: datetime
    wording: str = ""
    anew: bool = True


def record_consent(session: Session, told: ConsentTold, *, now: datetime) -> bool:
    """Keep what was told, once; whether it was new. The newest by `given_at` counts, whenever we hear of it.

    What is withdrawn is suppressed; a later opt-in of the person themselves lifts that.
    """
    if told.basis not in BASES or told.stream not in {stream.value for stream in STREAMS}:
        raise ValueError(f"{told.basis} for {told.stream} is no consent; bases are {', '.join(sorted(BASES))}")
    address, stream = told.address.strip().lower(), Stream(told.stream)
    row = Consent(
        key=told.key,
        address=address,
        stream=told.stream,
        granted=told.granted,
        basis=told.basis,
        source=told.source,
        wording=told.wording,
        given_at=told.given_at,
        recorded_at=now,
    )
    if not insert_once(session, row):
        return False
    newest = _newest(session, address, stream)
    if newest is None or newest.key != told.key:
        return True
    if told.basis == "withdrawn":
        _stop(session, address, stream, "they withdrew their consent", at=told.given_at, now=now)
    elif told.granted and told.anew and told.basis in OPT_INS:
        _lift(session, address, stream, told.given_at, now)
    return True


def opt_out(
    session: Session, address: str, stream: Stream, *, wording: str, source: str = "customer", now: datetime
) -> bool:
    """Somebody wants no more of a stream; whether that is news. ALL means both streams, and no order mail.

    Raises InputError when it is no address.
    """
    streams = STREAMS if stream == Stream.ALL else (Stream(stream),)
    return any([_opt_out_of(session, address.strip().lower(), one, wording, source, now) for one in streams])


def may_write(session: Session, address: str, kind: str, country: str | None, terms: ConsentTerms) -> str:
    """Why a mail of this kind must not go to this address, in words; empty when it may."""
    if stopped := suppressed(session, address, kind):
        return stopped
    if kind == Stream.MARKETING:
        return "" if _agreed(session, address, Stream.MARKETING, OPT_INS) else "they never agreed to offers"
    if kind == Stream.FEEDBACK and terms.asks(country) and not _may_ask(session, address):
        return f"they never agreed to surveys, and {country or 'their unknown country'} asks for that"
    return ""


def has_consent(session: Session, address: str, stream: Stream) -> bool:
    """Whether somebody opted in to a stream, and nothing later says otherwise."""
    return _agreed(session, address, stream, OPT_INS)


def marketplace_forbids(kind: str) -> str:
    """Why a mail of this kind must not go to a marketplace's buyer, in words; empty when it may.

    Marketplaces allow what completes an order, through their relay address and without links of ours; they forbid
    offers, and requests for a review by any other way than their own.
    """
    if kind in (Stream.FEEDBACK, Stream.MARKETING):
        return "a marketplace's buyers get no offers and no requests for reviews from us"
    return ""


def _opt_out_of(session: Session, address: str, stream: Stream, wording: str, source: str, now: datetime) -> bool:
    suppression = _stop(session, address, stream, wording, at=now, now=now)
    if suppression is None:
        return False
    told = Consent(
        key=f"opt_out:{suppression}",
        address=address,
        stream=stream.value,
        granted=False,
        basis="withdrawn",
        source=source,
        wording=wording,
        given_at=now,
        recorded_at=now,
    )
    insert_once(session, told)
    return True


def _stop(session: Session, address: str, stream: Stream, words: str, *, at: datetime, now: datetime) -> int | None:
    """Suppress a stream by the wish of the address; the id of the suppression, None when it was stopped already."""
    if not suppress(session, address, stream, SuppressionCause.OPT_OUT, words, now=at):
        return None
    wanted = select(Suppression.id).where(_open(address, stream)).order_by(col(Suppression.id).desc())
    suppression = session.exec(wanted).first()
    insert_once(session, Customer(address=address, created_at=now))
    customer = session.exec(select(Customer.id).where(Customer.address == address)).one() or 0
    record_event(
        session,
        "customer.opted_out",
        ("customer", customer),
        key=f"customer.opted_out:{suppression}",
        address=address,
        at=at,
        now=now,
        data={"stream": stream.value},
    )
    return suppression


def _lift(session: Session, address: str, stream: Stream, given_at: datetime, now: datetime) -> None:
    session.exec(
        update(Suppression)
        .where(_open(address, stream), col(Suppression.since) <= given_at)
        .values(lifted_at=now, lifted_because="they agreed again by themselves")
    )


def _open(address: str, stream: Stream) -> ColumnElement[bool]:
    return and_(
        col(Suppression.address).in_([address, tombstone(address)]),
        col(Suppression.stream) == stream,
        col(Suppression.cause) == SuppressionCause.OPT_OUT,
        col(Suppression.lifted_at).is_(None),
    )


def _may_ask(session: Session, address: str) -> bool:
    """Whether somebody may be asked for feedback: they agreed to that, or to offers, of which it is the milder kind."""
    known = _newest(session, address.lower(), Stream.FEEDBACK)
    if known is not None:
        return known.granted
    return _agreed(session, address, Stream.MARKETING, BASES)


def _agreed(session: Session, address: str, stream: Stream, bases: frozenset[str]) -> bool:
    newest = _newest(session, address.lower(), stream)
    return newest is not None and newest.granted and newest.basis in bases


def _newest(session: Session, address: str, stream: Stream) -> Consent | None:
    wanted = select(Consent).where(Consent.address == address, Consent.stream == stream.value)
    return session.exec(wanted.order_by(col(Consent.given_at).desc(), col(Consent.id).desc()).limit(1)).first()
