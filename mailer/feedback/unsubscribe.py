"""The way out of surveys and offers: at once, for ever, and again without harm (RFC 8058). Order mail goes on."""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session, col, select

from mailer.links import Link
from mailer.model import Customer, Stream, Suppression, SuppressionCause
from mailer.outbound.consent import opt_out

STREAMS = (Stream.FEEDBACK, Stream.MARKETING)


def stream_of(link: Link) -> Stream:
    """The stream that a link leaves; the kind of the mail that it stood in."""
    return Stream(link.question) if link.question in {stream.value for stream in STREAMS} else Stream.ALL


def leave(session: Session, link: Link, streams: Iterable[Stream], *, words: str, now: datetime) -> bool:
    """Stop these streams to the link's owner; whether that is news."""
    customer = session.get(Customer, link.customer_id)
    if customer is None:
        return False
    return any([opt_out(session, customer.address, stream, wording=words, now=now) for stream in streams])


def left(session: Session, link: Link) -> frozenset[str]:
    """The streams that the link's owner left. What bounces stopped is not left: it may come back."""
    customer = session.get(Customer, link.customer_id)
    wanted = select(Suppression.stream).where(
        Suppression.address == (customer.address if customer else ""),
        Suppression.cause == SuppressionCause.OPT_OUT,
        col(Suppression.lifted_at).is_(None),
    )
    return frozenset(Stream(stream).value for stream in session.exec(wanted))
