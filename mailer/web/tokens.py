"""Which system of the shop is this? Tokens for the API and the metrics; only hashes are stored."""

import hmac
from datetime import datetime
from enum import StrEnum

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from mailer.errors import Conflict, InputError, NotFound
from mailer.model import ApiToken
from mailer.signing import fresh_token, token_hash


class Scope(StrEnum):
    ORDERS = "orders"  # POST /api/orders
    METRICS = "metrics"  # GET /metrics from another machine


def add_token(session: Session, name: str, scope: Scope, *, now: datetime) -> str:
    """A new token, which nobody can read again. Raises InputError, and Conflict when the name is taken."""
    if not name.strip() or not name.isprintable():
        raise InputError("name", [f'"{name}" is not a name: printable characters, as in "web shop"'])
    token = fresh_token()
    session.add(ApiToken(name=name, scope=scope.value, token_hash=token_hash(token), created_at=now))
    try:
        session.flush()
    except IntegrityError:
        raise Conflict(f'token "{name}": there is one of that name, also revoked ones keep theirs') from None
    return token


def allows(session: Session, authorization: str, scope: Scope) -> bool:
    """Whether an Authorization header (RFC 6750, 2.1) carries a token of this scope that was not revoked."""
    scheme, _, token = authorization.partition(" ")
    given = token_hash(token.strip())
    found = session.exec(
        select(ApiToken).where(ApiToken.token_hash == given, col(ApiToken.revoked_at).is_(None))
    ).one_or_none()
    if found is None or scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(found.token_hash, given) and found.scope == scope


def all_tokens(session: Session) -> list[ApiToken]:
    """Every token there was, oldest first."""
    return list(session.exec(select(ApiToken).order_by(col(ApiToken.id))))


def revoke(session: Session, name: str, *, now: datetime) -> None:
    """From now on this token opens nothing. Raises NotFound."""
    token = session.exec(select(ApiToken).where(ApiToken.name == name)).one_or_none()
    if token is None:
        raise NotFound(f'token "{name}": there is no such token; `mailer tokens list` shows them')
    token.revoked_at = token.revoked_at or now
