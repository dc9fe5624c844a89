"""Codes of an authenticator app: right in their time, once; and the recovery codes that take their place."""

from datetime import datetime, timedelta

import pyotp
import pytest
from sqlmodel import Session

from mailer.errors import Conflict, InputError
from mailer.model import Agent, Role
from mailer.signing import Keys
from mailer.web import auth, second_factor

NONCE = "n" * 20


def code(keys: Keys, agent: int, at: datetime) -> str:
    return pyotp.TOTP(second_factor.secret(keys, agent, NONCE)).at(at)


@pytest.fixture
def agent(session: Session, now: datetime) -> int:
    return auth.add_agent(session, "ana", Role.AGENT, now)


def test_it_is_switched_on_by_a_right_code_only(session: Session, keys: Keys, now: datetime, agent: int) -> None:
    for wrong in ("", "000000x", "12345", code(keys, agent, now - timedelta(minutes=5))):
        with pytest.raises(InputError):
            second_factor.enable(session, agent, nonce=NONCE, code=wrong, keys=keys, now=now)
    codes = second_factor.enable(session, agent, nonce=NONCE, code=code(keys, agent, now), keys=keys, now=now)
    assert len(set(codes)) == second_factor.recovery_left(session, agent) == 8
    with pytest.raises(Conflict):
        second_factor.enable(session, agent, nonce=NONCE, code=code(keys, agent, now), keys=keys, now=now)


def test_a_code_works_once_and_in_its_time(session: Session, keys: Keys, now: datetime, agent: int) -> None:
    second_factor.enable(session, agent, nonce=NONCE, code=code(keys, agent, now), keys=keys, now=now)
    later = now + timedelta(minutes=1)
    assert not second_factor.take_code(session, agent, code(keys, agent, now), keys=keys, now=now)
    right = code(keys, agent, later)
    assert second_factor.take_code(session, agent, f" {right[:3]} {right[3:]} ", keys=keys, now=later)
    assert not second_factor.take_code(session, agent, right, keys=keys, now=later)
    assert not second_factor.take_code(session, agent, code(keys, agent, now), keys=keys, now=later)


def test_a_recovery_code_works_once(session: Session, keys: Keys, now: datetime, agent: int) -> None:
    codes = second_factor.enable(session, agent, nonce=NONCE, code=code(keys, agent, now), keys=keys, now=now)
    assert second_factor.take_code(session, agent, codes[0].upper(), keys=keys, now=now)
    assert not second_factor.take_code(session, agent, codes[0], keys=keys, now=now)
    assert second_factor.recovery_left(session, agent) == 7


def test_the_database_alone_opens_nothing(session: Session, keys: Keys, now: datetime, agent: int) -> None:
    second_factor.enable(session, agent, nonce=NONCE, code=code(keys, agent, now), keys=keys, now=now)
    secret = second_factor.secret(keys, agent, NONCE)
    assert secret not in repr(session.get_one(Agent, agent))
    assert second_factor.secret(Keys((b"x" * 32,)), agent, NONCE) != secret


def test_a_new_signing_key_leaves_the_app_right(session: Session, keys: Keys, now: datetime, agent: int) -> None:
    second_factor.enable(session, agent, nonce=NONCE, code=code(keys, agent, now), keys=keys, now=now)
    later = now + timedelta(minutes=1)
    rotated = Keys((b"x" * 32, *keys.keys))
    assert second_factor.take_code(session, agent, code(keys, agent, later), keys=rotated, now=later)
