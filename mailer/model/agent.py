"""People who work in the console, and how they and the shop's systems are recognised. Secrets are stored hashed."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field

from mailer.model.base import Row, maybe_moment, moment, word


class Role(StrEnum):
    AGENT = "agent"  # reads mail, approves drafts
    MARKETER = "marketer"  # edits what we write
    ADMIN = "admin"  # all of it, and people


class Agent(Row, table=True):
    """A person with a name and a role. No password yet means that a one-time link is under way."""

    __tablename__ = "agent"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    role: Role = word(Role)
    password_hash: str | None = None
    # How they see the console: a language of web/languages.py, an IANA zone ("" is the shop's), single keys or not.
    language: str = "en"
    zone: str = ""
    single_keys: bool = True
    # Where their test mails go, as an admin says; "" while nobody said it.
    address: str = ""
    # The secret of the second factor is derived from this and the key file; "" while there is none. `totp_step` is the
    # last that was used, so that no code works twice (RFC 6238, 5.2).
    totp_nonce: str = ""
    totp_step: int = 0
    created_at: datetime = moment()
    disabled_at: datetime | None = maybe_moment()


class AgentSession(Row, table=True):
    """A browser that signed in; ends by time or by hand. A `half` one still owes the code of the second factor."""

    __tablename__ = "agent_session"

    id: int | None = Field(default=None, primary_key=True)
    token_hash: str = Field(unique=True)
    agent_id: int = Field(foreign_key="agent.id")
    half: bool = False
    # What the browser calls itself, and when it was last seen, to about five minutes.
    browser: str = ""
    seen_at: datetime | None = maybe_moment()
    created_at: datetime = moment()
    expires_at: datetime = moment()
    ended_at: datetime | None = maybe_moment()


class RecoveryCode(Row, table=True):
    """Takes the place of a code of the second factor, once."""

    __tablename__ = "recovery_code"

    id: int | None = Field(default=None, primary_key=True)
    agent_id: int = Field(foreign_key="agent.id", index=True)
    code_hash: str
    used_at: datetime | None = maybe_moment()


class SignInLink(Row, table=True):
    """A link that lets one person in once: to choose a password or, `passwordless`, without one."""

    __tablename__ = "sign_in_link"

    id: int | None = Field(default=None, primary_key=True)
    token_hash: str = Field(unique=True)
    agent_id: int = Field(foreign_key="agent.id")
    created_at: datetime = moment()
    expires_at: datetime = moment()
    used_at: datetime | None = maybe_moment()
    passwordless: bool = False


class ApiToken(Row, table=True):
    """What a system of the shop shows to the API; `scope` says what it may do, as in "orders" or "metrics orders"."""

    __tablename__ = "api_token"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    scope: str
    token_hash: str = Field(unique=True)
    created_at: datetime = moment()
    expires_at: datetime | None = maybe_moment()
    # To about five minutes.
    used_at: datetime | None = maybe_moment()
    revoked_at: datetime | None = maybe_moment()
