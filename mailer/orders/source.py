"""An order as a shop tells it: parsed whole at the door, every mistake with its place, the original kept beside it.

The names are those of Shopify's payloads (PROVIDERS 2.1): orders, their `line_items`, their parcels in
`fulfillments`, and what the carrier said of a parcel in `events`. Unknown fields stay in `raw`.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Protocol, TextIO

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import to_jsonable_python

from mailer.errors import InputError
from mailer.model.order import ParcelState, number_key

# The id of a parcel of which a source says no more than "shipped"; a parcel with an id of its own takes its place.
UNTRACKED = "untracked"

_GONE = {"cancelled", "canceled", "error", "failure"}
_NOT_SHIPPED = {"pending", "open"}


def parse_payload(data: object) -> list["OrderIn"]:
    """The orders of a JSON payload, one or a list. Raises InputError with every mistake and its place."""
    entries = data if isinstance(data, list) else [data]
    orders, problems = [], []
    for index, entry in enumerate(entries):
        try:
            orders.append(OrderIn.model_validate(entry))
        except ValidationError as error:
            prefix = f"[{index}]" if isinstance(data, list) else ""
            problems += [f"{join_place(prefix, place)}: {text}" for place, text in mistakes_of(error)]
    if problems:
        raise InputError("order", problems)
    return orders


def mistakes_of(error: ValidationError) -> list[tuple[str, str]]:
    """Each mistake as (place, what is wrong), the place written as in `line_items[2].quantity`."""
    return [(_place(entry["loc"]), _say(entry["type"], entry["msg"])) for entry in error.errors(include_url=False)]


def join_place(prefix: str, place: str) -> str:
    """A place within a place; an order that is no order at all has none of its own."""
    return ".".join(part for part in (prefix, place) if part) or "payload"


def _place(location: tuple[int | str, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).removeprefix(".")


def _say(kind: str, message: str) -> str:
    if kind == "missing":
        return "missing"
    if kind in {"model_type", "model_attributes_type"}:
        return "is not an object with fields"
    return message.removeprefix("Value error, ")


def parse_moment(value: object) -> datetime | None:
    """A moment as in `2026-11-02T09:00:00+01:00` or `2026-11-02 09:00:00 +0100`; nothing is None. Raises ValueError."""
    if value is None or value == "":
        return None
    moment = value if isinstance(value, datetime) else _read_moment(value)
    if moment.tzinfo is None:
        raise ValueError(f'"{value}" has no time zone; write it as in 2026-11-02T09:00:00+01:00')
    try:
        moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f'"{value}" is out of range') from None
    return moment


def _read_moment(value: object) -> datetime:
    try:
        if not isinstance(value, str):
            raise ValueError
        text = value.strip().replace(" UTC", "Z").replace(" +", "+").replace(" -", "-")
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f'"{value}" is not a time; write it as in 2026-11-02T09:00:00+01:00') from None


def _text(value: object) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else _number_or_json(value)
    # PostgreSQL refuses NUL and no database takes half a surrogate pair; JSON lets both in.
    return "".join(c if c >= " " else " " for c in text if not "\ud800" <= c <= "\udfff").strip()


def _number_or_json(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, default=str)


def _address(value: object) -> str:
    address = _text(value).lower()
    name, at, domain = address.rpartition("@")
    if not at or not name or not domain or any(c.isspace() or c in '<>(),;:"' for c in address) or "@" in name:
        raise ValueError(f'"{address}" is not a mail address' if address else "missing")
    return address


def _number(value: object) -> str:
    number = _text(value)
    if not number_key(number):
        raise ValueError(f'"{number}" is not an order number' if number else "missing")
    return number


def _required_moment(value: object) -> datetime:
    moment = parse_moment(value)
    if moment is None:
        raise ValueError("missing")
    return moment


def _day(value: object) -> date | None:
    """A day as in `2026-11-09`; of a moment its day, in the zone in which it was told. Raises ValueError."""
    if isinstance(value, datetime):
        return value.date()
    text = value.isoformat() if isinstance(value, date) else _text(value)
    if not text:
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise ValueError(f'"{text}" is not a day; write it as in 2026-11-09') from None


def _own_state(value: object) -> object:
    return value if isinstance(value, str) and value in set(ParcelState) else None


def as_amount(value: object) -> Decimal:
    """Money as told, without its sign; nothing for what is no amount."""
    try:
        amount = abs(Decimal(_text(value)))
    except InvalidOperation:
        return Decimal()
    return amount if amount.is_finite() else Decimal()


# What rows are found by has an end: an index of PostgreSQL takes 2.7 kB.
Text = Annotated[str, BeforeValidator(_text)]
Id = Annotated[str, Field(max_length=200), BeforeValidator(_text)]
Number = Annotated[str, Field(max_length=100), BeforeValidator(_number)]
Address = Annotated[str, Field(max_length=254), BeforeValidator(_address)]
Moment = Annotated[datetime | None, BeforeValidator(parse_moment)]
RequiredMoment = Annotated[datetime, BeforeValidator(_required_moment)]
Day = Annotated[date | None, BeforeValidator(_day)]
OwnState = Annotated[ParcelState | None, BeforeValidator(_own_state)]
Flag = Annotated[bool, BeforeValidator(bool)]


class Told(BaseModel):
    """Something that a shop told us, with the original in `raw`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    raw: dict[str, Any] = Field(default_factory=dict, repr=False)

    @model_validator(mode="before")
    @classmethod
    def _keep_the_original(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {**cls.filled(data), "raw": to_jsonable_python(data, fallback=str, inf_nan_mode="null")}

    @classmethod
    def filled(cls, data: dict[str, Any]) -> dict[str, Any]:
        """The payload, with what it says under another name put where we look for it."""
        return data


class PersonIn(Told):
    """A buyer or a recipient, as far as we need them."""

    email: Text = ""
    name: Text = ""
    first_name: Text = ""
    last_name: Text = ""
    country_code: Text = ""
    province: Text = ""
    province_code: Text = ""

    @property
    def full_name(self) -> str:
        """How they are called."""
        return " ".join(part for part in (self.first_name, self.last_name) if part) or self.name


Person = Annotated[PersonIn, BeforeValidator(lambda value: {} if value is None else value)]


def _list(value: object) -> object:
    return () if value is None else value


def _objects(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list | tuple) else []


class LineIn(Told):
    """One position of an order."""

    id: Id = ""
    title: Text = ""
    name: Text = ""
    variant_title: Text = ""
    sku: Text = ""
    quantity: int = Field(default=1, ge=0, le=1_000_000)
    price: Text = ""
    image_url: Text = ""

    @classmethod
    def filled(cls, data: dict[str, Any]) -> dict[str, Any]:
        image = data.get("image")
        found = image.get("src") if isinstance(image, dict) else image
        return data if data.get("image_url") or not isinstance(found, str) else {**data, "image_url": found}


class ScanIn(Told):
    """One word of a carrier on a parcel. `state` is what it means, where the source knows its carrier's words."""

    id: Id = ""
    status: Id = Field(min_length=1)
    state: OwnState = None
    message: Text = ""
    happened_at: RequiredMoment
    estimated_delivery_at: Moment = None
    city: Text = ""
    country: Text = ""

    @classmethod
    def filled(cls, data: dict[str, Any]) -> dict[str, Any]:
        return data if data.get("happened_at") else {**data, "happened_at": data.get("created_at")}

    @property
    def key(self) -> str:
        """What tells this scan from others of its parcel."""
        return self.id or f"{self.status}@{self.happened_at.astimezone(UTC).isoformat()}"


class FulfillmentIn(Told):
    """A parcel, and what its carrier said. A `tracker` speaks for the carrier and knows nothing of the shop."""

    id: Id = ""
    status: Text = ""
    tracking_company: Text = ""
    tracking_number: Id = ""
    tracking_url: Text = ""
    service: Text = ""
    origin: Text = ""
    shipment_status: Text = ""
    tracker: Flag = False
    created_at: Moment = None
    updated_at: Moment = None
    estimated_delivery_at: Moment = None
    events: Annotated[tuple[ScanIn, ...], BeforeValidator(_list)] = ()

    @classmethod
    def filled(cls, data: dict[str, Any]) -> dict[str, Any]:
        lists = {"tracking_number": data.get("tracking_numbers"), "tracking_url": data.get("tracking_urls")}
        return {**data, **{k: v[0] for k, v in lists.items() if not data.get(k) and isinstance(v, list) and v}}

    @property
    def key(self) -> str:
        """What tells this parcel from others of its order."""
        return self.id or self.tracking_number or UNTRACKED

    @property
    def gone(self) -> bool:
        """Whether the shop took it back: there is no such parcel."""
        return self.status.lower() in _GONE

    @property
    def shipped(self) -> bool:
        """Whether the shop says that it left."""
        return not self.tracker and not self.gone and self.status.lower() not in _NOT_SHIPPED


class RefundIn(Told):
    """Money that went back, as Shopify tells it: no total, so what was paid is added up; or with a `total`."""

    id: Id = ""
    order_id: Id = ""
    currency: Text = ""
    note: Text = ""
    reason: Text = ""
    created_at: Moment = None
    processed_at: Moment = None

    @property
    def amount(self) -> Decimal:
        """How much it was; 0 when that was not told."""
        told = [one for one in _objects(self.raw.get("transactions")) if one.get("kind", "refund") == "refund"]
        paid = [as_amount(one.get("amount")) for one in told if (one.get("status") or "success") == "success"]
        return sum(paid, Decimal()) or as_amount(self.raw.get("amount") or self.raw.get("total"))

    @property
    def in_currency(self) -> str:
        """The currency of it; empty for the order's."""
        told = (_text(one.get("currency")) for one in _objects(self.raw.get("transactions")))
        return (self.currency or next(told, "")).upper()

    @property
    def lines(self) -> list[str]:
        """The ids of the positions that it is for; none for the whole order."""
        return [_text(one.get("line_item_id")) for one in _objects(self.raw.get("refund_line_items"))]

    @property
    def refunded_at(self) -> datetime | None:
        """When the money left."""
        return self.processed_at or self.created_at


class OrderIn(Told):
    """An order with its positions, parcels and refunds."""

    id: Id = ""
    name: Number
    email: Address
    customer_locale: Text = ""
    currency: Text = ""
    total_price: Text = ""
    financial_status: Text = ""
    created_at: RequiredMoment
    updated_at: Moment = None
    cancelled_at: Moment = None
    promised_on: Day = None
    test: Flag = False
    customer: Person = PersonIn()
    shipping_address: Person = PersonIn()
    billing_address: Person = PersonIn()
    line_items: Annotated[tuple[LineIn, ...], BeforeValidator(_list)] = ()
    fulfillments: Annotated[tuple[FulfillmentIn, ...], BeforeValidator(_list)] = ()
    refunds: Annotated[tuple[RefundIn, ...], BeforeValidator(_objects)] = ()

    @classmethod
    def filled(cls, data: dict[str, Any]) -> dict[str, Any]:
        customer = data.get("customer")
        others = {
            "name": data.get("order_number") or data.get("number"),
            "email": data.get("contact_email") or (customer.get("email") if isinstance(customer, dict) else None),
        }
        return {**data, **{key: value for key, value in others.items() if value and not data.get(key)}}

    @property
    def changed_at(self) -> datetime:
        """When the shop last changed it, by its own clock: `updated_at`, else the latest that it tells of."""
        return self.updated_at or max(self.created_at, self.cancelled_at or self.created_at)

    @property
    def customer_name(self) -> str:
        """How the buyer is called."""
        return self.customer.full_name or self.shipping_address.full_name or self.billing_address.full_name

    @property
    def province(self) -> str:
        """The state or province where it goes."""
        to = self.shipping_address if self.shipping_address.country_code else self.billing_address
        return to.province_code or to.province

    @property
    def country(self) -> str | None:
        """Where it goes, as two letters."""
        code = (self.shipping_address.country_code or self.billing_address.country_code).upper()
        return code if len(code) == 2 and code.isalpha() else None


@dataclass(frozen=True)
class BadOrder:
    """An order of a file that cannot be read: where it stands and what is wrong, each with its line."""

    number: str
    problems: tuple[str, ...]


class OrderSource(Protocol):
    """A form in which orders come as a file. The shipped ones stand in `mailer.orders.sources.SOURCES`."""

    name: str

    def recognises(self, header: Sequence[str]) -> bool:
        """Whether a file with these column names is of this form."""
        ...

    def read(self, file: TextIO) -> Iterator[OrderIn | BadOrder]:
        """Its orders, in the order of their first lines. Raises InputError when the header is wrong."""
        ...
