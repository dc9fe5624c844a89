"""Answers that were sent and are looked at again: how good were they really?"""

from datetime import datetime

from sqlalchemy import JSON, Text
from sqlmodel import Field

from mailer.model.base import Row, maybe_moment, moment


class QualitySample(Row, table=True):
    """One sent answer, drawn to be scored; `scores` holds 0, 1 or 2 points for each line of the rubric."""

    __tablename__ = "quality_sample"

    id: int | None = Field(default=None, primary_key=True)
    approval_id: int = Field(foreign_key="approval.id", unique=True)
    # How much likelier than any other answer it was to be drawn, and why.
    weight: float = 1.0
    why: str = ""
    scores: dict[str, int] = Field(default_factory=dict, sa_type=JSON)
    remark: str = Field(default="", sa_type=Text)
    scored_by: int | None = Field(default=None, foreign_key="agent.id")
    drawn_at: datetime = moment(index=True)
    scored_at: datetime | None = maybe_moment()
