"""Until when somebody may put a conversation aside, as the clock on their wall says it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from mailer.web.languages import N_


class When(StrEnum):
    """What a conversation that is put aside waits for, as a button says it."""

    HOUR = "hour"
    AFTERNOON = "afternoon"
    TOMORROW = "tomorrow"
    MONDAY = "monday"
    DAY = "day"
    REPLY = "reply"
    PARCEL = "parcel"


WORDS = {
    When.HOUR: N_("In 1 hour"),
    When.AFTERNOON: N_("This afternoon"),
    When.TOMORROW: N_("Tomorrow morning"),
    When.MONDAY: N_("Monday morning"),
    When.DAY: N_("On a day"),
    When.REPLY: N_("Until the customer answers"),
    When.PARCEL: N_("Until the parcel moves"),
}

_MORNING, _AFTERNOON = time(9), time(15)


@dataclass(frozen=True)
class Preset:
    """A moment with its name."""

    when: When
    words: str
    at: datetime


def presets(now: datetime, zone: ZoneInfo) -> Iterator[Preset]:
    """The moments that are worth offering now, the soonest first. `This afternoon` only while it is ahead."""
    said: set[datetime] = set()
    for when in (When.HOUR, When.AFTERNOON, When.TOMORROW, When.MONDAY):
        at = moment_of(when, now, zone)
        # On a Sunday, Monday is tomorrow.
        if at is not None and at not in said:
            said.add(at)
            yield Preset(when, WORDS[when], at)


def moment_of(when: When, now: datetime, zone: ZoneInfo, day: date | None = None) -> datetime | None:
    """When that is; None for what is no moment, or is over for today."""
    today = now.astimezone(zone).date()
    match when:
        case When.HOUR:
            return now + timedelta(hours=1)
        case When.AFTERNOON:
            at = datetime.combine(today, _AFTERNOON, zone)
            return at if at > now + timedelta(hours=1) else None
        case When.TOMORROW:
            return datetime.combine(today + timedelta(days=1), _MORNING, zone)
        case When.MONDAY:
            return datetime.combine(today + timedelta(days=7 - today.weekday()), _MORNING, zone)
        case When.DAY if day is not None:
            return datetime.combine(day, _MORNING, zone)
    return None
