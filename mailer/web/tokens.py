"""Which system of the shop is this? Tokens for the API and the metrics; only hashes are stored."""

import hmac
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from mailer.errors import Conflict, InputError, NotFound
from mailer.model import ApiToken
from mailer.signing import fresh_token, token_hash


class Scope(StrEnum):
    ORDERS = "orders"  # POST /api/orders
    METRICS = "metrics"  # GET /metrics from another machine


# A use is noted no finer than this: a row is not written at every request.
_NOTED_EVERY = timedelta(minutes=5)


def add_token(session: Session, name: str, *scopes: Scope, now: datetime, lasts: timedelta | None = None) -> str:
    """A new token, which nobody can read again. Raises InputError, and Conflict when the name is taken."""
    if not name.strip() or not name.isprintable():
        raise InputError("name", [f'"{name}" is not a name: printable characters, as in "web shop"'])
    if not scopes:
        raise InputError("scope", [f"choose what it may do: {', '.join(Scope)}"])
    token = fresh_token()
    entry = ApiToken(name=name, scope=" ".join(scopes), token_hash=token_hash(token), created_at=now)
    entry.expires_at = now + lasts if lasts else None
    session.add(entry)
    try:
        session.flush()
    except IntegrityError:
        raise Conflict(f'token "{name}": there is one of that name, also revoked ones keep theirs') from None
    return token


def allows(session: Session, authorization: str, scope: Scope, *, now: datetime) -> bool:
    """Whether an Authorization header (RFC 6750, 2.1) carries a token of this scope, not revoked and not too old."""
    scheme, _, token = authorization.partition(" ")
    given = token_hash(token.strip())
    found = session.exec(
        select(ApiToken).where(ApiToken.token_hash == given, col(ApiToken.revoked_at).is_(None))
    ).one_or_none()
    if found is None or scheme.lower() != "bearer":
        return False
    if found.expires_at is not None and found.expires_at <= now:
        return False
    return hmac.compare_digest(found.token_hash, given) and scope in found.scope.split()


def is_use_worth_noting(session: Session, authorization: str, *, now: datetime) -> bool:
    """Whether this token's last use is older than what is kept of it."""
    given = token_hash(authorization.partition(" ")[2].strip())
    used_at = session.exec(select(ApiToken.used_at).where(ApiToken.token_hash == given)).first()
    return used_at is None or used_at < now - _NOTED_EVERY


def note_use(session: Session, authorization: str, *, now: datetime) -> None:
    """This token was used just now."""
    given = token_hash(authorization.partition(" ")[2].strip())
    session.execute(update(ApiToken).where(col(ApiToken.token_hash) == given).values(used_at=now))


def all_tokens(session: Session) -> list[ApiToken]:
    """Every token there was, oldest first."""
    return list(session.exec(select(ApiToken).order_by(col(ApiToken.id))))


def revoke(session: Session, name: str, *, now: datetime) -> None:
    """From now on this token opens nothing. Raises NotFound."""
    token = session.exec(select(ApiToken).where(ApiToken.name == name)).one_or_none()
    if token is None:
        raise NotFound(f'token "{name}": there is no such token; `mailer tokens list` shows them')
    token.revoked_at = token.revoked_at or now
