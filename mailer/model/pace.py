"""How fast we may go and how a relay bears us: kept as rows, so that a restart forgets nothing."""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, Text
from sqlmodel import Field

from mailer.model.base import Row, maybe_moment, moment


class Pace(Row, table=True):
    """A bucket of tokens, one token a mail: for the relay (`relay HOST`) or for a recipient domain (`domain NAME`)."""

    __tablename__ = "pace"

    subject: str = Field(primary_key=True)
    tokens: float
    filled_at: datetime = moment()
    # Mails per hour of the last day; the key is the hour's number since 1970.
    hours: dict[str, int] = Field(default_factory=dict, sa_type=JSON)


class Circuit(Row, table=True):
    """One account at one relay: how many connections it bears, and until when it is left alone."""

    __tablename__ = "circuit"

    relay: str = Field(primary_key=True)
    connections: float
    # Failures of the relay or the account in a row; with any, one mail asks while the others stay queued.
    failures: int = 0
    # Mails in a row refused for policy.
    refusals: int = 0
    failing_since: datetime | None = maybe_moment()
    rests_until: datetime | None = maybe_moment()
    cause: str = ""
    words: str = Field(default="", sa_type=Text)
    # The largest mail that the relay says it takes, in bytes (RFC 1870); None when it does not say.
    size_limit: int | None = Field(default=None, sa_type=BigInteger)
    changed_at: datetime = moment()
