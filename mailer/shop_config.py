"""[shop] in config.toml: what the shop says of itself to customers. All but the name may be left out."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal, Self, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from mailer.sections import Amount, Benefit, Currency, Link, Region, Section, Words, ZoneName

Days = Annotated[int, Field(ge=0, le=1_000)]
_S = TypeVar("_S", bound=Section)
Percent = Annotated[int, Field(ge=0, le=100)]


def _day_or_moment(value: object) -> str:
    """As text, since a day must stay a day: its end is not the moment at which it begins."""
    try:
        if isinstance(value, str):
            value = date.fromisoformat(value) if len(value) == len("2026-11-30") else datetime.fromisoformat(value)
    except ValueError:
        value = None
    if not isinstance(value, date):
        raise ValueError("it is neither a day, as in 2026-11-30, nor a moment, as in 2026-11-30T18:00:00")
    return value.isoformat()


DayOrMoment = Annotated[str, BeforeValidator(_day_or_moment)]


def _some(value: tuple[object, ...]) -> tuple[object, ...]:
    if not value:
        raise ValueError("it is empty; leave it out, or fill it in")
    return value


class Returns(Section):
    """How customers of a region send something back; what a region leaves out, "EU" and "*" may say."""

    days: Days | None = None
    paid_by: Literal["shop", "customer"] | None = None
    address: Words | None = None
    form_url: Link | None = None
    label_url: Link | None = None
    keep_below: Amount | None = None


class ShippingMethod(Section):
    """One way to a region."""

    name: Words
    price: Amount
    currency: Currency | None = None
    days_min: Days
    days_max: Days

    @model_validator(mode="after")
    def _in_sequence(self) -> Self:
        return _ordered(self, "days_min", "days_max")


class CustomsRule(Section):
    """Who pays duty and VAT in a region, from a day on."""

    valid_from: date
    paid_by: Literal["shop", "customer"]
    seen_low: Percent | None = None
    seen_high: Percent | None = None

    @model_validator(mode="after")
    def _in_sequence(self) -> Self:
        return _ordered(self, "seen_low", "seen_high")


class Offer(Section):
    """Something cheaper, for a time."""

    name: Words
    discount: Benefit
    benefits: Annotated[tuple[Benefit, ...], Field(max_length=2)] = ()
    url: Link
    starts: DayOrMoment | None = None
    ends: DayOrMoment

    @model_validator(mode="after")
    def _in_sequence(self) -> Self:
        # One may be a day and the other a moment, with or without a zone: compared by what both have.
        starts, ends = ((one or "")[:19] for one in (self.starts, self.ends))
        if starts and ends[: len(starts)] < starts[: len(ends)]:
            raise ValueError("it ends before it starts; mend `starts` or `ends`")
        return self


class Compensation(Section):
    """What we offer once an order of this value is so many days late."""

    after_days: Days
    offer: Benefit
    min_total: Amount = "0"
    amount: Amount = "0"
    currency: Currency | None = None
    coupon: str = ""


class SizeRow(Section):
    """One size as it is called in the EU, the US, the UK and Japan."""

    eu: str | None = None
    us: str | None = None
    uk: str | None = None
    jp: str | None = None


class Shop(Section):
    """The shop."""

    name: str
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")] | None = None
    zone: ZoneName = "UTC"
    language: str = "en"
    address: Literal["formal", "informal"] = "formal"
    promise_hours: int = Field(default=48, ge=1, le=720)
    since: int | None = Field(default=None, ge=1500, le=2100)
    guarantee_days: Days | None = None
    warranty_months: int | None = Field(default=None, ge=0, le=600)
    repair_days: Days | None = None
    reviews_url: Link | None = None
    postal_address: Words | None = None
    refund_days: Days | None = None
    refund_bank_days: Days | None = None
    currency: Currency | None = None
    processing_days_min: Days | None = None
    processing_days_max: Days | None = None
    free_shipping_from: Amount | None = None
    combined_shipping: Literal["one_fee", "each"] | None = None
    payment_methods: Annotated[tuple[Words, ...], AfterValidator(_some)] | None = None
    account_url: Link | None = None
    privacy_url: Link | None = None
    size_chart_url: Link | None = None
    wholesale_from: int | None = Field(default=None, ge=1)
    wholesale_url: Link | None = None
    link_hosts: tuple[str, ...] = ()
    returns: dict[Region, Returns] = Field(default_factory=dict)
    shipping: dict[Region, tuple[ShippingMethod, ...]] = Field(default_factory=dict)
    customs: dict[Region, tuple[CustomsRule, ...]] = Field(default_factory=dict)
    offers: tuple[Offer, ...] = ()
    compensation: tuple[Compensation, ...] = ()
    size_table: tuple[SizeRow, ...] = ()

    @model_validator(mode="after")
    def _in_sequence(self) -> Self:
        _ordered(self, "processing_days_min", "processing_days_max")
        tiers = [(tier.after_days, Decimal(tier.min_total)) for tier in self.compensation]
        if sorted(set(tiers)) != tiers:
            words = "more `after_days` than the one before, or as many and a higher `min_total`"
            raise ValueError(f"compensation: each tier must have {words}")
        for region, rules in self.customs.items():
            if len({rule.valid_from for rule in rules}) < len(rules):
                raise ValueError(f"customs.{region}: two rules begin on one day; keep one of them")
        return self


def _ordered(section: _S, low: str, high: str) -> _S:
    least, most = getattr(section, low), getattr(section, high)
    if least is not None and most is not None and least > most:
        raise ValueError(f"`{low}` ({least}) is more than `{high}` ({most})")
    return section
