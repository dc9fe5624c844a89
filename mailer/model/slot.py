"""Which worker acts when the timetable strikes, and when it strikes next."""

from datetime import datetime

from sqlmodel import Field

from mailer.model.base import Row, Utc, maybe_moment, moment


class JobPlan(Row, table=True):
    """When a job is due next, as the metronome of a worker last said; long past means that no worker runs."""

    __tablename__ = "job_plan"

    job: str = Field(primary_key=True)
    # As in "every 5m" or "at 03:10 Europe/Berlin".
    rule: str
    next_at: datetime = moment()


class JobSlot(Row, table=True):
    """One stroke of one job; whoever inserts the row does the work."""

    __tablename__ = "job_slot"

    job: str = Field(primary_key=True)
    slot: datetime = Field(primary_key=True, sa_type=Utc)
    worker: str
    started_at: datetime = moment()
    finished_at: datetime | None = maybe_moment()
    error: str | None = None
