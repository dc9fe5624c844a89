"""Who has a conversation open, and whose it is to answer. Both inform people; neither forbids anything.

Who approves a version that somebody else changed meanwhile is stopped by `approve`, not here.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, update
from sqlmodel import Session, col, select

from mailer.db import insert_once
from mailer.errors import InputError, NotFound
from mailer.model import Agent, Claim, Conversation, Role

# A page renews its claim every fifteen seconds; one whose browser is gone ends after three of them.
LEASE = timedelta(seconds=45)


def claim(session: Session, conversation_id: int, *, agent_id: int, now: datetime) -> None:
    """Say that a person has it open, or still has. Raises NotFound."""
    if session.get(Conversation, conversation_id) is None:
        raise NotFound(f"there is no conversation {conversation_id}")
    session.exec(delete(Claim).where(col(Claim.lease_until) <= now))
    mine = Claim(conversation_id=conversation_id, agent_id=agent_id, opened_at=now, lease_until=now + LEASE)
    if not insert_once(session, mine):
        session.exec(update(Claim).where(*_of(conversation_id, agent_id)).values(lease_until=now + LEASE))


def release(session: Session, conversation_id: int, *, agent_id: int) -> None:
    """They went on to another."""
    session.exec(delete(Claim).where(*_of(conversation_id, agent_id)))


def open_by(session: Session, conversation_ids: Sequence[int], *, besides: int, now: datetime) -> dict[int, list[str]]:
    """The names of the others who have each of these open, in the order in which they came."""
    rows = session.exec(
        select(Claim.conversation_id, Agent.name)
        .join(Agent, col(Agent.id) == Claim.agent_id)
        .where(
            col(Claim.conversation_id).in_(conversation_ids),
            col(Claim.agent_id) != besides,
            col(Claim.lease_until) > now,
        )
        .order_by(col(Claim.opened_at), col(Claim.id))
    )
    found: dict[int, list[str]] = {}
    for talk, name in rows:
        found.setdefault(talk, []).append(name)
    return found


def colleagues(session: Session) -> dict[int, str]:
    """Who answers customers here, by name."""
    may = col(Agent.role).in_([Role.AGENT, Role.ADMIN])
    rows = session.exec(
        select(Agent.id, Agent.name).where(may, col(Agent.disabled_at).is_(None)).order_by(col(Agent.name))
    )
    return {number or 0: name for number, name in rows}


def assign(session: Session, conversation_id: int, *, assignee_id: int | None, now: datetime) -> None:
    """Make it somebody's to answer, or nobody's in particular. Raises NotFound, InputError."""
    conversation = session.get(Conversation, conversation_id, with_for_update=True)
    if conversation is None:
        raise NotFound(f"there is no conversation {conversation_id}")
    if assignee_id is not None and assignee_id not in colleagues(session):
        raise InputError("assignee", ["choose an agent or an admin who works here"])
    conversation.assignee_id, conversation.assigned_at = assignee_id, now


def _of(conversation_id: int, agent_id: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return col(Claim.conversation_id) == conversation_id, col(Claim.agent_id) == agent_id
