"""What a mail wants, how sure we are, and which words said so."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON
from sqlmodel import Field

from mailer.model.base import Row, moment, word


class Level(StrEnum):
    HIGH = "high"  # its words say it plainly
    MEDIUM = "medium"  # likely
    LOW = "low"  # a guess; a person should look


class Classification(Row, table=True):
    """The judgement of one classifier on one message."""

    __tablename__ = "classification"

    id: int | None = Field(default=None, primary_key=True)
    message_id: int = Field(foreign_key="message.id", unique=True)
    intent: str
    confidence: float
    level: Level = word(Level)
    evidence: list[str] = Field(default_factory=list, sa_type=JSON)
    # The order numbers that the mail names, as written; `match` finds which of them exist.
    order_numbers: list[str] = Field(default_factory=list, sa_type=JSON)
    order_id: int | None = Field(default=None, foreign_key="shop_order.id")
    # What the customer calls an order number and is none that we know.
    unknown_number: str | None = None
    classifier: str
    created_at: datetime = moment()
