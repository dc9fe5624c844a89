"""What the shop sold, and where its parcels are."""

import unicodedata
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, UniqueConstraint
from sqlmodel import Field

from mailer.model.base import Row, maybe_moment, moment, word


def number_key(number: str) -> str:
    """An order number as it is compared: one Unicode form, no `#`, blanks or case."""
    return "".join(unicodedata.normalize("NFKC", number).casefold().replace("#", "").split())


class ParcelState(StrEnum):
    """One vocabulary for all carriers; a later scan of a higher rank moves a shipment on."""

    LABEL = "label"  # a label exists; no carrier has it
    PICKED_UP = "picked_up"  # the carrier has it
    IN_TRANSIT = "in_transit"  # it moves
    CUSTOMS = "customs"  # it lies at customs
    OUT_FOR_DELIVERY = "out_for_delivery"  # it comes today
    ATTEMPT_FAILED = "attempt_failed"  # nobody was there
    PICKUP_READY = "pickup_ready"  # it waits to be fetched
    DELAYED = "delayed"  # the carrier says that it is late
    RETURNING = "returning"  # it is on its way back to us
    LOST = "lost"  # the carrier lost or damaged it
    DELIVERED = "delivered"  # it is there; final


class Order(Row, table=True):
    """An order, known by its number within its storefront. Ids of the platform are text."""

    __tablename__ = "shop_order"
    __table_args__ = (UniqueConstraint("storefront", "number_key"),)

    id: int | None = Field(default=None, primary_key=True)
    storefront: str = "main"
    source: str
    external_id: str = Field(default="", index=True)
    number: str
    # The number without `#` and case, as customers' mails are compared with it.
    number_key: str = Field(index=True)
    email: str = Field(index=True)
    customer_name: str = ""
    language: str | None = None
    country: str | None = None
    # A state or province, where a country has several zones.
    province: str = ""
    currency: str | None = None
    total: str | None = None
    # The day by which the shop said that it will be there.
    promised_on: date | None = None
    # The name of [sources.NAME] it came from may speak for a marketplace: no links, no offers, no reviews.
    marketplace: bool = False
    payment_state: str | None = None
    placed_at: datetime = moment()
    canceled_at: datetime | None = maybe_moment()
    # When the shop last changed it, by the shop's own clock: an older payload never overwrites a newer one.
    changed_at: datetime = moment()
    # When we last learnt something new of it or its parcels, by our clock: drafts older than that look again.
    recorded_at: datetime = moment()
    # When `orders.delay` looks at it next: at once after any news, else when its next alarm would ring. None: never.
    watch_at: datetime | None = maybe_moment(index=True)
    raw: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    # Its customer was forgotten: what the shop says of it again brings no name and no address back.
    erased_at: datetime | None = maybe_moment()


class OrderLine(Row, table=True):
    """One position of an order."""

    __tablename__ = "order_line"
    __table_args__ = (UniqueConstraint("order_id", "external_id"),)

    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="shop_order.id")
    external_id: str
    title: str
    variant: str = ""
    sku: str = ""
    quantity: int = 1
    price: str | None = None
    image_url: str = ""


class Shipment(Row, table=True):
    """A parcel of an order. Its state moves only forward, by event time and rank."""

    __tablename__ = "shipment"
    __table_args__ = (UniqueConstraint("order_id", "external_id"),)

    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="shop_order.id")
    external_id: str
    carrier: str = ""
    tracking_number: str = Field(default="", index=True)
    tracking_url: str = ""
    service: str = ""
    origin: str = ""
    state: ParcelState = word(ParcelState, default=ParcelState.LABEL)
    state_at: datetime | None = maybe_moment()
    shipped_at: datetime | None = maybe_moment()
    # The first word of a carrier that it is under way, and the last word of any kind: silence is counted from there.
    scanned_at: datetime | None = maybe_moment()
    heard_at: datetime | None = maybe_moment()
    delivered_at: datetime | None = maybe_moment()
    expected_on: date | None = None
    # The first day that was told: what a slip is measured by.
    first_expected_on: date | None = None
    raw: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class Scan(Row, table=True):
    """One word of the carrier on a parcel, as it was said and as we read it."""

    __tablename__ = "scan"
    __table_args__ = (UniqueConstraint("shipment_id", "external_id"),)

    id: int | None = Field(default=None, primary_key=True)
    shipment_id: int = Field(foreign_key="shipment.id")
    external_id: str
    status: str
    state: ParcelState = word(ParcelState)
    happened_at: datetime = moment()
    place: str = ""
    remark: str = ""
