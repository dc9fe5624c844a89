"""What admins do with people, and people with their own account."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select, update

from mailer.calendars import parse_zone
from mailer.errors import Conflict, InputError, NotFound
from mailer.model import Agent, AgentSession, Role, SignInLink
from mailer.sections import plain_address
from mailer.web import auth, second_factor
from mailer.web.languages import LANGUAGES


@dataclass(frozen=True)
class Person:
    """One line of the list of people."""

    id: int
    name: str
    role: Role
    address: str
    created_at: datetime
    disabled_at: datetime | None
    has_password: bool
    has_second_factor: bool
    sessions: int
    seen_at: datetime | None
    # Until when their unused invitation lets them in.
    invited_until: datetime | None


def people(session: Session, *, now: datetime) -> list[Person]:
    """Everybody who ever had a name here, oldest first."""
    live = (col(AgentSession.ended_at).is_(None), col(AgentSession.expires_at) > now)
    seen = select(AgentSession.agent_id, func.max(col(AgentSession.seen_at))).group_by(col(AgentSession.agent_id))
    open_now = select(AgentSession.agent_id, func.count()).where(*live).group_by(col(AgentSession.agent_id))
    unused = (col(SignInLink.used_at).is_(None), col(SignInLink.expires_at) > now)
    links = select(SignInLink.agent_id, func.max(col(SignInLink.expires_at))).where(*unused)
    seen_at = dict(session.exec(seen).all())
    sessions = dict(session.exec(open_now).all())
    invited = dict(session.exec(links.group_by(col(SignInLink.agent_id))).all())
    return [_person(agent, sessions, seen_at, invited) for agent in auth.all_agents(session)]


def invite(session: Session, name: str, role: Role, address: str = "", *, now: datetime) -> str:
    """A new person; the token of the link that lets them in. Raises InputError, and Conflict for a taken name."""
    agent_id = auth.add_agent(session, name, role, now)
    set_address(session, agent_id, address)
    return auth.make_link(session, agent_id, now=now)


def set_address(session: Session, agent_id: int, address: str) -> None:
    """Where somebody reads mail, as an admin says; "" takes it away. Raises InputError, NotFound."""
    if address:
        try:
            plain_address(address)
        except ValueError as error:
            raise InputError("address", [str(error)]) from None
    _agent(session, agent_id).address = address


def link_anew(session: Session, agent_id: int, *, now: datetime) -> str:
    """A new link for somebody who lost theirs or forgot the password; older ones end. Raises NotFound."""
    return auth.make_link(session, agent_id, now=now)


def change_role(session: Session, agent_id: int, role: Role) -> None:
    """Let somebody do more or less. Raises NotFound, and Conflict when no admin would be left."""
    agent = _agent(session, agent_id)
    if agent.role is Role.ADMIN and role is not Role.ADMIN:
        _refuse_the_last_admin(session, agent_id)
    agent.role = role


def disable(session: Session, agent_id: int, *, now: datetime) -> None:
    """Let somebody in no more; what they did keeps their name. Raises NotFound, and Conflict as above."""
    agent = _agent(session, agent_id)
    if agent.role is Role.ADMIN:
        _refuse_the_last_admin(session, agent_id)
    agent.disabled_at = agent.disabled_at or now
    auth.end_all_sessions(session, agent_id, now)
    unused = (col(SignInLink.agent_id) == agent_id, col(SignInLink.used_at).is_(None))
    session.execute(update(SignInLink).where(*unused).values(used_at=now))


def enable(session: Session, agent_id: int) -> None:
    """Let somebody in again, with the password that they had. Raises NotFound."""
    _agent(session, agent_id).disabled_at = None


def drop_second_factor(session: Session, agent_id: int, *, now: datetime) -> None:
    """For somebody who lost both device and recovery codes; their sessions end. Raises NotFound."""
    _agent(session, agent_id)
    second_factor.disable(session, agent_id)
    auth.end_all_sessions(session, agent_id, now)


def sessions_of(session: Session, agent_id: int, *, now: datetime) -> Sequence[AgentSession]:
    """The browsers in which somebody is signed in, the newest first."""
    live = (
        AgentSession.agent_id == agent_id,
        col(AgentSession.ended_at).is_(None),
        col(AgentSession.half).is_(False),
        col(AgentSession.expires_at) > now,
    )
    return session.exec(select(AgentSession).where(*live).order_by(col(AgentSession.id).desc())).all()


def end_one(session: Session, session_id: int, *, agent_id: int, now: datetime) -> None:
    """Sign out one browser of this person. Raises NotFound for anybody else's."""
    entry = session.get(AgentSession, session_id)
    if entry is None or entry.agent_id != agent_id:
        raise NotFound(f"session {session_id}: there is no such session of yours")
    auth.end_session(session, session_id, now=now)


def end_others(session: Session, *, agent_id: int, but: int, now: datetime) -> None:
    """Sign out all browsers of this person but one."""
    others = (col(AgentSession.agent_id) == agent_id, col(AgentSession.id) != but, col(AgentSession.ended_at).is_(None))
    session.execute(update(AgentSession).where(*others).values(ended_at=now))


def set_sight(session: Session, agent_id: int, *, language: str, zone: str, single_keys: bool) -> None:
    """How this person sees the console. Raises InputError with every mistake."""
    problems = []
    if language not in LANGUAGES:
        problems.append(f'language: "{language}" is not one of {", ".join(LANGUAGES)}')
    if zone:
        try:
            parse_zone(zone)
        except ValueError as error:
            problems.append(f"zone: {error}")
    if problems:
        raise InputError("account", problems)
    agent = _agent(session, agent_id)
    agent.language, agent.zone, agent.single_keys = language, zone, single_keys


def set_password(session: Session, agent_id: int, password_hash: str, *, but: int, now: datetime) -> None:
    """Another password; every other browser has to sign in again."""
    _agent(session, agent_id).password_hash = password_hash
    end_others(session, agent_id=agent_id, but=but, now=now)


def account(session: Session, agent_id: int) -> Agent:
    """The row of somebody who is signed in. Raises NotFound."""
    return _agent(session, agent_id)


def _agent(session: Session, agent_id: int) -> Agent:
    agent = session.get(Agent, agent_id)
    if agent is None:
        raise NotFound(f"person {agent_id}: there is no such person")
    return agent


def _refuse_the_last_admin(session: Session, agent_id: int) -> None:
    # Both admins might demote each other at once, so their rows are locked first.
    admins = select(Agent.id).where(Agent.role == Role.ADMIN, col(Agent.disabled_at).is_(None)).with_for_update()
    if set(session.exec(admins).all()) <= {agent_id}:
        raise Conflict("This is the last admin. Make somebody else admin first.")


def _person(
    agent: Agent, sessions: dict[int, int], seen_at: dict[int, datetime | None], invited: dict[int, datetime]
) -> Person:
    number = agent.id or 0
    return Person(
        id=number,
        name=agent.name,
        role=agent.role,
        address=agent.address,
        created_at=agent.created_at,
        disabled_at=agent.disabled_at,
        has_password=agent.password_hash is not None,
        has_second_factor=bool(agent.totp_nonce),
        sessions=sessions.get(number, 0),
        seen_at=seen_at.get(number),
        invited_until=invited.get(number),
    )
