"""[flows] of config.toml: where the flows are, and which days are business days to them."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import Field

from mailer.hours import Calendar, weekdays
from mailer.office import CalendarConfig
from mailer.sections import Section, Span


class FlowsConfig(Section):
    directory: Path = Path("schedules/flows")
    calendar: str = "weekdays"
    enroll_within: Span = timedelta(days=7)
    catch_up_after: Span = timedelta(hours=6)
    catch_up_from: int = Field(default=50, ge=1)

    def business_days(self, calendars: Mapping[str, CalendarConfig], shop_zone: ZoneInfo) -> Calendar:
        """The calendar by which "3bd" is counted."""
        named = calendars.get(self.calendar)
        return named.calendar(self.calendar, shop_zone) if named else weekdays(shop_zone)


def flows_problems(flows: FlowsConfig, calendars: Mapping[str, CalendarConfig]) -> list[str]:
    """What the section says against [calendars]: every mistake with its key."""
    if flows.calendar == "always":
        return ['flows.calendar: "always" has no business days; name another, as "weekdays"']
    if flows.calendar != "weekdays" and flows.calendar not in calendars:
        known = ", ".join(["weekdays", *calendars])
        return [f'flows.calendar: there is no calendar "{flows.calendar}"; there are {known}']
    return []
