"""How fast we may go and how a relay bears us: kept as rows, so that a restart forgets nothing."""

from datetime import datetime

from sqlalchemy import JSON, BigInteger, Text, UniqueConstraint
from sqlmodel import Field

from mailer.model.base import Row, maybe_moment, moment


class Pace(Row, table=True):
    """A bucket of tokens, one token a mail: for the relay (`relay HOST`), a recipient domain (`domain NAME`)
    or what flows send (`flows`)."""

    __tablename__ = "pace"

    subject: str = Field(primary_key=True)
    tokens: float
    filled_at: datetime = moment()
    # Mails per hour of the last day; the key is the hour's number since 1970.
    hours: dict[str, int] = Field(default_factory=dict, sa_type=JSON)


class Canary(Row, table=True):
    """The first mails of an edition: of this step of this flow, made from these templates. They go, the others wait."""

    __tablename__ = "canary"
    __table_args__ = (UniqueConstraint("flow", "step", "edition"),)

    id: int | None = Field(default=None, primary_key=True)
    flow: str
    step: str
    # Of the template files' hashes.
    edition: str
    # The enrollments whose mails went first.
    enrollments: list[int] = Field(default_factory=list, sa_type=JSON)
    begun_at: datetime = moment()
    # When the last of them was let go: they are watched from then on.
    filled_at: datetime | None = maybe_moment()
    # They arrived well, or a person let the flow go: all others follow.
    cleared_at: datetime | None = maybe_moment()


class Heartbeat(Row, table=True):
    """When a loop worked last: how an outage is known when it is over."""

    __tablename__ = "heartbeat"

    name: str = Field(primary_key=True)
    beat_at: datetime = moment()


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
