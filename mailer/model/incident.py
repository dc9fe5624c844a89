"""A delay, or another trouble of a parcel: one cause, told once."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import JSON, Index, Text
from sqlmodel import Field

from mailer.model.base import Row, maybe_moment, moment, word


class IncidentKind(StrEnum):
    """Which alarm rang (PROVIDERS, 4)."""

    NOT_SHIPPED = "not_shipped"  # paid, and nothing left us
    NOT_SCANNED = "not_scanned"  # it left us, and no carrier has seen it
    SILENT = "silent"  # it moves, and nothing was heard for long
    ETA_SLIP = "eta_slip"  # the carrier says a later day than was promised
    OVERDUE = "overdue"  # the promised day is over
    EXCEPTION = "exception"  # the carrier has a problem that did not settle by itself


class IncidentState(StrEnum):
    OPEN = "open"  # it is late or in trouble; `orders.delay` settles it when the parcel moves or arrives
    SETTLED = "settled"  # it is over; final


class Incident(Row, table=True):
    """One cause of delay of one order or parcel. `key` makes the second event of the same cause no second apology."""

    __tablename__ = "incident"
    __table_args__ = (Index("ix_incident_open", "state", "order_id"),)

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    kind: IncidentKind = word(IncidentKind)
    state: IncidentState = word(IncidentState, default=IncidentState.OPEN)
    order_id: int = Field(foreign_key="shop_order.id", index=True)
    # None where the whole order is late.
    shipment_id: int | None = None
    # Incidents of one carrier, route and day belong to one batch, which an agent looks at once.
    batch: str = Field(default="", index=True)
    promised_on: date | None = None
    expected_on: date | None = None
    # The carrier's or our words for the reason; never made up.
    reason: str = Field(default="", sa_type=Text)
    # Alarms that rang while it was open, by their keys, in words: they are no second apology.
    notes: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    # An agent has to look before the customer hears of it.
    needs_person: bool = False
    opened_at: datetime = moment()
    settled_at: datetime | None = maybe_moment()
    settled_because: str = Field(default="", sa_type=Text)


class TroubleKind(StrEnum):
    """What many orders have in common when a person declares a trouble."""

    CARRIER = "carrier"  # parcels with this carrier that have not arrived
    WAREHOUSE = "warehouse"  # parcels that leave, or left, from here and have not arrived
    PRODUCT = "product"  # orders of this product, by sku or a part of its title
    COUNTRY = "country"  # orders to this country that have not arrived


class Trouble(Row, table=True):
    """One cause that an agent declared, and what its customers are told: written once, filled for each of them."""

    __tablename__ = "trouble"

    id: int | None = Field(default=None, primary_key=True)
    kind: TroubleKind = word(TroubleKind)
    subject: str
    state: IncidentState = word(IncidentState, default=IncidentState.OPEN, index=True)
    # What happened, for colleagues.
    words: str = Field(default="", sa_type=Text)
    # Orders placed before this day have nothing to do with it.
    since: date | None = None
    # The text by language, with facts as {{ customer.first_name }}.
    texts: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    declared_by: int = Field(foreign_key="agent.id")
    declared_at: datetime = moment()
    settled_by: int | None = None
    settled_at: datetime | None = maybe_moment()
