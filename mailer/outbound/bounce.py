"""A mail of ours came back: whose was it, may that be believed, and what does it mean for mail and address?

Anybody can write a bounce. Only one that gives back a Message-ID of ours, or comes to an envelope sender that we
signed, counts; any other is kept, shown, and suppresses nothing (FAILURES D4).
"""

from datetime import datetime

from sqlmodel import Session, col, select

from mailer.clock import Clock
from mailer.db import Database
from mailer.failure import FailureKind, failure_kind
from mailer.model import (
    Bounce,
    Conversation,
    ConversationState,
    Delivery,
    DeliveryState,
    Direction,
    Message,
    ReportState,
)
from mailer.outbound.envelope import delivery_of
from mailer.outbound.suppress import Limits, count_against
from mailer.signing import Keys

_BATCH = 50
_UNDER_WAY = (DeliveryState.SENDING, DeliveryState.HANDING_OVER)
# Only a mail that the relay has, or may have, can come back.
_GONE_OUT = (DeliveryState.SENT, DeliveryState.UNKNOWN)
# A person or the drafts of a newer mail have the word there already.
_AT_REST = (ConversationState.WAITING, ConversationState.CLOSED, ConversationState.NEEDS_PERSON)
_MEANING = {
    FailureKind.HARD: "the address does not exist or takes no mail any more",
    FailureKind.SOFT: "it could not be delivered in time",
    FailureKind.POLICY: "the recipient's server refused the mail; the address may be well",
    FailureKind.DELAYED: "it is delayed",
}


async def take_bounces(db: Database, clock: Clock, keys: Keys, limits: Limits) -> bool:
    """Take a batch of bounces into account; False when there was none."""
    return bool(await db.run(settle_bounces, keys, limits, now=clock.now()))


def settle_bounces(session: Session, keys: Keys, limits: Limits, *, now: datetime) -> int:
    """Verify each bounce that waits, and let it count; how many were settled."""
    wanted = select(Bounce).where(Bounce.state == ReportState.RECEIVED).order_by(col(Bounce.id)).limit(_BATCH)
    waiting = session.exec(wanted.with_for_update(skip_locked=True)).all()
    return sum(_settle_one(session, bounce, keys, limits, now) for bounce in waiting)


def refused(session: Session, delivery: Delivery, words: str, *, now: datetime) -> None:
    """The relay said at once that the address is no good: that is a bounce too. What it says of our mail is none."""
    kind = failure_kind("failed", "", words)
    if kind is FailureKind.HARD:
        session.add(
            Bounce(
                delivery_id=delivery.id,
                recipient=delivery.recipient,
                kind=kind,
                action="failed",
                diagnostic=words[:500],
                received_at=now,
            )
        )


def reported_delivery(session: Session, message_id: str, returned_to: str, keys: Keys) -> Delivery | None:
    """The delivery that a report speaks of, when the report proves it: by our Message-ID, or our signed address."""
    number = delivery_of(returned_to, keys)
    if number is not None and (named := session.get(Delivery, number, with_for_update=True)) is not None:
        return named
    if not message_id:
        return None
    wanted = (
        select(Delivery)
        .join(Message, col(Message.id) == Delivery.message_id)
        .where(Message.internet_message_id == message_id, Message.direction == Direction.OUT)
        .order_by(col(Delivery.id).desc())
    )
    found = session.exec(wanted.with_for_update(of=Delivery)).all()
    return next((one for one in found if _is_ours(message_id, one.key, keys)), None)


def join_conversation(session: Session, message_id: int | None, delivery: Delivery) -> None:
    """Show a report in the conversation whose mail it speaks of."""
    report = session.get(Message, message_id) if message_id else None
    if report is not None:
        report.conversation_id = session.get_one(Message, delivery.message_id).conversation_id


def _settle_one(session: Session, bounce: Bounce, keys: Keys, limits: Limits, now: datetime) -> bool:
    if bounce.message_id is None and bounce.delivery_id is not None:
        delivery = session.get(Delivery, bounce.delivery_id)
    else:
        delivery = reported_delivery(session, bounce.reported_message_id, bounce.returned_to, keys)
    if delivery is not None and delivery.state in _UNDER_WAY:
        # Faster than the relay's own word; its outcome comes first.
        return False
    bounce.settled_at = now
    if delivery is None:
        bounce.state = ReportState.UNVERIFIED
        return True
    bounce.state, bounce.delivery_id, bounce.address = ReportState.VERIFIED, delivery.id, delivery.recipient.lower()
    join_conversation(session, bounce.message_id, delivery)
    if bounce.kind is not FailureKind.DELAYED:
        _came_back(session, delivery, bounce, now)
        session.flush()
        count_against(session, bounce.address, limits, now=now)
    return True


def _came_back(session: Session, delivery: Delivery, bounce: Bounce, now: datetime) -> None:
    if delivery.state not in _GONE_OUT:
        return
    words = f"{_MEANING[bounce.kind]}: {bounce.diagnostic}".rstrip(": ")
    delivery.state, delivery.reason, delivery.settled_at = DeliveryState.BOUNCED, words, now
    if delivery.kind != "reply":
        return
    message = session.get_one(Message, delivery.message_id)
    wanted = select(Conversation).where(Conversation.id == message.conversation_id).with_for_update()
    conversation = session.exec(wanted).one()
    if conversation.state in _AT_REST:
        conversation.state = ConversationState.NEEDS_PERSON
        conversation.reason = f"our answer came back: {words}"
        conversation.updated_at = now


def _is_ours(message_id: str, key: str, keys: Keys) -> bool:
    return keys.verify("message-id", key, message_id.strip("<>").partition("@")[0])
