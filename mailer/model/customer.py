"""Somebody who wrote to us or ordered, known by address."""

from datetime import datetime

from sqlmodel import Field

from mailer.model.base import Row, maybe_moment, moment


class Customer(Row, table=True):
    """One address (stored in lower case) and what it calls itself."""

    __tablename__ = "customer"

    id: int | None = Field(default=None, primary_key=True)
    address: str = Field(unique=True)
    name: str = ""
    language: str | None = None
    created_at: datetime = moment()
    # They asked to be forgotten: the address is a tombstone.
    erased_at: datetime | None = maybe_moment()
