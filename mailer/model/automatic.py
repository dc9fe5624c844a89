"""What we answered by ourselves, and what stopped us: one row for each mail that was considered."""

from datetime import datetime

from sqlalchemy import JSON, Index, Text
from sqlmodel import Field

from mailer.model.base import Row, maybe_moment, moment


class AutomaticAnswer(Row, table=True):
    """The verdict on one incoming mail. With a delivery it went; else `stopped_by` and `reason` say why not."""

    __tablename__ = "automatic_answer"
    __table_args__ = (Index("ix_automatic_answer_address", "address", "decided_at"),)

    id: int | None = Field(default=None, primary_key=True)
    message_id: int = Field(foreign_key="message.id", unique=True)
    conversation_id: int = Field(foreign_key="conversation.id", index=True)
    address: str
    delivery_id: int | None = Field(default=None, foreign_key="delivery.id")
    stopped_by: list[str] = Field(default_factory=list, sa_type=JSON)
    reason: str = Field(default="", sa_type=Text)
    decided_at: datetime = moment()
    # A person sent it although something stopped it.
    overruled_by: int | None = Field(default=None, foreign_key="agent.id")
    overruled_why: str = Field(default="", sa_type=Text)
    overruled_at: datetime | None = maybe_moment()
