"""What the shop sells, as far as answers need it."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Text, UniqueConstraint
from sqlmodel import Field

from mailer.model.base import Row, moment


class Product(Row, table=True):
    """A product, known by its sku within its storefront."""

    __tablename__ = "product"
    __table_args__ = (UniqueConstraint("storefront", "sku"),)

    id: int | None = Field(default=None, primary_key=True)
    storefront: str = "main"
    sku: str
    title: str
    url: str = ""
    details: str = Field(default="", sa_type=Text)
    # Measures of the item (not of the body) by size, as in {"M": "chest 104 cm, length 72 cm"}.
    sizes: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    size_chart_url: str = ""
    stock: int | None = None
    restock_on: date | None = None
    price: str | None = None
    currency: str | None = None
    source: str = "csv"
    # When we last learnt something new of it, by our clock: drafts older than that look again.
    changed_at: datetime = moment(index=True)
    raw: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class ShopFact(Row, table=True):
    """One value of [shop] in config.toml, as the worker last read it; `changed_at` is when it became this value."""

    __tablename__ = "shop_fact"

    path: str = Field(primary_key=True)
    value: Any = Field(default=None, sa_type=JSON)
    source: str = "config.toml"
    changed_at: datetime = moment()
