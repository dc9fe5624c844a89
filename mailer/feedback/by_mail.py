"""Ratings and goodbyes that come as mail: `care+rate-TOKEN@shop.example`, the value in the subject.

Scanners open links, they do not write mails; so a shop without a public address can still ask. A token that is not ours
or whose time is over makes the mail an ordinary one: a person wrote it, and it is read like any other.
"""

import re
from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlmodel import Session, col, select

from mailer.clock import Clock
from mailer.db import Database
from mailer.errors import InputError
from mailer.events import record_event
from mailer.feedback.survey import Answer, rate, values_of
from mailer.feedback.unsubscribe import leave, stream_of
from mailer.links import Link, in_address, read_link
from mailer.model import Conversation, ConversationState, Customer, Message, MessageState, Route
from mailer.signing import Keys

log = structlog.get_logger()

_BATCH = 20
_ROUTES = (Route.RATING, Route.UNSUBSCRIBE)
_NUMBER = re.compile(r"(?<!\d)(\d{1,2})(?!\d)")


async def take_answers(db: Database, clock: Clock, keys: Keys) -> bool:
    """Take a batch; False when there was none."""
    waiting = await db.read(waiting_answers, _BATCH)

    def take_all(session: Session, ids: Sequence[int]) -> None:
        take(session, ids, keys, now=clock.now())

    await db.run_each(take_all, waiting, set_aside)
    return bool(waiting)


def waiting_answers(session: Session, limit: int) -> list[int]:
    """The ids of the oldest mails that answer by their address."""
    wanted = select(Message.id).where(
        Message.state == MessageState.RECEIVED, col(Message.route).in_(_ROUTES), col(Message.error).is_(None)
    )
    return [number for number in session.exec(wanted.order_by(col(Message.id)).limit(limit)) if number]


def take(session: Session, message_ids: Sequence[int], keys: Keys, *, now: datetime) -> None:
    """Record what these mails say. One that says nothing we can take becomes a customer's mail."""
    wanted = select(Message).where(col(Message.id).in_(message_ids), Message.state == MessageState.RECEIVED)
    for message in session.exec(wanted.order_by(col(Message.id)).with_for_update(skip_locked=True)):
        link = _link_of(message, keys, now)
        # What one of us tried out is taken for nothing.
        if link is not None and (link.is_test or _taken(session, message, link, now)):
            message.state = MessageState.AUTOMATED
        else:
            _is_for_people(session, message, now)


def set_aside(session: Session, message_id: int, error: str) -> None:
    """Keep a mail that breaks the step for a person."""
    message = session.get_one(Message, message_id)
    message.error = error
    _is_for_people(session, message, message.created_at)


def value_in(subject: str, question: str) -> int | None:
    """The answer that a subject holds: its only number that answers the question, as in "4" or "Re: 4 of 5"."""
    plain = re.sub(r"(?:of|von|sur|de|di|van|/)\s{0,3}(?:5|10)\b", " ", subject[:200].lower())
    found = {int(number) for number in _NUMBER.findall(plain)} & set(values_of(question))
    return found.pop() if len(found) == 1 else None


def _taken(session: Session, message: Message, link: Link, now: datetime) -> bool:
    if link.purpose == "unsubscribe":
        leave(session, link, [stream_of(link)], words="by mail to the way out", now=now)
        return True
    value = value_in(message.subject, link.question)
    if value is None:
        return False
    try:
        rate(session, link, Answer(value, message.own_words, "mail"), now=now)
    except InputError:
        return False
    return True


def _link_of(message: Message, keys: Keys, now: datetime) -> Link | None:
    """The link in the address that the mail went to; None for what is not ours, another's, or over."""
    named = in_address(f"{message.to_address}")
    if named is None:
        return None
    try:
        link = read_link(keys, named[1])
    except InputError:
        return None
    return link if link.purpose == named[0] and not link.expired(now) else None


def _is_for_people(session: Session, message: Message, now: datetime) -> None:
    message.route = Route.TRIAGE
    conversation = session.get_one(Conversation, message.conversation_id)
    conversation.state, conversation.reason = ConversationState.NEEDS_ANSWER, ""
    conversation.updated_at = now
    record_event(
        session,
        "conversation.opened",
        ("conversation", conversation.id or 0),
        key=f"conversation.opened:{message.id}",
        order_id=conversation.order_id,
        address=session.get_one(Customer, conversation.customer_id).address,
        at=message.received_at,
        now=now,
        data={"message_id": message.id},
    )
    log.info("answer_by_mail_not_taken", message=message.id)
