"""Which worker acts when the timetable strikes."""

from datetime import datetime

from sqlmodel import Field

from mailer.model.base import Row, Utc, maybe_moment, moment


class JobSlot(Row, table=True):
    """One stroke of one job; whoever inserts the row does the work."""

    __tablename__ = "job_slot"

    job: str = Field(primary_key=True)
    slot: datetime = Field(primary_key=True, sa_type=Utc)
    worker: str
    started_at: datetime = moment()
    finished_at: datetime | None = maybe_moment()
    error: str | None = None
