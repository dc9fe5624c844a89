"""May this mail go now? The order of the questions is the policy.

Exit, time that is over, something open, not due, quiet hours, its own condition, nobody may write there, cap. What is
answered here is right at this moment only: it is asked again at every Event and right before a mail leaves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from mailer.calendars import in_words
from mailer.errors import InputError
from mailer.flows.condition import holds
from mailer.flows.definition import Cap, Flow, Step
from mailer.flows.events import OPEN_MATTERS
from mailer.windows import next_open


@dataclass(frozen=True)
class Send:
    """It goes now."""

    reason: str = "due"


@dataclass(frozen=True)
class Wait:
    """Not before `until`; then everything is asked again."""

    until: datetime
    reason: str


@dataclass(frozen=True)
class Hold:
    """Not before something happens. `mistake`: a condition cannot be worked out, so a person has to mend the file."""

    reason: str
    mistake: bool = False


@dataclass(frozen=True)
class Skip:
    """This step is never sent; the next one follows."""

    reason: str


@dataclass(frozen=True)
class Exit:
    """No step is sent any more."""

    reason: str


Decision = Send | Wait | Hold | Skip | Exit


@dataclass(frozen=True)
class Situation:
    """All that a decision rests on. `due_at` is the step's, as `timing.due_at` says; both counts are of this address.

    `happened` holds the kinds of Events that concern the passage since `entered_at`; `blocked` says why nobody may
    write there, if so; `written` are the moments at which feedback and marketing mails went there.
    """

    flow: Flow
    step: Step
    due_at: datetime
    entered_at: datetime
    now: datetime
    values: Mapping[str, Any]
    zones: Sequence[ZoneInfo]
    happened: frozenset[str] = frozenset()
    open: frozenset[str] = frozenset()
    blocked: str = ""
    written: Sequence[datetime] = field(default=())


def may_enter(flow: Flow, values: Mapping[str, Any]) -> str:
    """Why a subject stays outside; empty when it may enter. Raises InputError when a condition cannot be worked out."""
    for condition in flow.only_if:
        if not holds(condition, values):
            return f"only if {condition}"
    return next((f"skip if {condition}" for condition in flow.skip_if if holds(condition, values)), "")


def decide(situation: Situation) -> Decision:
    """What becomes of the step now."""
    return (
        _over(situation)
        or _held(situation)
        or _too_early(situation)
        or _unwanted(situation)
        or _capped(situation)
        or Send(f"due since {_moment(situation.due_at, situation)}")
    )


def look_again(situation: Situation, decision: Wait | Hold) -> datetime | None:
    """When to ask again at the latest, as time itself may end the passage or the step; None: only at an Event."""
    flow, step = situation.flow, situation.step
    moments = [
        *([decision.until] if isinstance(decision, Wait) else []),
        *([situation.entered_at + flow.give_up_after] if flow.give_up_after is not None else []),
        *([situation.due_at + step.expires] if step.expires is not None else []),
    ]
    return min(moments, default=None)


def _over(now: Situation) -> Decision | None:
    flow, step = now.flow, now.step
    if ended_by := sorted(flow.exit_on & now.happened):
        return Exit(ended_by[0])
    if flow.give_up_after is not None and now.now >= now.entered_at + flow.give_up_after:
        return Exit(f"given up after {in_words(flow.give_up_after)}")
    if step.expires is not None and now.now >= now.due_at + step.expires:
        return Skip(f"expired {in_words(step.expires)} after it was due")
    return None


def _held(now: Situation) -> Decision | None:
    matters = sorted(now.flow.pause & now.open)
    return Hold("; ".join(OPEN_MATTERS[one] for one in matters)) if matters else None


def _too_early(now: Situation) -> Decision | None:
    if now.now < now.due_at:
        return Wait(now.due_at, f"due {_moment(now.due_at, now)}")
    opens = next_open(now.now, now.flow.window, now.zones)
    if opens > now.now:
        return Wait(opens, f"quiet hours until {_moment(opens, now)}")
    return None


def _unwanted(now: Situation) -> Decision | None:
    try:
        if now.step.condition and not holds(now.step.condition, now.values):
            return Skip(f"its condition is not true: {now.step.condition}")
    except InputError as error:
        return Hold(f"its condition cannot be worked out: {error}", mistake=True)
    return Skip(now.blocked) if now.blocked else None


def _capped(now: Situation) -> Decision | None:
    """Receipts and notices know no cap; the oldest of the mails that fill it makes room first."""
    cap = now.flow.cap
    if cap is None or now.flow.kind == "transactional":
        return None
    room = _room(cap, now)
    if room <= now.now:
        return None
    if now.flow.if_capped == "skip":
        return Skip(f"at most {cap} to one address")
    opens = next_open(room, now.flow.window, now.zones)
    return Wait(opens, f"at most {cap} to one address; again {_moment(opens, now)}")


def _room(cap: Cap, now: Situation) -> datetime:
    written = sorted(now.written)
    return written[-cap.count] + cap.span if len(written) >= cap.count else now.now


def _moment(moment: datetime, now: Situation) -> str:
    return f"{moment.astimezone(now.zones[0]):%Y-%m-%d %H:%M} ({now.zones[0].key})"
