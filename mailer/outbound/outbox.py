"""A delivery is born: in the transaction of the decision that it carries out, with its bytes frozen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from mailer.db import insert_many, insert_once
from mailer.errors import InputError
from mailer.model import Blob, Circuit, Conversation, Delivery, DeliveryState, Direction, Message, MessageState, Route
from mailer.outbound.address import mailable
from mailer.outbound.proofread import Meant, proofread
from mailer.signing import digest


@dataclass(frozen=True)
class Outgoing:
    """A mail that was decided on. `key` names the decision: the same key is never sent twice."""

    key: str
    message_id: str
    raw: bytes
    recipient: str
    subject: str
    text: str
    in_reply_to: str
    draft_id: int | None
    undo_until: datetime
    expires_at: datetime
    kind: str = "reply"
    # MAIL FROM, where it is not the sender's own address; empty is the null return path.
    envelope_sender: str | None = None
    # The passage through a flow that sends it.
    enrollment_id: int | None = None


def enqueue(session: Session, conversation: Conversation, mail: Outgoing, *, now: datetime) -> Delivery:
    """Write the outgoing Message and its Delivery. It goes when the time to undo is over.

    Raises InputError for a mail that is not what it was meant to be; nothing is queued then.
    """
    return session.get_one(Delivery, enqueue_all(session, [(conversation, mail)], now=now)[0])


def enqueue_all(session: Session, mails: Sequence[tuple[Conversation, Outgoing]], *, now: datetime) -> list[int]:
    """As `enqueue`, for many mails with few statements; the ids of their deliveries.

    Raises InputError when one is broken; none is queued then.
    """
    limit = _size_limit(session)
    for _, mail in mails:
        _refuse_a_broken_mail(mail, limit)
    session.flush()
    messages = insert_many(session, Message, [_message(session, talk, mail, now) for talk, mail in mails])
    made = zip(messages, mails, strict=True)
    return insert_many(session, Delivery, [_delivery(message, mail, now) for message, (_, mail) in made])


def refuse_a_broken_mail(session: Session, mail: Outgoing) -> None:
    """Read the bytes again before anybody sends them. Raises InputError with all that is wrong."""
    _refuse_a_broken_mail(mail, _size_limit(session))


def _refuse_a_broken_mail(mail: Outgoing, limit: int | None) -> None:
    meant = Meant(mail.message_id, str(mailable(mail.recipient)), mail.subject, mail.text, limit, mail.kind)
    if problems := proofread(mail.raw, meant):
        raise InputError("outgoing mail", problems)


def _size_limit(session: Session) -> int | None:
    newest = select(Circuit.size_limit).order_by(col(Circuit.changed_at).desc())
    return session.exec(newest.limit(1)).first()


def _message(session: Session, conversation: Conversation, mail: Outgoing, now: datetime) -> dict[str, Any]:
    name = digest(mail.raw)
    insert_once(session, Blob.of(name, mail.raw))
    return dict(
        conversation_id=conversation.id or 0,
        direction=Direction.OUT,
        state=MessageState.COMPOSED,
        route=Route.NONE,
        storefront=conversation.storefront,
        sha256=name,
        internet_message_id=mail.message_id,
        in_reply_to=mail.in_reply_to,
        subject=mail.subject,
        to_address=mail.recipient,
        text=mail.text,
        own_words=mail.text,
        received_at=now,
        created_at=now,
    )


def _delivery(message: int, mail: Outgoing, now: datetime) -> dict[str, Any]:
    return dict(
        key=mail.key,
        message_id=message,
        draft_id=mail.draft_id,
        enrollment_id=mail.enrollment_id,
        kind=mail.kind,
        envelope_sender=mail.envelope_sender,
        recipient=mail.recipient,
        # What nobody can take back is queued at once.
        state=DeliveryState.UNDOABLE if mail.undo_until > now else DeliveryState.QUEUED,
        undo_until=mail.undo_until,
        queued_at=now,
        next_attempt_at=mail.undo_until,
        expires_at=mail.expires_at,
    )
