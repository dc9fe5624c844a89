"""Mails to ourselves: what became of each on its way."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field

from mailer.model.base import Row, maybe_moment, moment


class Probe(Row, table=True):
    """One mail to ourselves. `findings` are {"name", "ok", "words"}; `ok` is None where nothing is known."""

    __tablename__ = "probe"

    id: int | None = Field(default=None, primary_key=True)
    mailbox: str
    sent_at: datetime = moment(index=True)
    arrived_at: datetime | None = maybe_moment()
    # Where it was found, as in "INBOX" or "Junk"; "" when it was not found in time.
    folder: str = ""
    findings: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
