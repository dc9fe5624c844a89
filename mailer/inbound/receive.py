"""Stored bytes become a Message in its conversation, once; what cannot be read is quarantined with the reason."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlmodel import Session, col, select

from mailer.clock import Clock
from mailer.db import Database, describe, insert_once
from mailer.errors import InputError
from mailer.inbound.parse import ParsedMail, parse
from mailer.inbound.thread import find_conversation
from mailer.model import (
    Blob,
    Conversation,
    ConversationState,
    Customer,
    Direction,
    Mailbox,
    Message,
    MessageState,
    RawMail,
    RawMailState,
    Route,
    Sighting,
)

log = structlog.get_logger()

_BATCH = 50


@dataclass(frozen=True)
class Stored:
    """Bytes at rest that wait to be read."""

    raw_mail_id: int
    raw: bytes


@dataclass(frozen=True)
class Letter:
    """Stored bytes, and what they turned out to say."""

    raw_mail_id: int
    mail: ParsedMail


async def receive_stored(db: Database, clock: Clock, own_addresses: frozenset[str]) -> bool:
    """Read a batch of stored mail, with no transaction open while reading; False when there was none."""
    stored = await db.read(stored_mail, _BATCH)
    if not stored:
        return False
    letters, unreadable = await asyncio.to_thread(_read_all, stored, own_addresses)
    for raw_mail_id, error in unreadable:
        await db.run(quarantine, raw_mail_id, error)
    now = clock.now()
    await db.run_each(lambda session, batch: receive(session, batch, now=now), letters, _set_aside)
    return True


def stored_mail(session: Session, limit: int) -> list[Stored]:
    """The oldest mails that nobody has read."""
    rows = session.exec(
        select(RawMail.id, Blob)
        .join(Blob, col(Blob.sha256) == RawMail.sha256)
        .where(RawMail.state == RawMailState.STORED)
        .order_by(col(RawMail.id))
        .limit(limit)
    )
    return [Stored(raw_mail_id, blob.unpack()) for raw_mail_id, blob in rows if raw_mail_id is not None]


def receive(session: Session, letters: Sequence[Letter], *, now: datetime) -> None:
    """Give each mail its conversation. A mail that another worker took meanwhile is left alone."""
    for letter in letters:
        raw_mail = _take(session, letter.raw_mail_id)
        if raw_mail is not None:
            _receive_one(session, raw_mail, letter.mail, now)


def quarantine(session: Session, raw_mail_id: int, error: str) -> None:
    """Keep a mail that cannot be read for a person, with the reason."""
    raw_mail = _take(session, raw_mail_id)
    if raw_mail is not None:
        raw_mail.state = RawMailState.QUARANTINED
        raw_mail.error = error
        log.warning("mail_quarantined", raw_mail=raw_mail_id)


def _read_all(stored: Sequence[Stored], own: frozenset[str]) -> tuple[list[Letter], list[tuple[int, str]]]:
    letters, unreadable = [], []
    for one in stored:
        try:
            letters.append(Letter(one.raw_mail_id, _not_our_own(parse(one.raw), own)))
        except InputError as error:
            unreadable.append((one.raw_mail_id, "; ".join(error.problems)))
        except Exception as error:
            log.exception("parse_failed", raw_mail=one.raw_mail_id)
            unreadable.append((one.raw_mail_id, describe(error)))
    return letters, unreadable


def _not_our_own(mail: ParsedMail, own: frozenset[str]) -> ParsedMail:
    """Our own addresses are never answered, whatever the headers say: two of us would write for ever."""
    if any(sender.address in own for sender in mail.senders):
        return ParsedMail(**{**vars(mail), "route": Route.NONE, "automatic": "sent by ourselves"})
    return mail


def _take(session: Session, raw_mail_id: int) -> RawMail | None:
    wanted = select(RawMail).where(RawMail.id == raw_mail_id, RawMail.state == RawMailState.STORED)
    return session.exec(wanted.with_for_update(skip_locked=True)).first()


def _receive_one(session: Session, raw_mail: RawMail, mail: ParsedMail, now: datetime) -> None:
    mailbox = session.get_one(Mailbox, raw_mail.mailbox_id)
    customer = _customer(session, mail, now)
    conversation = find_conversation(session, customer.id or 0, mail.in_reply_to, mail.reference_ids)
    if conversation is None:
        conversation = _open(session, customer, mailbox, mail, now)
    elif not mail.automatic:
        conversation.state = ConversationState.NEEDS_ANSWER
        conversation.reason = ""
        conversation.updated_at = now
    session.add(_message(raw_mail, mailbox, conversation, mail, now))
    insert_once(session, Sighting(internet_message_id=mail.message_id, place=f"mailbox {mailbox.id}", seen_at=now))
    raw_mail.state = RawMailState.RECEIVED
    session.flush()


def _customer(session: Session, mail: ParsedMail, now: datetime) -> Customer:
    sender = mail.senders[0] if mail.senders else None
    address = sender.address if sender else ""
    insert_once(session, Customer(address=address, name=sender.name if sender else "", created_at=now))
    return session.exec(select(Customer).where(Customer.address == address)).one()


def _open(session: Session, customer: Customer, mailbox: Mailbox, mail: ParsedMail, now: datetime) -> Conversation:
    conversation = Conversation(
        customer_id=customer.id or 0,
        storefront=mailbox.storefront,
        state=ConversationState.CLOSED if mail.automatic else ConversationState.NEEDS_ANSWER,
        reason=f"an automatic mail ({mail.automatic})" if mail.automatic else "",
        subject=mail.subject,
        created_at=now,
        updated_at=now,
    )
    session.add(conversation)
    session.flush()
    return conversation


def _message(
    raw_mail: RawMail, mailbox: Mailbox, conversation: Conversation, mail: ParsedMail, now: datetime
) -> Message:
    sender = mail.senders[0] if mail.senders else None
    return Message(
        conversation_id=conversation.id or 0,
        direction=Direction.IN,
        state=MessageState.AUTOMATED if mail.automatic else MessageState.RECEIVED,
        route=mail.route,
        storefront=mailbox.storefront,
        raw_mail_id=raw_mail.id,
        sha256=raw_mail.sha256,
        internet_message_id=mail.message_id,
        in_reply_to=mail.in_reply_to,
        reference_ids=list(mail.reference_ids),
        subject=mail.subject,
        from_address=sender.address if sender else "",
        from_name=sender.name if sender else "",
        senders=[one.address for one in mail.senders],
        reply_to=mail.reply_to,
        text=mail.text,
        own_words=mail.own_words,
        # A server's clock may run ahead; a deadline must not begin in the future.
        received_at=min(raw_mail.internal_date, now),
        created_at=now,
    )


def _set_aside(session: Session, letter: Letter, error: str) -> None:
    quarantine(session, letter.raw_mail_id, error)
