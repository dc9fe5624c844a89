"""Which clocks does a mail start, and when do they break? Values in, values out; limits as in config.toml."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from mailer.calendars import parse_zone
from mailer.config import Settings
from mailer.hours import Calendar, Limit, after, always, open_between, weekdays
from mailer.model import ClockKind, Intent

_MATTER = {
    ClockKind.DISPUTE: (Intent.COMPLAINT_DISPUTE,),
    ClockKind.CANCELLATION: (Intent.CANCEL_ORDER,),
    ClockKind.RETURN_AGREED: (
        Intent.RETURN_REFUND,
        Intent.EXCHANGE,
        Intent.SIZE_NOT_FIT,
        Intent.DAMAGED_DEFECTIVE,
        Intent.WRONG_MISSING_ITEM,
    ),
}
# Thanks and privacy are done with the first answer; what nobody could place waits for a person's eyes first.
_FIRST_ANSWER_ONLY = frozenset(
    {
        Intent.UNSUBSCRIBE_PRIVACY,
        Intent.REVIEW_RELATED,
        Intent.POSITIVE_FEEDBACK,
        Intent.SPAM_SALES,
        Intent.AUTO_REPLY,
        Intent.BOUNCE,
        Intent.OTHER,
    }
)
_OF_INTENT = {intent: kind for kind, intents in _MATTER.items() for intent in intents} | {
    intent: ClockKind.SETTLED
    for intent in Intent
    if intent not in _FIRST_ANSWER_ONLY and not any(intent in intents for intents in _MATTER.values())
}


@dataclass(frozen=True)
class Rule:
    """How long a kind of clock runs, on which calendar, and how much open time before its end somebody is warned."""

    limit: Limit
    calendar: Calendar
    warn: timedelta


@dataclass(frozen=True)
class Clocks:
    """All of them, and the calendars, among them some that only clocks of yesterday know."""

    rules: Mapping[ClockKind, Rule]
    calendars: Mapping[str, Calendar]

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As config.toml says."""
        zone = parse_zone(settings.shop.zone)
        known = {one.name: one for one in (always(zone), weekdays(zone))}
        known |= {name: one.calendar(name, zone) for name, one in settings.calendars.items()}
        rules = {}
        for kind in ClockKind:
            one = getattr(settings.replies.clocks, kind.value)
            rules[kind] = Rule(one.limit, known[one.calendar], one.warn)
        return cls(rules, known)

    def calendar(self, name: str) -> Calendar:
        """The calendar of this name; day and night where config.toml knows it no more."""
        return self.calendars.get(name, self.calendars["always"])


@dataclass(frozen=True)
class Run:
    """When a clock breaks, and how much open time that is from its start."""

    due_at: datetime
    open_time: timedelta


def started_by(intents: Iterable[str]) -> list[ClockKind]:
    """The clocks that a mail with these intents starts, the first answer's first."""
    wanted = {_OF_INTENT[intent] for one in intents if (intent := Intent(one)) in _OF_INTENT}
    return [ClockKind.FIRST_ANSWER, *(kind for kind in ClockKind if kind in wanted)]


def run_of(rule: Rule, started_at: datetime) -> Run:
    """How a clock runs that starts then."""
    due_at = rule.limit.end(rule.calendar, started_at)
    return Run(due_at, open_between(rule.calendar, started_at, due_at))


def due_after_pause(calendar: Calendar, due_at: datetime, paused_at: datetime, resumed_at: datetime) -> datetime:
    """When a clock breaks that stood still: with the open time left that it had when it was stopped.

    One that had broken before stays broken since then: what is past does not move.
    """
    if due_at <= paused_at or resumed_at <= paused_at:
        return due_at
    left = open_between(calendar, paused_at, due_at)
    # Only a calendar that was changed meanwhile leaves nothing; then it breaks no earlier than it goes on.
    return max(due_at, after(calendar, resumed_at, left))


def warned_up_to(rule: Rule, now: datetime) -> datetime:
    """Clocks that break up to this moment have no more open time left than the warning asks for."""
    return after(rule.calendar, now, rule.warn)
