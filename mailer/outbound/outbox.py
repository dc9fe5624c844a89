"""A delivery is born: in the transaction of the decision that it carries out, with its bytes frozen."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from mailer.db import insert_once
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


def enqueue(session: Session, conversation: Conversation, mail: Outgoing, *, now: datetime) -> Delivery:
    """Write the outgoing Message and its Delivery. It goes when the time to undo is over.

    Raises InputError for a mail that is not what it was meant to be; nothing is queued then.
    """
    refuse_a_broken_mail(session, mail)
    name = digest(mail.raw)
    insert_once(session, Blob.of(name, mail.raw))
    message = Message(
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
    session.add(message)
    session.flush()
    delivery = Delivery(
        key=mail.key,
        message_id=message.id or 0,
        draft_id=mail.draft_id,
        kind=mail.kind,
        envelope_sender=mail.envelope_sender,
        recipient=mail.recipient,
        state=DeliveryState.UNDOABLE,
        undo_until=mail.undo_until,
        queued_at=now,
        next_attempt_at=mail.undo_until,
        expires_at=mail.expires_at,
    )
    session.add(delivery)
    session.flush()
    return delivery


def refuse_a_broken_mail(session: Session, mail: Outgoing) -> None:
    """Read the bytes again before anybody sends them. Raises InputError with all that is wrong."""
    newest = select(Circuit.size_limit).order_by(col(Circuit.changed_at).desc())
    limit = session.exec(newest.limit(1)).first()
    meant = Meant(mail.message_id, str(mailable(mail.recipient)), mail.subject, mail.text, limit)
    if problems := proofread(mail.raw, meant):
        raise InputError("outgoing mail", problems)
