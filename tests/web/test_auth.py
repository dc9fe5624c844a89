"""People, links and sessions, as rows."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from mailer.config import Web
from mailer.errors import Conflict, InputError, NotFound
from mailer.model import Agent, AgentSession, Role, SignInLink
from mailer.web import auth

HOURS = timedelta(hours=12)


def test_a_link_lets_its_person_in_once(session: Session, now: datetime) -> None:
    token = auth.make_link(session, auth.add_agent(session, "ana", Role.AGENT, now), now=now)
    cookie, _ = auth.use_link(session, token, password_hash="hash", now=now, lasts=HOURS)
    person = auth.who(session, cookie, now=now)
    assert person is not None
    assert (person.name, person.role, person.may_decide) == ("ana", Role.AGENT, True)
    with pytest.raises(NotFound, match="used before"):
        auth.use_link(session, token, password_hash="other", now=now, lasts=HOURS)
    assert auth.credential(session, "ana") == auth.Credential(person.agent_id, "hash")


def test_looking_at_a_link_uses_nothing_up(session: Session, now: datetime) -> None:
    token = auth.make_link(session, auth.add_agent(session, "ana", Role.AGENT, now), now=now)
    assert [auth.welcome(session, token, now=now) for _ in range(3)] == [auth.Welcome("ana", passwordless=False)] * 3


def test_a_link_ends_by_time(session: Session, now: datetime) -> None:
    token = auth.make_link(session, auth.add_agent(session, "ana", Role.AGENT, now), now=now)
    last_moment = now + auth.LINK_LASTS - timedelta(seconds=1)
    assert auth.welcome(session, token, now=last_moment).name == "ana"
    with pytest.raises(NotFound):
        auth.welcome(session, token, now=now + auth.LINK_LASTS)


def test_a_newer_link_ends_the_older(session: Session, now: datetime) -> None:
    agent = auth.add_agent(session, "ana", Role.AGENT, now)
    older, newer = (auth.make_link(session, agent, now=now) for _ in range(2))
    with pytest.raises(NotFound):
        auth.welcome(session, older, now=now)
    assert auth.welcome(session, newer, now=now).name == "ana"


def test_a_link_that_asks_for_a_password_does_not_open_without(session: Session, now: datetime) -> None:
    token = auth.make_link(session, auth.add_agent(session, "ana", Role.AGENT, now), now=now)
    with pytest.raises(InputError):
        auth.use_link(session, token, password_hash=None, now=now, lasts=HOURS)
    assert auth.welcome(session, token, now=now).name == "ana"


def test_a_passwordless_link_sets_no_password(session: Session, now: datetime) -> None:
    agent = auth.add_agent(session, "demo", Role.ADMIN, now)
    token = auth.make_link(session, agent, now=now, passwordless=True)
    assert auth.who(session, auth.use_link(session, token, password_hash=None, now=now, lasts=HOURS)[0], now=now)
    assert auth.credential(session, "demo") is None


def test_a_new_password_ends_the_other_sessions(session: Session, now: datetime) -> None:
    agent = auth.add_agent(session, "ana", Role.AGENT, now)
    old = auth.begin_session(session, agent, now=now, lasts=HOURS)
    link = auth.make_link(session, agent, now=now)
    new, _ = auth.use_link(session, link, password_hash="hash", now=now, lasts=HOURS)
    assert auth.who(session, old, now=now) is None
    assert auth.who(session, new, now=now) is not None


def test_a_session_ends_by_time_by_hand_and_with_its_person(session: Session, now: datetime) -> None:
    agent = auth.add_agent(session, "ana", Role.AGENT, now)
    cookie = auth.begin_session(session, agent, now=now, lasts=HOURS)
    person = auth.who(session, cookie, now=now + HOURS - timedelta(seconds=1))
    assert person is not None
    assert auth.who(session, cookie, now=now + HOURS) is None
    auth.end_session(session, person.session_id, now=now)
    assert auth.who(session, cookie, now=now) is None
    other = auth.begin_session(session, agent, now=now, lasts=HOURS)
    row = session.get(Agent, agent)
    assert row is not None
    row.disabled_at = now
    session.flush()
    assert auth.who(session, other, now=now) is None
    assert auth.credential(session, "ana") is None
    with pytest.raises(NotFound):
        auth.make_link(session, agent, now=now)


def test_no_secret_is_stored_as_it_is(session: Session, now: datetime) -> None:
    agent = auth.add_agent(session, "ana", Role.AGENT, now)
    token = auth.make_link(session, agent, now=now)
    cookie = auth.begin_session(session, agent, now=now, lasts=HOURS)
    stored = {session.exec(select(SignInLink)).one().token_hash, session.exec(select(AgentSession)).one().token_hash}
    assert not stored & {token, cookie}
    assert all(len(value) == 64 for value in stored)


def test_a_name_is_taken_once(session: Session, now: datetime) -> None:
    auth.add_agent(session, "ana", Role.AGENT, now)
    with pytest.raises(Conflict, match="there is one of that name"):
        auth.add_agent(session, "ana", Role.ADMIN, now)


@pytest.mark.parametrize("name", ["", "  ", " ana", "a\nb", "x" * 81])
def test_a_name_is_one_that_can_be_typed(session: Session, now: datetime, name: str) -> None:
    with pytest.raises(InputError):
        auth.add_agent(session, name, Role.AGENT, now)


def test_nobody_has_an_unknown_name(session: Session) -> None:
    assert auth.credential(session, "nobody") is None
    with pytest.raises(NotFound, match="mailer users list"):
        auth.agent_named(session, "nobody")


@pytest.mark.parametrize(
    ("web", "address"),
    [
        (Web(), "http://127.0.0.1:8025/welcome/t"),
        (Web(console_url="https://mail.shop.test/"), "https://mail.shop.test/welcome/t"),
    ],
)
def test_a_link_leads_to_where_the_console_is(web: Web, address: str) -> None:
    assert auth.welcome_address(web, "t") == address


@pytest.mark.parametrize(("role", "may"), [(Role.AGENT, True), (Role.ADMIN, True), (Role.MARKETER, False)])
def test_agents_and_admins_decide(role: Role, may: bool) -> None:
    assert auth.SignedIn(1, 1, "ana", role).may_decide is may
