"""Templates as people publish them from the console: what is in service over the files of `templates/`."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, Text, UniqueConstraint, text
from sqlmodel import Field

from mailer.model.base import Row, maybe_moment, moment, word

_DRAFT = text("state = 'draft'")
_IN_SERVICE = text("state = 'published'")
_RUNNING = text("ended_at IS NULL")
_SHOWN = text("retired_at IS NULL")


class TemplateState(StrEnum):
    DRAFT = "draft"  # its author writes it; publishing, scheduling or discarding moves it on
    SCHEDULED = "scheduled"  # a minute's job publishes it at `publish_at`, or a person takes it back to draft
    COMPARED = "compared"  # a share of the mails is made from it; the end of the comparison moves it on
    PUBLISHED = "published"  # mails are made from it instead of the file; the next one, or a person, retires it
    RETIRED = "retired"  # it was in service once; rolling back publishes its text anew; final
    DISCARDED = "discarded"  # its author did not want it; final


class TemplateRevision(Row, table=True):
    """One text of one template. `name` is its path within the templates: `replies/order_status.en.md`."""

    __tablename__ = "template_revision"
    __table_args__ = (
        UniqueConstraint("name", "number"),
        Index("ix_template_revision_state_name", "state", "name"),
        Index(
            "uq_template_revision_draft",
            "name",
            "author_id",
            unique=True,
            sqlite_where=_DRAFT,
            postgresql_where=_DRAFT,
        ),
        Index(
            "uq_template_revision_published",
            "name",
            unique=True,
            sqlite_where=_IN_SERVICE,
            postgresql_where=_IN_SERVICE,
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    name: str
    # Counted for each template when it goes into service; None: it never was.
    number: int | None = None
    state: TemplateState = word(TemplateState, default=TemplateState.DRAFT)
    text: str = Field(sa_type=Text)
    sha256: str
    # The file's hash when it was begun; "" where there was no file.
    base_sha256: str = ""
    base_text: str = Field(default="", sa_type=Text)
    # Raised with each text of a draft; who saves names the one that they saw.
    version: int = 1
    author_id: int = Field(foreign_key="agent.id")
    note: str = Field(default="", sa_type=Text)
    # Who put it into service, and the warnings that they saw and confirmed.
    published_by: int | None = Field(default=None, foreign_key="agent.id")
    confirmed: list[str] = Field(default_factory=list, sa_type=JSON)
    retired_by: int | None = Field(default=None, foreign_key="agent.id")
    # Why it left service, or could not go into it.
    reason: str = Field(default="", sa_type=Text)
    created_at: datetime = moment()
    updated_at: datetime = moment()
    publish_at: datetime | None = maybe_moment()
    published_at: datetime | None = maybe_moment()
    retired_at: datetime | None = maybe_moment()


class TemplateEdition(Row, table=True):
    """A single row whose number rises with each change of what is in service: who keeps a copy looks at it."""

    __tablename__ = "template_edition"

    id: int | None = Field(default=None, primary_key=True)
    number: int = 0


class Measure(StrEnum):
    """On what two texts are compared; for each, how many of the mails made from a text had it."""

    APPROVED_UNCHANGED = "approved_unchanged"  # of replies: a person approved it as it was written
    NO_RECONTACT = "no_recontact"  # of replies: the customer did not write again within 72 hours
    RATED = "rated"  # of flows: the customer gave a rating or a review
    ANSWERED_NO = "answered_no"  # of flows: the customer said that something is wrong (a rating of 1 or 2)
    WAY_OUT = "way_out"  # of flows: the customer unsubscribed


class Comparison(Row, table=True):
    """A share of the mails of one template is made from another text (A/B); one at a time for each template."""

    __tablename__ = "comparison"
    __table_args__ = (
        Index("uq_comparison_running", "name", unique=True, sqlite_where=_RUNNING, postgresql_where=_RUNNING),
    )

    id: int | None = Field(default=None, primary_key=True)
    name: str
    # The text in service when it began: a revision, or the file where that is None.
    control_id: int | None = Field(default=None, foreign_key="template_revision.id")
    control_sha256: str
    challenger_id: int = Field(foreign_key="template_revision.id")
    challenger_sha256: str
    # Percent of the conversations or passages that get the challenger.
    share: int
    measure: Measure = word(Measure)
    started_by: int = Field(foreign_key="agent.id")
    started_at: datetime = moment()
    ended_by: int | None = Field(default=None, foreign_key="agent.id")
    ended_at: datetime | None = maybe_moment()
    # "challenger", "control" or "" where it was stopped without one; and the figures at its end.
    winner: str = ""
    result: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class TemplateImage(Row, table=True):
    """A picture that templates show, by the hash of its bytes (a Blob). What it shows is said in words, by language."""

    __tablename__ = "template_image"
    __table_args__ = (
        Index("uq_template_image_name", "name", unique=True, sqlite_where=_SHOWN, postgresql_where=_SHOWN),
    )

    sha256: str = Field(foreign_key="blob.sha256", primary_key=True)
    # As templates name it: `images.summer_banner`; a newer picture of that name retires the one before.
    name: str
    mime: str
    width: int
    height: int
    size: int
    # {"en": "Two people on a bench"}; English is what other languages fall back to.
    alt: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    # Sent within the mail, or shown by a link to the public listener.
    inline: bool = False
    uploaded_by: int | None = Field(default=None, foreign_key="agent.id")
    created_at: datetime = moment()
    retired_at: datetime | None = maybe_moment()


class TemplateFile(Row, table=True):
    """A PDF that mails carry or link to, by the hash of its bytes (a Blob). Templates name the hash in their text."""

    __tablename__ = "template_file"

    sha256: str = Field(foreign_key="blob.sha256", primary_key=True)
    # What it is called where it is put into a text: `size-chart.pdf`.
    name: str
    size: int
    pages: int
    # {"en": "Size chart"}: with which words it is put into a text of that language.
    title: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    # None: it came with the files of the templates.
    uploaded_by: int | None = Field(default=None, foreign_key="agent.id")
    created_at: datetime = moment()
    # It is offered no more; texts that name it keep it.
    retired_at: datetime | None = maybe_moment()
