"""Who did what in the console: one row for each thing that was done, never changed afterwards."""

from datetime import datetime

from sqlmodel import Field

from mailer.model.base import Row, moment


class AuditEntry(Row, table=True):
    """A person did something: the address that they sent it to names it and what it was done to."""

    __tablename__ = "audit_entry"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = moment(index=True)
    agent_id: int = Field(foreign_key="agent.id", index=True)
    # The name as it was then.
    name: str
    # The function that did it, as in "post_approval", and the address, as in "/drafts/12/approval".
    act: str
    place: str = Field(index=True)
