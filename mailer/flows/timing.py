"""When a step is due, and when mails may leave: waits, business days, "at 10:00", quiet hours, summer time.

Waits are time that passes: three days are 72 hours, also over a change of summer time. What is said by the clock on
the wall ("at", "between", business days) is the first moment at which the wall shows it or something later.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from mailer.flows.definition import Flow, Lapse, Step
from mailer.hours import Calendar, moment_on, open_spans
from mailer.windows import days_from
from mailer.zones import zones_of

_DAY = timedelta(days=1)
# A calendar that is closed for longer is a mistake that is found when the configuration is read.
_LONGEST_CLOSED = 3_700


def zones_for(flow: Flow, country: str | None, province: str, shop_zone: ZoneInfo) -> tuple[ZoneInfo, ...]:
    """The zones on whose walls the flow is read; the first counts for "at", quiet hours hold in all of them."""
    if flow.timezone == "shop":
        return (shop_zone,)
    if flow.timezone == "recipient":
        return zones_of(country, province) or (shop_zone,)
    return (ZoneInfo(flow.timezone),)


def due_at(
    step: Step, anchor_at: datetime, *, home: bool, zone: ZoneInfo, calendar: Calendar, at_once: bool = False
) -> datetime:
    """When a step is due, quiet hours aside. `at_once`: the fallback let it in, so nothing is waited for again."""
    moment = anchor_at if at_once else after(anchor_at, step.wait.of(home=home), calendar)
    return moment if step.at is None else next_time(moment, step.at, zone)


def after(start: datetime, lapse: Lapse, calendar: Calendar) -> datetime:
    """So much time later; business days later it is the same time of the day, on a day with open hours."""
    return _business_days_after(start, lapse.business_days, calendar) if lapse.business_days else start + lapse.span


def next_time(moment: datetime, minute: int, zone: ZoneInfo) -> datetime:
    """The first moment from then on at which the wall shows this time; once a day, also when clocks are put back."""
    return next(one for day in days_from(moment, zone) if (one := moment_on(zone, day, minute)) >= moment)


def _business_days_after(start: datetime, days: int, calendar: Calendar) -> datetime:
    wall = start.astimezone(calendar.zone)
    day, left = wall.date(), days
    for _ in range(_LONGEST_CLOSED + 40 * days):
        day += _DAY
        left -= bool(open_spans(calendar, day))
        if not left:
            begin = moment_on(calendar.zone, day, wall.hour * 60 + wall.minute)
            return max(begin + (start - start.replace(second=0, microsecond=0)), start)
    raise ValueError(f'calendar "{calendar.name}" has no business day from {start:%Y-%m-%d} on')
