"""Mails of ours that came back: a delivery that was sent, and the bounce or complaint that speaks of it."""

from datetime import datetime

from sqlmodel import Session, col, select

from mailer.failure import BouncedRecipient
from mailer.model import (
    Bounce,
    Complaint,
    DeliveryState,
    Message,
    MessageState,
    Route,
    Suppression,
    note_report,
)
from mailer.outbound.bounce import settle_bounces
from mailer.outbound.outcome import Accepted
from mailer.outbound.settle import settle
from mailer.outbound.suppress import Limits
from mailer.signing import Keys
from tests import build

DAEMON = "mailer-daemon@mx.test"


def sent(session: Session, now: datetime, **changes: str) -> tuple[build.Asked, int]:
    """An answer that the relay took."""
    case, delivery_id = build.approved(session, now, **changes)
    settle(session, build.delivery(session, delivery_id), Accepted("250 queued"), now=now)
    session.flush()
    return case, delivery_id


def answer_id(session: Session, delivery_id: int) -> str:
    """The Message-ID under which a delivery went out."""
    return session.get_one(Message, build.delivery(session, delivery_id).message_id).internet_message_id


def bounce(
    session: Session,
    now: datetime,
    reported: str,
    *,
    kind: str = "hard",
    recipient: str = build.ANA,
    returned_to: str = "",
    diagnostic: str = "550 5.1.1 no such user",
) -> int:
    """A bounce arrived that gives this Message-ID back; the id of its Message."""
    message = build.customer_mail(
        session, now, sender=DAEMON, state=MessageState.AUTOMATED, route=Route.BOUNCE, subject="Undelivered mail"
    )
    action = "delayed" if kind == "delayed" else "failed"
    one = BouncedRecipient(recipient, action, "5.1.1", diagnostic, kind)
    note_report(session, message, [one], reported_message_id=reported, returned_to=returned_to)
    session.flush()
    return message.id or 0


def complaint(session: Session, now: datetime, reported: str, feedback_type: str = "abuse") -> int:
    """A spam report arrived that gives this Message-ID back; the id of its Message."""
    message = build.customer_mail(
        session, now, sender="fbl@provider.test", state=MessageState.AUTOMATED, route=Route.COMPLAINT
    )
    note_report(session, message, [], reported_message_id=reported, feedback_type=feedback_type)
    session.flush()
    return message.id or 0


def take(session: Session, keys: Keys, now: datetime, limits: Limits | None = None) -> int:
    """Let all bounces that wait count; how many were settled."""
    session.flush()
    return settle_bounces(session, keys, limits or Limits(), now=now)


def came_back(session: Session, keys: Keys, now: datetime, kind: str = "hard", **changes: str) -> int:
    """An answer was sent and came back in one go; its delivery."""
    _, delivery_id = sent(session, now, **changes)
    bounce(session, now, answer_id(session, delivery_id), kind=kind)
    take(session, keys, now)
    return delivery_id


def streams(session: Session, address: str = build.ANA) -> set[str]:
    """What is stopped to an address now."""
    session.flush()
    session.expire_all()
    wanted = select(Suppression).where(Suppression.address == address, col(Suppression.lifted_at).is_(None))
    return {row.stream.value for row in session.exec(wanted)}


def bounces(session: Session) -> list[Bounce]:
    """All bounces, the oldest first."""
    session.expire_all()
    return list(session.exec(select(Bounce).order_by(col(Bounce.id))))


def complaints(session: Session) -> list[Complaint]:
    """All complaints, the oldest first."""
    session.expire_all()
    return list(session.exec(select(Complaint).order_by(col(Complaint.id))))


def state(session: Session, delivery_id: int) -> DeliveryState:
    """Where a delivery stands."""
    return build.delivery(session, delivery_id).state
