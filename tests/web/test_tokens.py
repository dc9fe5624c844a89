"""Tokens of the shop's systems, as rows."""

from datetime import datetime

import pytest
from sqlmodel import Session

from mailer.errors import Conflict, InputError, NotFound
from mailer.web import tokens
from mailer.web.tokens import Scope


def test_a_token_opens_what_its_scope_says(session: Session, now: datetime) -> None:
    token = tokens.add_token(session, "web shop", Scope.ORDERS, now=now)
    assert tokens.allows(session, f"Bearer {token}", Scope.ORDERS, now=now)
    assert tokens.allows(session, f"bearer  {token} ", Scope.ORDERS, now=now)
    assert not tokens.allows(session, f"Bearer {token}", Scope.METRICS, now=now)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer wrong", "Basic {token}", "{token}"])
def test_anything_else_opens_nothing(session: Session, now: datetime, header: str) -> None:
    token = tokens.add_token(session, "web shop", Scope.ORDERS, now=now)
    assert not tokens.allows(session, header.format(token=token), Scope.ORDERS, now=now)


def test_a_revoked_token_opens_nothing(session: Session, now: datetime) -> None:
    token = tokens.add_token(session, "web shop", Scope.ORDERS, now=now)
    tokens.revoke(session, "web shop", now=now)
    session.flush()
    assert not tokens.allows(session, f"Bearer {token}", Scope.ORDERS, now=now)
    assert [(entry.name, entry.revoked_at) for entry in tokens.all_tokens(session)] == [("web shop", now)]


def test_a_token_is_stored_hashed(session: Session, now: datetime) -> None:
    token = tokens.add_token(session, "web shop", Scope.ORDERS, now=now)
    assert token not in repr(tokens.all_tokens(session))


def test_mistakes_are_told(session: Session, now: datetime) -> None:
    tokens.add_token(session, "web shop", Scope.ORDERS, now=now)
    with pytest.raises(NotFound, match="mailer tokens list"):
        tokens.revoke(session, "none", now=now)
    with pytest.raises(InputError):
        tokens.add_token(session, " ", Scope.ORDERS, now=now)
    with pytest.raises(Conflict, match="there is one of that name"):
        tokens.add_token(session, "web shop", Scope.METRICS, now=now)
