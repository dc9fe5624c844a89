"""A reply that was proposed, and what a person decided on it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, Text, text
from sqlmodel import Field

from mailer.model.base import Row, Word, maybe_moment, moment, word


class DraftState(StrEnum):
    PENDING = "pending"  # waits for a person, who approves or dismisses it; a newer mail makes it stale
    APPROVED = "approved"  # a Delivery carries it; undo moves it back to pending, a withheld Delivery to stale
    DISMISSED = "dismissed"  # a person did not want it; final
    STALE = "stale"  # a newer mail or changed facts overtook it, `reason` says which; final


class Disclosure(StrEnum):
    """How much the reply tells of an order."""

    ORDER = "order"  # order facts, to the address on the order
    NEUTRAL = "neutral"  # a known order, but not this sender's to hear of: neither confirms nor names anything
    NONE = "none"  # no order is spoken of


class Draft(Row, table=True):
    """A reply on its way to a person. `version` counts its texts; who approves names the one that they saw."""

    __tablename__ = "draft"
    __table_args__ = (
        Index(
            "uq_draft_pending",
            "conversation_id",
            unique=True,
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: int = Field(foreign_key="conversation.id", index=True)
    answers_id: int = Field(foreign_key="message.id")
    state: DraftState = word(DraftState, default=DraftState.PENDING, index=True)
    version: int = 1
    text: str = Field(sa_type=Text)
    # The template's own words, with which a person began; and where each fact stands in them, see `rendering/marked`.
    drafted: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    marks: list[Any] = Field(default_factory=list, sa_type=JSON, sa_column_kwargs={"server_default": "[]"})
    template: str | None = None
    locale: str | None = None
    template_hash: str | None = None
    order_id: int | None = Field(default=None, foreign_key="shop_order.id")
    disclosure: Disclosure = word(Disclosure, default=Disclosure.NONE)
    recipient: str = ""
    recipient_name: str = ""
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    fingerprint: str = ""
    # What to read again at approval and before sending: {"order_id", "product_ids", "country", "storefront",
    # "paths"}; `paths` are the patterns of the facts that the text rests on, as in "parcels.*.state".
    rests_on: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    # The intents that it answers, and every template file that it was made from with its hash at that time.
    intents: list[str] = Field(default_factory=list, sa_type=JSON)
    made_from: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    # It says that we look into it, not what was found: after it was sent, a person still has to answer.
    holding: bool = False
    # It asks the customer for something: clocks stand still until they write again.
    asks: bool = False
    # What a person must do in the shop before this text is true, one sentence a line.
    before: str = Field(default="", sa_type=Text)
    # The language that was wanted where `locale` is only a substitute.
    wanted_locale: str | None = None
    # Facts that would have made it better, each with where to add it.
    missing: list[str] = Field(default_factory=list, sa_type=JSON)
    written_by: int | None = Field(default=None, foreign_key="agent.id")
    # The trouble that an agent declared and that this text tells of.
    trouble_id: int | None = Field(default=None, index=True)
    reason: str = Field(default="", sa_type=Text)
    created_at: datetime = moment()
    # What changed since a moment is asked every second while somebody looks on.
    updated_at: datetime = moment(index=True)


class Approval(Row, table=True):
    """Who agreed to which version, and the SHA-256 of the bytes that they agreed to."""

    __tablename__ = "approval"

    id: int | None = Field(default=None, primary_key=True)
    draft_id: int = Field(foreign_key="draft.id", index=True)
    version: int
    agent_id: int = Field(foreign_key="agent.id")
    sha256: str = ""
    # How much of the template's words the customer got, from 0 to 1; none where no template was filled.
    similarity: float | None = None
    approved_at: datetime = moment()
    undone_at: datetime | None = maybe_moment()


class Fault(StrEnum):
    """What was wrong with a draft, as one digit says it."""

    WRONG_INTENT = "wrong_intent"  # it answers another question
    WRONG_FACTS = "wrong_facts"  # what it says is not so
    TONE = "tone"  # it does not sound as it should
    OWN_WORDS = "own_words"  # a person has to find the words
    NO_ANSWER = "no_answer"  # nothing is to be answered: the conversation is closed


class Dismissal(Row, table=True):
    """Who did not want a draft, and why."""

    __tablename__ = "dismissal"

    id: int | None = Field(default=None, primary_key=True)
    draft_id: int = Field(foreign_key="draft.id", unique=True)
    agent_id: int = Field(foreign_key="agent.id")
    fault: Fault | None = Field(default=None, sa_type=Word(Fault), nullable=True, index=True)
    reason: str = Field(default="", sa_type=Text)
    # The conversation's reason before, for taking it back.
    reason_before: str = Field(default="", sa_type=Text)
    dismissed_at: datetime = moment()


class Together(Row, table=True):
    """Drafts that a person approves in one go: one undo takes them all back. Written before the first is approved."""

    __tablename__ = "together"

    id: int | None = Field(default=None, primary_key=True)
    agent_id: int = Field(foreign_key="agent.id")
    # The template that they share; "" for the texts of a trouble.
    template: str = ""
    trouble_id: int | None = None
    # Each is entered in the transaction of its approval.
    deliveries: list[int] = Field(default_factory=list, sa_type=JSON)
    # {"conversation", "why"} of each that did not go, or not yet.
    refused: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    approved_at: datetime = moment()
    undone_at: datetime | None = maybe_moment()
