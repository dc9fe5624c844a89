"""Stored bytes become a Message in its conversation, once; what cannot be read is quarantined with the reason."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from sqlmodel import Session, col, select

from mailer.clock import Clock
from mailer.db import Database, describe, insert_once
from mailer.errors import InputError
from mailer.inbound.authenticity import Ourselves, domain_of, look_alike
from mailer.inbound.claims import BY_LINK, REASONS, proven
from mailer.inbound.join import Newcomer
from mailer.inbound.news import tell_opened, tell_replied
from mailer.inbound.parse import parse
from mailer.inbound.parsed import ParsedMail
from mailer.inbound.thread import Place, Rules, place_of
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
    lift_undeliverable,
    note_report,
)

log = structlog.get_logger()

_BATCH = 50


@dataclass(frozen=True)
class Stored:
    """Bytes at rest that wait to be read."""

    raw_mail_id: int
    raw: bytes
    mailbox: str


@dataclass(frozen=True)
class Letter:
    """Stored bytes, and what they turned out to say."""

    raw_mail_id: int
    mail: ParsedMail


# Reads bytes that came to the mailbox of this name; raises InputError for what cannot be read.
Read = Callable[[bytes, str], ParsedMail]


async def receive_stored(
    db: Database,
    clock: Clock,
    own_addresses: frozenset[str],
    *,
    read: Read | None = None,
    rules: Rules | None = None,
) -> bool:
    """Read a batch of stored mail, with no transaction open while reading; False when there was none.

    The daemon's `read` asks the limited child process; without it mail is read here.
    """
    stored = await db.read(stored_mail, _BATCH)
    if not stored:
        return False
    read = read or (lambda raw, _: parse(raw, Ourselves(own_addresses)))
    letters, unreadable = await asyncio.to_thread(_read_all, stored, own_addresses, read)
    for raw_mail_id, error in unreadable:
        await db.run(quarantine, raw_mail_id, error)
    now = clock.now()
    await db.run_each(lambda session, batch: receive(session, batch, now=now, rules=rules), letters, _set_aside)
    return True


def stored_mail(session: Session, limit: int) -> list[Stored]:
    """The oldest mails that nobody has read."""
    rows = session.exec(
        select(RawMail.id, Blob, Mailbox.name)
        .join(Mailbox, col(Mailbox.id) == RawMail.mailbox_id)
        .join(Blob, col(Blob.sha256) == RawMail.sha256)
        .where(RawMail.state == RawMailState.STORED)
        .order_by(col(RawMail.id))
        .limit(limit)
    )
    return [Stored(number, blob.unpack(), mailbox) for number, blob, mailbox in rows if number is not None]


def receive(session: Session, letters: Sequence[Letter], *, now: datetime, rules: Rules | None = None) -> None:
    """Give each mail its conversation. A mail that another worker took meanwhile is left alone."""
    for letter in letters:
        raw_mail = _take(session, letter.raw_mail_id)
        if raw_mail is not None:
            _receive_one(session, raw_mail, letter.mail, rules, now)


def quarantine(session: Session, raw_mail_id: int, error: str) -> None:
    """Keep a mail that cannot be read for a person, with the reason."""
    raw_mail = _take(session, raw_mail_id)
    if raw_mail is not None:
        raw_mail.state = RawMailState.QUARANTINED
        raw_mail.error = error
        log.warning("mail_quarantined", raw_mail=raw_mail_id)


def _read_all(stored: Sequence[Stored], own: frozenset[str], read: Read) -> tuple[list[Letter], list[tuple[int, str]]]:
    letters, unreadable = [], []
    for one in stored:
        try:
            letters.append(Letter(one.raw_mail_id, _not_our_own(read(one.raw, one.mailbox), own)))
        except InputError as error:
            unreadable.append((one.raw_mail_id, "; ".join(error.problems)))
        except Exception as error:
            log.exception("parse_failed", raw_mail=one.raw_mail_id)
            unreadable.append((one.raw_mail_id, describe(error)))
    return letters, unreadable


def _not_our_own(mail: ParsedMail, own: frozenset[str]) -> ParsedMail:
    """Our own addresses are never answered, whatever the headers say: two of us would write for ever."""
    if any(sender.address in own for sender in mail.senders):
        # What the shop's platform sends in our name is told apart by its signature, not by its sender.
        route = Route.ORDER if mail.route == Route.ORDER else Route.NONE
        return replace(mail, route=route.value, automatic="sent by ourselves")
    return mail


def _take(session: Session, raw_mail_id: int) -> RawMail | None:
    wanted = select(RawMail).where(RawMail.id == raw_mail_id, RawMail.state == RawMailState.STORED)
    return session.exec(wanted.with_for_update(skip_locked=True)).first()


def _receive_one(session: Session, raw_mail: RawMail, told: ParsedMail, rules: Rules | None, now: datetime) -> None:
    try:
        mail = proven(session, told, rules or Rules(), history=raw_mail.history, now=now)
    except InputError as error:
        raw_mail.state, raw_mail.error = RawMailState.QUARANTINED, "; ".join(error.problems)
        log.warning("mail_quarantined", raw_mail=raw_mail.id)
        return
    mailbox = session.get_one(Mailbox, raw_mail.mailbox_id)
    customer = _customer(session, mail, now)
    place = Place(None) if mail.route in REASONS else _place(session, customer, mailbox, mail, raw_mail, rules)
    conversation = place.conversation or _open(session, customer, mailbox, mail, place, raw_mail.history, now)
    news = _asks(mail, raw_mail) and (place.conversation is None or conversation.state == ConversationState.CLOSED)
    if place.conversation is not None and _asks(mail, raw_mail):
        conversation.state, conversation.reason = ConversationState.NEEDS_ANSWER, ""
        conversation.updated_at = now
        conversation.wake("the customer wrote")
    message = _message(raw_mail, mailbox, conversation, mail, now)
    message.warnings = [*message.warnings, *_imitation(session, customer, place)]
    message.defects = [*message.defects, *_why_here(place)]
    session.add(message)
    session.flush()
    _note_what_it_proves(session, mailbox, message, mail, now)
    if news:
        tell_opened(session, conversation, message, now=now)
    if _asks(mail, raw_mail):
        tell_replied(session, message, now=now)
    raw_mail.state = RawMailState.RECEIVED
    session.flush()


def _asks(mail: ParsedMail, raw_mail: RawMail) -> bool:
    """Whether a customer wrote it and waits for an answer."""
    return not mail.automatic and not raw_mail.history and mail.route not in REASONS


def _place(
    session: Session, customer: Customer, mailbox: Mailbox, mail: ParsedMail, raw_mail: RawMail, rules: Rules | None
) -> Place:
    return place_of(
        session,
        customer,
        mail.in_reply_to,
        mail.reference_ids,
        subject=mail.subject,
        rules=rules,
        newcomer=Newcomer.of(mail, mailbox.storefront, history=raw_mail.history),
    )


def _note_what_it_proves(session: Session, mailbox: Mailbox, message: Message, mail: ParsedMail, now: datetime) -> None:
    """A mail that we hold exists; so does the one that it returns; and whoever writes can be written to."""
    places = {f"mailbox {mailbox.id}": mail.message_id, "returned": mail.reported_message_id}
    for place, message_id in places.items():
        if message_id:
            insert_once(session, Sighting(internet_message_id=message_id, place=place, seen_at=now))
    if message.history:
        return
    if message.route in (Route.BOUNCE, Route.COMPLAINT):
        note_report(
            session,
            message,
            mail.bounces,
            reported_message_id=mail.reported_message_id,
            returned_to=mail.returned_to,
            feedback_type=mail.feedback_type,
        )
    elif not mail.automatic and message.from_address:
        lift_undeliverable(session, message.from_address, now=now)


def _customer(session: Session, mail: ParsedMail, now: datetime) -> Customer:
    sender = mail.senders[0] if mail.senders else None
    address = sender.address if sender else ""
    name = sender.name if sender else ""
    insert_once(session, Customer(address=address, name=name, created_at=now))
    customer = session.exec(select(Customer).where(Customer.address == address)).one()
    # A mail of ours may have made the row, which knew the address only.
    customer.name = customer.name or name
    return customer


def _open(
    session: Session,
    customer: Customer,
    mailbox: Mailbox,
    mail: ParsedMail,
    place: Place,
    history: bool,
    now: datetime,
) -> Conversation:
    machine = f"an automatic mail ({mail.automatic})" if mail.automatic else ""
    closed_by = "history" if history else REASONS.get(Route(mail.route), machine)
    conversation = Conversation(
        customer_id=customer.id or 0,
        storefront=mailbox.storefront,
        state=ConversationState.CLOSED if closed_by else ConversationState.NEEDS_ANSWER,
        reason=closed_by,
        subject=mail.subject,
        possibly_of=place.possibly_of,
        relay_key=place.relay_key,
        created_at=now,
        updated_at=now,
    )
    session.add(conversation)
    session.flush()
    return conversation


def _imitation(session: Session, customer: Customer, place: Place) -> list[str]:
    """A stranger in a customer's conversation, under a domain that looks like the customer's."""
    conversation = session.get(Conversation, place.possibly_of) if place.possibly_of else None
    other = session.get(Customer, conversation.customer_id) if conversation else None
    domain = domain_of(customer.address)
    like = look_alike(domain, [domain_of(other.address)]) if other else None
    return [f"The sender's domain {domain} looks like the customer's ({like}) and is another."] if like else []


def _why_here(place: Place) -> list[str]:
    if not place.joined:
        return []
    return [
        "it names no earlier mail and is here because this conversation still waited for our answer; part it off"
        " below if it is another matter"
    ]


def _state(raw_mail: RawMail, mail: ParsedMail) -> MessageState:
    if mail.automatic or mail.route == Route.ORDER:
        return MessageState.AUTOMATED
    return MessageState.FILED if raw_mail.history else MessageState.RECEIVED


def _message(
    raw_mail: RawMail, mailbox: Mailbox, conversation: Conversation, mail: ParsedMail, now: datetime
) -> Message:
    sender = mail.senders[0] if mail.senders else None
    return Message(
        conversation_id=conversation.id or 0,
        direction=Direction.IN,
        state=_state(raw_mail, mail),
        route=Route(mail.route),
        storefront=mailbox.storefront,
        raw_mail_id=raw_mail.id,
        sha256=raw_mail.sha256 or "",
        internet_message_id=mail.message_id,
        in_reply_to=mail.in_reply_to,
        reference_ids=list(mail.reference_ids),
        subject=mail.subject,
        from_address=sender.address if sender else "",
        from_name=sender.name if sender else "",
        senders=[one.address for one in mail.senders],
        reply_to=mail.reply_to,
        to_address=mail.mailed_to if mail.route in BY_LINK else "",
        to_addresses=[one.address for one in mail.to],
        cc_addresses=[one.address for one in mail.cc],
        text=mail.text,
        own_words=mail.own_words,
        has_html=mail.html is not None,
        dmarc=mail.authenticity.dmarc,
        warnings=list(mail.authenticity.warnings),
        defects=[*mail.defects, *_missing(raw_mail)],
        files=[vars(file) for file in mail.attachments],
        may_auto_answer=mail.may_auto_answer and not raw_mail.history,
        history=raw_mail.history,
        partial=raw_mail.partial,
        # A server's clock may run ahead; a deadline must not begin in the future.
        received_at=min(raw_mail.internal_date, now),
        created_at=now,
    )


def _missing(raw_mail: RawMail) -> list[str]:
    """What the agent must know of a mail that is larger than we fetch unasked."""
    if not raw_mail.partial:
        return []
    size = f"{raw_mail.size / 1e6:.1f} MB"
    return [f"this mail has {size}; only its header and the beginning of its text were fetched, no attachments"]


def _set_aside(session: Session, letter: Letter, error: str) -> None:
    quarantine(session, letter.raw_mail_id, error)
