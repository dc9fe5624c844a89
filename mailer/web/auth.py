"""Who is this? Agents, the one-time links that let them in, and the browsers that are signed in.

A link is shown before it is used, so that a scanner of links in mails uses nothing up; using it is a POST, once. Of
links and sessions only hashes are stored.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select, update

from mailer.config import Web
from mailer.errors import Conflict, InputError, NotFound
from mailer.model import Agent, AgentSession, Role, SignInLink
from mailer.signing import fresh_token, token_hash

LINK_LASTS = timedelta(hours=24)
# How long somebody may look for their code.
HALF_LASTS = timedelta(minutes=5)

_LONGEST_NAME = 80


@dataclass(frozen=True)
class SignedIn:
    """A person behind a request."""

    agent_id: int
    session_id: int
    name: str
    role: Role
    language: str = "en"
    zone: str = ""
    single_keys: bool = True
    has_second_factor: bool = False
    seen_at: datetime | None = None

    @property
    def may_decide(self) -> bool:
        """Whether they may approve, edit, reject, undo and write to customers."""
        return self.role in (Role.AGENT, Role.ADMIN)

    @property
    def may_publish(self) -> bool:
        """Whether they may change templates and flows."""
        return self.role in (Role.MARKETER, Role.ADMIN)

    @property
    def may_release(self) -> bool:
        """Whether they may hold mails of flows, let a batch go, and take somebody out of a flow."""
        return self.role in (Role.AGENT, Role.MARKETER, Role.ADMIN)

    @property
    def may_run(self) -> bool:
        """Whether they may change people, tokens and what is kept of customers."""
        return self.role is Role.ADMIN


@dataclass(frozen=True)
class Welcome:
    """Whom a link lets in, and whether they are to choose a password."""

    name: str
    passwordless: bool


@dataclass(frozen=True)
class Credential:
    """What a name and a password are compared with."""

    agent_id: int
    password_hash: str
    # Whether a code of the second factor is owed after the password.
    owes_code: bool = False


def add_agent(session: Session, name: str, role: Role, now: datetime) -> int:
    """A new person, who comes in by a link first. Raises InputError, and Conflict when the name is taken."""
    agent = Agent(name=_checked_name(name), role=role, created_at=now)
    session.add(agent)
    try:
        session.flush()
    except IntegrityError:
        raise Conflict(f'agent "{name}": there is one of that name; `mailer users link` makes a new link') from None
    return cast(int, agent.id)


def make_link(
    session: Session, agent_id: int, *, now: datetime, lasts: timedelta = LINK_LASTS, passwordless: bool = False
) -> str:
    """The token of a one-time link; older unused links of this person end. Raises NotFound.

    A passwordless link signs in at one click and sets nothing: for the demo, and for whoever may run commands anyway.
    """
    agent = session.get(Agent, agent_id)
    if agent is None or agent.disabled_at is not None:
        raise NotFound(f"agent {agent_id}: there is no such agent")
    older = (col(SignInLink.agent_id) == agent_id, col(SignInLink.used_at).is_(None))
    session.execute(update(SignInLink).where(*older).values(used_at=now))
    token = fresh_token()
    link = SignInLink(token_hash=token_hash(token), agent_id=agent_id, created_at=now, expires_at=now + lasts)
    link.passwordless = passwordless
    session.add(link)
    session.flush()
    return token


def agent_named(session: Session, name: str) -> Agent:
    """The person of that name. Raises NotFound."""
    agent = session.exec(select(Agent).where(Agent.name == name)).one_or_none()
    if agent is None:
        raise NotFound(f'agent "{name}": there is no such agent; `mailer users list` shows them')
    return agent


def all_agents(session: Session) -> list[Agent]:
    """Everybody who ever had a name here, oldest first."""
    return list(session.exec(select(Agent).order_by(col(Agent.id))))


def welcome_address(web: Web, token: str) -> str:
    """Where a browser finds the page of a one-time link."""
    return f"{(web.console_url or f'http://{web.console_listen}').rstrip('/')}/welcome/{token}"


def welcome(session: Session, token: str, *, now: datetime) -> Welcome:
    """Whom this link lets in; uses nothing up. Raises NotFound when it was used, is too old or never was."""
    link, agent = _usable(session, token, now)
    return Welcome(agent.name, link.passwordless)


def use_link(
    session: Session, token: str, *, password_hash: str | None, now: datetime, lasts: timedelta, browser: str = ""
) -> tuple[str, bool]:
    """Use a link up, set the password that it asks for and sign in; the token of the session, and whether it is half.

    A new password ends the person's other sessions. Raises NotFound when somebody was faster, and InputError when the
    link asks for a password and there is none.
    """
    link, agent = _usable(session, token, now)
    if not link.passwordless and password_hash is None:
        raise InputError("password", ["this link asks for one"])
    used = update(SignInLink).where(col(SignInLink.id) == link.id, col(SignInLink.used_at).is_(None))
    if cast(CursorResult[Any], session.execute(used.values(used_at=now))).rowcount != 1:
        raise _no_such_link()
    if not link.passwordless:
        agent.password_hash = password_hash
        end_all_sessions(session, link.agent_id, now)
    owes_code = bool(agent.totp_nonce)
    lasts = HALF_LASTS if owes_code else lasts
    return begin_session(session, link.agent_id, now=now, lasts=lasts, half=owes_code, browser=browser), owes_code


def credential(session: Session, name: str) -> Credential | None:
    """What to compare a password with; None for a name that nobody has, or that has no password."""
    agent = session.exec(select(Agent).where(Agent.name == name, col(Agent.disabled_at).is_(None))).one_or_none()
    if agent is None or agent.password_hash is None:
        return None
    return Credential(cast(int, agent.id), agent.password_hash, bool(agent.totp_nonce))


def begin_session(
    session: Session, agent_id: int, *, now: datetime, lasts: timedelta, half: bool = False, browser: str = ""
) -> str:
    """Sign a browser in; the token that its cookie carries. A `half` session owes a code and opens nothing yet."""
    token = fresh_token()
    entry = AgentSession(token_hash=token_hash(token), agent_id=agent_id, half=half, created_at=now, seen_at=now)
    entry.expires_at, entry.browser = now + lasts, browser[:200]
    session.add(entry)
    session.flush()
    return token


def who(session: Session, token: str, *, now: datetime) -> SignedIn | None:
    """The person whose browser shows this token; None when the session ended or never was."""
    return _who(session, token, half=False, now=now)


def who_owes_a_code(session: Session, token: str, *, now: datetime) -> SignedIn | None:
    """The person who gave a right password in this browser, and whose code is still to come."""
    return _who(session, token, half=True, now=now)


def living(session: Session, ids: Collection[int], *, now: datetime) -> set[int]:
    """Those of these sessions that did not end, by time, by hand or with their person."""
    asked = select(AgentSession.id).join(Agent, col(Agent.id) == AgentSession.agent_id)
    found = session.exec(asked.where(col(AgentSession.id).in_(ids), *_not_over(now)))
    return {cast(int, one) for one in found}


def note_seen(session: Session, session_id: int, *, now: datetime) -> None:
    """This browser is in use."""
    session.execute(update(AgentSession).where(col(AgentSession.id) == session_id).values(seen_at=now))


def _who(session: Session, token: str, *, half: bool, now: datetime) -> SignedIn | None:
    shown = (AgentSession.token_hash == token_hash(token), col(AgentSession.half).is_(half))
    found = session.exec(
        select(AgentSession, Agent).join(Agent, col(Agent.id) == AgentSession.agent_id).where(*shown, *_not_over(now))
    ).one_or_none()
    if found is None:
        return None
    entry, agent = found
    return SignedIn(
        agent_id=entry.agent_id,
        session_id=cast(int, entry.id),
        name=agent.name,
        role=agent.role,
        language=agent.language,
        zone=agent.zone,
        single_keys=agent.single_keys,
        has_second_factor=bool(agent.totp_nonce),
        seen_at=entry.seen_at,
    )


def _not_over(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        col(AgentSession.ended_at).is_(None),
        col(AgentSession.expires_at) > now,
        col(Agent.disabled_at).is_(None),
    )


def end_session(session: Session, session_id: int, *, now: datetime) -> None:
    """Sign a browser out."""
    session.execute(update(AgentSession).where(col(AgentSession.id) == session_id).values(ended_at=now))


def _usable(session: Session, token: str, now: datetime) -> tuple[SignInLink, Agent]:
    usable = (
        SignInLink.token_hash == token_hash(token),
        col(SignInLink.used_at).is_(None),
        col(SignInLink.expires_at) > now,
        col(Agent.disabled_at).is_(None),
    )
    found = session.exec(
        select(SignInLink, Agent).join(Agent, col(Agent.id) == SignInLink.agent_id).where(*usable)
    ).one_or_none()
    if found is None:
        raise _no_such_link()
    return found[0], found[1]


def _no_such_link() -> NotFound:
    return NotFound("This link was used before, is too old or never was. Ask for a new one: `mailer users link NAME`.")


def end_all_sessions(session: Session, agent_id: int, now: datetime) -> None:
    """Sign a person out everywhere."""
    live = (col(AgentSession.agent_id) == agent_id, col(AgentSession.ended_at).is_(None))
    session.execute(update(AgentSession).where(*live).values(ended_at=now))


def _checked_name(name: str) -> str:
    if not name.strip() or name != name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise InputError("name", [f'"{name}" is not a name: 1 to {_LONGEST_NAME} printable characters'])
    return name
