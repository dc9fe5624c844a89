"""A mail that one of us sends to themselves to see it: it goes the way of all mails, and counts for nothing.

It stands in a closed conversation of its own for each person, as kind "test": no clock, no limit of the flows and no
figure of the reports knows it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from mailer.errors import Conflict
from mailer.model import Conversation, ConversationState, Customer, Delivery, Message
from mailer.outbound.compose import LifecycleLetter, compose_lifecycle
from mailer.outbound.outbox import Outgoing, enqueue
from mailer.signing import Keys

MOST_IN_AN_HOUR = 20
MARK = "[Test]"
_TRIED_FOR = timedelta(hours=2)


@dataclass(frozen=True)
class Trial:
    """Who tries, and what: a letter whose Message-ID is made here."""

    agent_id: int
    letter: LifecycleLetter
    keys: Keys


def may_be_sent_to(address: str, own: str, listed: Sequence[str]) -> bool:
    """Whether a test may go there: to one's own address, to a listed one, or to any at a listed domain."""
    wanted = address.lower()
    return not {wanted, wanted.rpartition("@")[2]}.isdisjoint(one.lower() for one in (own, *listed) if one)


def send_to_ourselves(session: Session, trial: Trial, *, now: datetime) -> Delivery:
    """Queue it. Raises Conflict after too many in an hour, and InputError for an address that is none."""
    talk = _talk(session, trial, now)
    sent = select(func.count()).select_from(Delivery).join(Message, col(Message.id) == Delivery.message_id)
    recent = sent.where(Message.conversation_id == talk.id, col(Delivery.queued_at) > now - timedelta(hours=1))
    if session.exec(recent).one() >= MOST_IN_AN_HOUR:
        raise Conflict(f"You have sent {MOST_IN_AN_HOUR} test mails in the last hour; the next one goes later.")
    count = session.exec(sent.where(Message.conversation_id == talk.id)).one()
    return enqueue(session, talk, _outgoing(trial, f"test:{trial.agent_id}:{count + 1}", now), now=now)


def _outgoing(trial: Trial, key: str, now: datetime) -> Outgoing:
    domain = trial.letter.sender_address.rpartition("@")[2]
    subject = f"{MARK} {trial.letter.subject}"
    letter = replace(trial.letter, message_id=trial.keys.message_id(key, domain), subject=subject)
    return Outgoing(
        key=key,
        message_id=letter.message_id,
        raw=compose_lifecycle(letter),
        recipient=letter.recipient,
        subject=subject,
        text=letter.text,
        in_reply_to="",
        draft_id=None,
        undo_until=now,
        expires_at=now + _TRIED_FOR,
        kind="test",
    )


def _talk(session: Session, trial: Trial, now: datetime) -> Conversation:
    """Where this person's tests stand."""
    key = f"test:{trial.agent_id}"
    found = session.exec(select(Conversation).where(Conversation.flow_key == key).with_for_update()).first()
    if found is not None:
        return found
    address = trial.letter.recipient.lower()
    customer = session.exec(select(Customer).where(Customer.address == address)).first()
    if customer is None:
        customer = Customer(address=address, created_at=now)
        session.add(customer)
        session.flush()
    talk = Conversation(
        customer_id=customer.id or 0,
        state=ConversationState.CLOSED,
        reason="test mails",
        subject=MARK,
        flow_key=key,
        closed_at=now,
        created_at=now,
        updated_at=now,
    )
    session.add(talk)
    session.flush()
    return talk
