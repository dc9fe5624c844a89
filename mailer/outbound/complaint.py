"""A recipient called a mail of ours spam: no more reviews, surveys and offers to them, until a person lifts it."""

from datetime import datetime

from sqlmodel import Session, col, select

from mailer.clock import Clock
from mailer.db import Database
from mailer.model import Complaint, DeliveryState, ReportState, Stream, SuppressionCause
from mailer.outbound.bounce import join_conversation, reported_delivery
from mailer.outbound.suppress import suppress
from mailer.signing import Keys

_BATCH = 50
# RFC 5965, 7.3 and RFC 6650: a failed authentication and a mail taken out of the spam folder are nobody's complaint.
_NO_COMPLAINTS = ("auth-failure", "not-spam", "dmarc")


async def take_complaints(db: Database, clock: Clock, keys: Keys) -> bool:
    """Take a batch of complaints into account; False when there was none."""
    return bool(await db.run(settle_complaints, keys, now=clock.now()))


def settle_complaints(session: Session, keys: Keys, *, now: datetime) -> int:
    """Verify each complaint that waits, and let it count; how many were settled."""
    wanted = select(Complaint).where(Complaint.state == ReportState.RECEIVED).order_by(col(Complaint.id)).limit(_BATCH)
    waiting = session.exec(wanted.with_for_update(skip_locked=True)).all()
    for complaint in waiting:
        _settle_one(session, complaint, keys, now)
    return len(waiting)


def _settle_one(session: Session, complaint: Complaint, keys: Keys, now: datetime) -> None:
    complaint.settled_at = now
    delivery = reported_delivery(session, complaint.reported_message_id, complaint.returned_to, keys)
    if delivery is None:
        complaint.state = ReportState.UNVERIFIED
        return
    complaint.state, complaint.delivery_id = ReportState.VERIFIED, delivery.id
    complaint.address = delivery.recipient.lower()
    join_conversation(session, complaint.message_id, delivery)
    if complaint.feedback_type in _NO_COMPLAINTS:
        return
    if delivery.state == DeliveryState.SENT:
        words = f"the recipient called it spam ({complaint.feedback_type})"
        delivery.state, delivery.reason, delivery.settled_at = DeliveryState.COMPLAINED, words, now
    for stream in (Stream.FEEDBACK, Stream.MARKETING):
        suppress(session, complaint.address, stream, SuppressionCause.COMPLAINT, "they called a mail spam", now=now)
