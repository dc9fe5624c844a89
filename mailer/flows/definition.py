"""What a flow is: whom it takes in, when each step is due, and what ends, holds or limits it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from mailer.calendars import in_words
from mailer.hours import Interval

Status = Literal["draft", "manual", "live"]
Kind = Literal["transactional", "feedback", "marketing"]
Per = Literal["order", "shipment", "customer", "conversation", "delay", "return"]


@dataclass(frozen=True)
class Lapse:
    """So much time, or so many business days."""

    span: timedelta = timedelta()
    business_days: int = 0

    def __str__(self) -> str:
        days = self.business_days
        return f"{days} business day{'s' if days > 1 else ''}" if days else in_words(self.span)


@dataclass(frozen=True)
class Lapses:
    """How long to wait within the shop's own country, and for all others."""

    home: Lapse = Lapse()
    abroad: Lapse = Lapse()

    def of(self, *, home: bool) -> Lapse:
        """The one that holds there."""
        return self.home if home else self.abroad


@dataclass(frozen=True)
class Fallback:
    """The Event that lets a subject in after so long when the trigger never came; the first step is due then."""

    event: str
    wait: Lapses


@dataclass(frozen=True)
class Trigger:
    """The Event that lets a subject in, and what the subject is."""

    event: str
    per: Per
    fallback: Fallback | None = None


@dataclass(frozen=True)
class Cap:
    """At most so many feedback and marketing mails to one address within such a span."""

    count: int
    span: timedelta

    def __str__(self) -> str:
        return f"{self.count} in {in_words(self.span)}"


@dataclass(frozen=True)
class Step:
    """One mail of a flow. `at` is in minutes since midnight; `expires` counts from when the step was first due."""

    id: str
    send: str
    wait: Lapses = Lapses()
    at: int | None = None
    condition: str = ""
    coupon: str = ""
    expires: timedelta | None = None


@dataclass(frozen=True)
class Case:
    """A flow's own test: this order, with these events, is to get this. `start` is a time on the recipient's wall."""

    name: str
    order: Mapping[str, Any]
    events: tuple[str, ...]
    expect: tuple[str, ...]
    start: str = ""
    line: int = 0


@dataclass(frozen=True)
class Flow:
    """A flow as its file says it. Conditions are texts; `flows/condition.py` works them out."""

    id: str
    name: str
    status: Status
    kind: Kind
    trigger: Trigger
    steps: tuple[Step, ...]
    only_if: tuple[str, ...] = ()
    skip_if: tuple[str, ...] = ()
    # So long after the last passage began, the same subject may enter again; None: never.
    reenter_after: timedelta | None = None
    # Kinds of Events that end a passage, and open matters that hold it.
    exit_on: frozenset[str] = frozenset()
    pause: frozenset[str] = frozenset()
    # Counted from the entrance.
    give_up_after: timedelta | None = None
    # When mails may leave, on the wall of `timezone`: "recipient", "shop" or the name of a zone.
    window: Interval | None = None
    timezone: str = "recipient"
    cap: Cap | None = None
    if_capped: Literal["wait", "skip"] = "wait"
    # The kind of Event that it is all for.
    goal: str = ""
    # A section of [senders]; none: the one of the template.
    sender: str = ""
    tests: tuple[Case, ...] = ()
    text: str = field(default="", repr=False)
    sha256: str = ""

    def step(self, step_id: str) -> Step | None:
        """The step of that id; None when the file no longer has it."""
        return next((one for one in self.steps if one.id == step_id), None)

    def after(self, step_id: str | None) -> Step | None:
        """The step behind that one, the first one behind None; None when there is none left."""
        ids = [one.id for one in self.steps]
        place = 0 if step_id is None else ids.index(step_id) + 1 if step_id in ids else len(ids)
        return self.steps[place] if place < len(ids) else None
