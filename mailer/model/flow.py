"""Whom we write to by ourselves: a subject's passage through a flow, and what became of each step."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, Text, UniqueConstraint, text
from sqlmodel import Field

from mailer.model.base import Row, maybe_moment, moment, word


class EnrollmentState(StrEnum):
    ACTIVE = "active"  # its next step is due at `due_at`; `flows.advance` moves it on
    PAUSED = "paused"  # something is open (`reason`); `flows.advance` looks again at `due_at`, or when an Event comes
    FINISHED = "finished"  # every step is decided; final
    EXITED = "exited"  # an exit condition came true, or its time was over; `reason` says which; final


class Enrollment(Row, table=True):
    """One subject's passage through one flow. `key` makes it one for each (flow, subject, round)."""

    __tablename__ = "enrollment"
    __table_args__ = (
        Index("ix_enrollment_due", "state", "due_at"),
        Index("ix_enrollment_subject", "subject_kind", "subject_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    # "review_invitation:order:17" and, where a flow lets somebody in again, ":2".
    key: str = Field(unique=True)
    flow: str
    # "order", "shipment", "customer", "conversation", "delay" or "return"; the row's id there.
    subject_kind: str
    subject_id: int
    order_id: int | None = Field(default=None, foreign_key="shop_order.id", index=True)
    # In lower case.
    address: str = Field(index=True)
    storefront: str = "main"
    state: EnrollmentState = word(EnrollmentState, default=EnrollmentState.ACTIVE)
    # The Event that let it in, and when that happened: waits are counted from there.
    event_id: int | None = Field(default=None, foreign_key="event.id")
    anchor_at: datetime = moment()
    # The entrance was the fallback's: the first step is due at once.
    by_fallback: bool = False
    # The id of the next step; None when none is left.
    step: str | None = None
    # None: nothing to do until an Event comes.
    due_at: datetime | None = maybe_moment()
    # When the step was first due, without holds and quiet hours; expiry is counted from there.
    first_due_at: datetime | None = maybe_moment()
    # What came back: {"rated": true, "replied": true, "chosen": "wait"}.
    run: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    reason: str = Field(default="", sa_type=Text)
    # Raised with every change; a worker that read an older one changes nothing.
    version: int = 0
    entered_at: datetime = moment()
    updated_at: datetime = moment()
    ended_at: datetime | None = maybe_moment()


class StepOutcome(StrEnum):
    """What became of a step; each row says why."""

    QUEUED = "queued"  # a Delivery carries it; that row tells the rest
    BATCHED = "batched"  # the flow is manual: `mailer flows release` lets it go, or skips it
    SKIPPED = "skipped"  # its condition was not true, nobody may write there, or its time was over; final
    IN_CONVERSATION = "in_conversation"  # the customer had asked already: the answer there tells it; final
    AGAIN = "again"  # its mail was withheld because facts changed; `flows.advance` decides anew


class FlowStep(Row, table=True):
    """One step of an enrollment, decided once. A mail that was not sent has its reason here."""

    __tablename__ = "flow_step"
    __table_args__ = (UniqueConstraint("enrollment_id", "step"),)

    id: int | None = Field(default=None, primary_key=True)
    enrollment_id: int = Field(foreign_key="enrollment.id", index=True)
    step: str
    outcome: StepOutcome = word(StepOutcome, index=True)
    reason: str = Field(default="", sa_type=Text)
    # Raised when it is decided anew; part of the Delivery's key.
    attempt: int = 1
    delivery_id: int | None = Field(default=None, foreign_key="delivery.id", index=True)
    template: str = ""
    locale: str = ""
    # Every template file that it was made from with its hash, and what the guard reads again before sending.
    made_from: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    rests_on: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    facts: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    fingerprint: str = ""
    decided_at: datetime = moment(index=True)
    # When its mail was sent: the wait of the next step counts from here.
    sent_at: datetime | None = maybe_moment(index=True)


class EnrollmentNote(Row, table=True):
    """What held an enrollment, moved it or let it go on, in words: the past that `mailer why` prints."""

    __tablename__ = "enrollment_note"

    id: int | None = Field(default=None, primary_key=True)
    enrollment_id: int = Field(foreign_key="enrollment.id", index=True)
    at: datetime = moment()
    # "enter", "hold", "release", "wait", "send", "skip", "exit", "finish", "step gone", ...
    what: str
    step: str = ""
    reason: str = Field(default="", sa_type=Text)


class FlowText(Row, table=True):
    """The last text of a flow's file that was without mistakes: what is in service while the file is broken."""

    __tablename__ = "flow_text"

    flow: str = Field(primary_key=True)
    text: str = Field(sa_type=Text)
    sha256: str
    taken_at: datetime = moment()
    # The mistakes of the file as it is now; empty when it is the one in service.
    mistakes: list[str] = Field(default_factory=list, sa_type=JSON)


class RevisionState(StrEnum):
    """Where an edition of a flow that was written in the console stands."""

    DRAFT = "draft"  # somebody writes it; nothing is served from it; published, or thrown away
    PUBLISHED = "published"  # in service instead of the file; one for each flow
    RETIRED = "retired"  # it was in service once; rolling back publishes its text anew; final


class FlowRevision(Row, table=True):
    """A flow's text as somebody wrote it in the console. The file in schedules/flows is the text below it."""

    __tablename__ = "flow_revision"
    __table_args__ = (
        Index(
            "uq_flow_revision_current",
            "flow",
            "state",
            unique=True,
            sqlite_where=text("state in ('draft', 'published')"),
            postgresql_where=text("state in ('draft', 'published')"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    flow: str = Field(index=True)
    state: RevisionState = word(RevisionState, default=RevisionState.DRAFT)
    text: str = Field(sa_type=Text)
    sha256: str
    # The file's text when this one was begun from it: what both sides changed is told by it. "" without a file.
    base: str = Field(default="", sa_type=Text)
    base_sha256: str = ""
    # Raised with every change of a draft; who read an older one changes nothing.
    version: int = 1
    # What it is for, in the words of whoever published it.
    words: str = Field(default="", sa_type=Text)
    written_by: str = ""
    written_at: datetime = moment()
    published_by: str = ""
    published_at: datetime | None = maybe_moment()
    retired_at: datetime | None = maybe_moment()


class FlowForward(Row, table=True):
    """People who are to be brought forward because a flow's waits became shorter; gone once all are looked at."""

    __tablename__ = "flow_forward"

    flow: str = Field(primary_key=True)
    # Those whose times changed, and the text that changed them: nobody carries it out by another.
    steps: list[str] = Field(default_factory=list, sa_type=JSON)
    sha256: str
    # How many waited there, at most one more than anybody counts; and how far it is.
    waiting: int = 0
    looked_at: int = 0
    moved: int = 0
    last_id: int = 0
    begun_at: datetime = moment()


class EventReader(Row, table=True):
    """All Events up to this id are taken by this reader: a look for new ones never walks through the old."""

    __tablename__ = "event_reader"

    reader: str = Field(primary_key=True)
    all_taken_to: int = 0
