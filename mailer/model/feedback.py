"""What customers told us by our links: ratings, reviews, choices, returns; and what we gave them."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, Text, UniqueConstraint, text
from sqlmodel import Field

from mailer.model.base import Row, maybe_moment, moment, word


class LinkVisit(Row, table=True):
    """Which of our links were looked at, when first and how often; looking records nothing else."""

    __tablename__ = "link_visit"

    # SHA-256 of the link's token.
    token_hash: str = Field(primary_key=True)
    purpose: str
    order_id: int | None = None
    # Visits by method and by answer that the link preselects: {"GET:5": 2, "HEAD": 1, "honeypot": 1}.
    seen: dict[str, int] = Field(default_factory=dict, sa_type=JSON)
    first_at: datetime = moment()
    last_at: datetime = moment()
    # A robot opened it: every answer of one question was fetched, or the link that no person sees.
    robot: bool = False


class Rating(Row, table=True):
    """One customer's answer to one question about one order or conversation. Within 24 hours the last one counts."""

    __tablename__ = "rating"
    __table_args__ = (UniqueConstraint("question", "subject_kind", "subject_id", "address"),)

    id: int | None = Field(default=None, primary_key=True)
    question: str  # "satisfaction", "recommend", "arrived", "review"
    subject_kind: str  # "order" or "conversation"
    subject_id: int
    order_id: int | None = Field(default=None, foreign_key="shop_order.id", index=True)
    enrollment_id: int | None = Field(default=None, foreign_key="enrollment.id", index=True)
    # In lower case.
    address: str
    value: int
    comment: str = Field(default="", sa_type=Text)
    channel: str = "page"  # "page" or "mail"
    suspected_robot: bool = False
    rated_at: datetime = moment()
    changed_at: datetime = moment()


class Review(Row, table=True):
    """What a customer says of one product of an order."""

    __tablename__ = "review"
    __table_args__ = (UniqueConstraint("order_id", "sku", "address"),)

    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="shop_order.id", index=True)
    enrollment_id: int | None = Field(default=None, foreign_key="enrollment.id")
    sku: str = ""
    product: str = ""
    address: str
    stars: int
    words: str = Field(default="", sa_type=Text)
    fit: str = ""  # "small", "right", "large" or nothing
    # {"sha256", "type", "width", "height"} of each photo; the bytes are Blobs.
    photos: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    written_at: datetime = moment()
    changed_at: datetime = moment()


class Choice(Row, table=True):
    """Wait or cancel: what a customer wants of an order that is late (16 CFR 435)."""

    __tablename__ = "choice"

    id: int | None = Field(default=None, primary_key=True)
    incident_id: int = Field(foreign_key="incident.id", unique=True)
    order_id: int = Field(foreign_key="shop_order.id", index=True)
    answer: str  # "wait" or "cancel"
    comment: str = Field(default="", sa_type=Text)
    chosen_at: datetime = moment()
    changed_at: datetime = moment()


class ReturnState(StrEnum):
    REQUESTED = "requested"  # the customer asks; a rule or a person agrees or refuses
    AGREED = "agreed"  # it may come back, or is kept and refunded; receiving it moves it on
    REFUSED = "refused"  # it may not; `reason` says why; final
    RECEIVED = "received"  # it is with us; paying back or exchanging settles it
    SETTLED = "settled"  # money or another item went out; final


class ReturnRequest(Row, table=True):
    """Items that a customer wants to send back, with reasons and a wish. One open request for each order."""

    __tablename__ = "return_request"
    __table_args__ = (
        Index(
            "uq_return_request_open",
            "order_id",
            unique=True,
            sqlite_where=text("state in ('requested', 'agreed', 'received')"),
            postgresql_where=text("state in ('requested', 'agreed', 'received')"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="shop_order.id", index=True)
    # In lower case.
    address: str = Field(index=True)
    state: ReturnState = word(ReturnState, default=ReturnState.REQUESTED)
    # {"line", "title", "sku", "quantity", "reason"} of each item.
    items: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    wish: str = "refund"  # "refund", "exchange", "repair", "voucher"
    comment: str = Field(default="", sa_type=Text)
    photos: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    # The customer keeps the items: sending them back costs more than they are worth.
    keep: bool = False
    send_to: str = Field(default="", sa_type=Text)
    label_url: str = ""
    reason: str = Field(default="", sa_type=Text)
    decided_by: str = ""
    requested_at: datetime = moment()
    changed_at: datetime = moment()


class Refund(Row, table=True):
    """Money that went back for an order, as the shop told it."""

    __tablename__ = "refund"
    __table_args__ = (UniqueConstraint("order_id", "external_id"),)

    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="shop_order.id", index=True)
    external_id: str
    amount: str = ""
    currency: str = ""
    note: str = Field(default="", sa_type=Text)
    # External ids of the positions that it is for; none: for the whole order.
    lines: list[str] = Field(default_factory=list, sa_type=JSON)
    refunded_at: datetime = moment()
    raw: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class Compensation(Row, table=True):
    """What we offered a customer for a delay: one for each customer and period, within the month's budget."""

    __tablename__ = "compensation"
    __table_args__ = (Index("ix_compensation_address", "address", "given_at"),)

    id: int | None = Field(default=None, primary_key=True)
    # Customer and period: the second one in a period meets this.
    key: str = Field(unique=True)
    address: str
    order_id: int = Field(foreign_key="shop_order.id", index=True)
    incident_id: int | None = Field(default=None, foreign_key="incident.id")
    tier: int = 1
    amount: str = "0"
    currency: str = ""
    # "2026-11": whose budget it is.
    month: str = Field(index=True)
    coupon_id: int | None = Field(default=None, foreign_key="coupon.id")
    withdrawn_at: datetime | None = maybe_moment()
    given_at: datetime = moment()


class Coupon(Row, table=True):
    """A code that customers can redeem in the shop: imported into a pool or made by the shop's pattern; given once."""

    __tablename__ = "coupon"
    __table_args__ = (Index("ix_coupon_free", "pool", "given_at", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    pool: str
    code: str = Field(unique=True)
    # For whom, by the business key of what gave it: asking again gives the same code.
    given_for: str | None = Field(default=None, unique=True)
    address: str = ""
    given_at: datetime | None = maybe_moment()
    expires_at: datetime | None = maybe_moment()
    imported_at: datetime = moment()
