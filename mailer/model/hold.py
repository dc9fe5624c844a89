"""A stop that a person put on sending, and a person's word that a mail is to go nevertheless."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, Text, text
from sqlmodel import Field

from mailer.model.base import Row, maybe_moment, moment, word


class HoldScope(StrEnum):
    """What a hold stops."""

    ALL = "all"  # everything: the big red stop
    ADDRESS = "address"  # whatever goes to one address
    DELIVERY = "delivery"  # one mail
    FLOW = "flow"  # what one flow sends; its canary looked ill, or a person stopped it
    CATCH_UP = "catch_up"  # what flows would send at once after an outage, until somebody has seen the plan


class Hold(Row, table=True):
    """Open until `released_at`. `put_by` names an agent, or Mailer itself when it stopped by its own judgement."""

    __tablename__ = "hold"
    __table_args__ = (
        Index(
            "uq_hold_open",
            "scope",
            "subject",
            unique=True,
            sqlite_where=text("released_at IS NULL"),
            postgresql_where=text("released_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    scope: HoldScope = word(HoldScope)
    # The address, the delivery's number, or nothing.
    subject: str = ""
    reason: str = Field(default="", sa_type=Text)
    put_by: str
    put_at: datetime = moment()
    released_by: str | None = None
    released_at: datetime | None = maybe_moment()


class SendAnyway(Row, table=True):
    """Who sends a delivery although something speaks against it, and why."""

    __tablename__ = "send_anyway"

    delivery_id: int = Field(foreign_key="delivery.id", primary_key=True)
    agent_id: int = Field(foreign_key="agent.id")
    reason: str = Field(sa_type=Text)
    overruled: str = Field(default="", sa_type=Text)
    decided_at: datetime = moment()
