"""Who has a conversation open, and whose it is."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from mailer.errors import InputError, NotFound
from mailer.model import Agent, Claim, Conversation, Role
from mailer.replies.claims import LEASE, assign, claim, colleagues, open_by, release
from tests import build


def people(session: Session, now: datetime) -> tuple[int, int, int]:
    """Two agents and a marketer."""
    names = (("bo", Role.AGENT), ("cy", Role.AGENT), ("mia", Role.MARKETER))
    found = [Agent(name=name, role=role, created_at=now) for name, role in names]
    session.add_all(found)
    session.flush()
    bo, cy, mia = (one.id or 0 for one in found)
    return bo, cy, mia


def test_others_see_who_has_it_open_until_the_lease_ends(session: Session, now: datetime) -> None:
    talk = build.asked(session, now).conversation
    bo, cy, _ = people(session, now)
    claim(session, talk, agent_id=bo, now=now)
    claim(session, talk, agent_id=cy, now=now + timedelta(seconds=1))
    later = now + LEASE - timedelta(seconds=1)
    claim(session, talk, agent_id=bo, now=later)
    assert open_by(session, [talk], besides=0, now=later) == {talk: ["bo", "cy"]}
    assert open_by(session, [talk], besides=bo, now=later) == {talk: ["cy"]}
    assert open_by(session, [talk], besides=cy, now=now + LEASE + timedelta(seconds=2)) == {talk: ["bo"]}
    release(session, talk, agent_id=bo)
    assert open_by(session, [talk], besides=0, now=now + LEASE + timedelta(seconds=2)) == {}


def test_leases_that_ended_are_swept_by_the_next_claim(session: Session, now: datetime) -> None:
    talk = build.asked(session, now).conversation
    bo, cy, _ = people(session, now)
    claim(session, talk, agent_id=bo, now=now)
    claim(session, talk, agent_id=cy, now=now + LEASE)
    assert [one.agent_id for one in session.exec(select(Claim))] == [cy]


def test_it_is_assigned_to_who_answers_customers_and_to_nobody(session: Session, now: datetime) -> None:
    talk = build.asked(session, now).conversation
    bo, _, mia = people(session, now)
    assign(session, talk, assignee_id=bo, now=now)
    assert session.get_one(Conversation, talk).assignee_id == bo
    with pytest.raises(InputError):
        assign(session, talk, assignee_id=mia, now=now)
    assign(session, talk, assignee_id=None, now=now)
    assert session.get_one(Conversation, talk).assignee_id is None
    assert "mia" not in colleagues(session).values()


def test_there_must_be_a_conversation(session: Session, now: datetime) -> None:
    with pytest.raises(NotFound):
        claim(session, 7, agent_id=1, now=now)
    with pytest.raises(NotFound):
        assign(session, 7, assignee_id=None, now=now)
