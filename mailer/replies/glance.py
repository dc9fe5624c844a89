"""What changed in the queue since a moment, for everybody who looks on: one short look, the same on both engines.

Rows name the time of their transaction, which may be over some seconds later; so each look goes a little further back,
and whoever looks remembers what they saw.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, or_, select

from mailer.model import Agent, Claim, Conversation, Direction, Draft, Message

# (conversation, what, its number, its time): equal when nothing happened.
Sign = tuple[int, str, int, datetime]


@dataclass(frozen=True)
class Open:
    """A person has a conversation open."""

    conversation_id: int
    agent_id: int
    name: str


def signs(session: Session, since: datetime) -> set[Sign]:
    """Every trace that a change left since then; a mail of a customer is a `wrote`."""
    found = {*_conversations(session, since), *_drafts(session, since)}
    return found | set(_mails(session, {talk for talk, *_ in found}, since))


def claims(session: Session, now: datetime) -> tuple[Open, ...]:
    """Who has what open."""
    rows = session.exec(
        select(Claim.conversation_id, Claim.agent_id, Agent.name)
        .join(Agent, col(Agent.id) == Claim.agent_id)
        .where(col(Claim.lease_until) > now)
        .order_by(col(Claim.conversation_id), col(Claim.id))
    )
    return tuple(Open(talk, agent, name) for talk, agent, name in rows)


def _conversations(session: Session, since: datetime) -> set[Sign]:
    changed, assigned = col(Conversation.updated_at), col(Conversation.assigned_at)
    rows = session.exec(
        select(Conversation.id, Conversation.updated_at, Conversation.assigned_at).where(
            or_(changed >= since, assigned >= since)
        )
    )
    return {(talk or 0, "changed", 0, max(at, whose or at)) for talk, at, whose in rows}


def _drafts(session: Session, since: datetime) -> set[Sign]:
    rows = session.exec(
        select(Draft.conversation_id, Draft.id, Draft.version, Draft.updated_at).where(col(Draft.updated_at) >= since)
    )
    return {(talk, f"draft {version}", draft or 0, at) for talk, draft, version, at in rows}


def _mails(session: Session, conversation_ids: Collection[int], since: datetime) -> set[Sign]:
    if not conversation_ids:
        return set()
    mail = select(Message.conversation_id, Message.id, Message.created_at).where(
        col(Message.conversation_id).in_(conversation_ids),
        Message.direction == Direction.IN,
        col(Message.created_at) >= since,
    )
    return {(talk, "wrote", number or 0, at) for talk, number, at in session.exec(mail)}
