"""Customers who asked to be forgotten: a hash is left, and who carried it out."""

from datetime import datetime

from sqlmodel import Field

from mailer.model.base import Row, moment


class Erasure(Row, table=True):
    """One customer was forgotten. `tombstone` is the hash that stands in the place of the address."""

    __tablename__ = "erasure"

    id: int | None = Field(default=None, primary_key=True)
    tombstone: str = Field(index=True)
    customer_id: int = Field(foreign_key="customer.id")
    agent_id: int | None = Field(default=None, foreign_key="agent.id")
    erased_at: datetime = moment()
