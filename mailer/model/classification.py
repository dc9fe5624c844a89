"""What a mail wants, how sure we are, and which words said so."""

from datetime import datetime
from enum import StrEnum
from typing import Any

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
    # Every intent that applies, the first one first: {"intent", "confidence", "level", "evidence"}.
    intents: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    # The likeliest, whether they apply or not: {"intent", "confidence"}.
    top: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    language: str | None = None
    tracking_number: str | None = None
    urgency: str = "normal"  # low, normal, high
    sentiment: str = "neutral"  # negative, neutral, positive
    # What else it names: {"size", "colour", "product", "amounts", "dates", "reason"}, each where there is one.
    entities: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    classifier: str
    created_at: datetime = moment()


class Correction(Row, table=True):
    """A person says what a mail really wants; kept to learn from, never overwritten."""

    __tablename__ = "correction"

    id: int | None = Field(default=None, primary_key=True)
    message_id: int = Field(foreign_key="message.id", index=True)
    agent_id: int = Field(foreign_key="agent.id")
    # What the classifier had said, and what is right.
    judged: str
    intent: str
    classifier: str
    corrected_at: datetime = moment()
