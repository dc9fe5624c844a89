"""[calendars] and [replies.clocks] of config.toml: when people are at work, and what is to be done by when."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field

from mailer.calendars import parse_zone
from mailer.hours import WEEKDAYS, Calendar, Interval, Limit, parse_intervals, parse_limit
from mailer.public_holidays import check_region
from mailer.sections import Section, Span

T = TypeVar("T")

BUILT_IN = ("always", "weekdays")


def _parsed(parse: Callable[[str], T]) -> Callable[[object], object]:
    return lambda value: parse(value) if isinstance(value, str) else value


def _hours(value: object) -> object:
    if isinstance(value, (list, tuple)) and all(isinstance(one, str) for one in value):
        return parse_intervals(value)
    return value


def _zone_or_shop(value: str) -> str:
    if value:
        parse_zone(value)
    return value


def _regions(value: tuple[str, ...]) -> tuple[str, ...]:
    problems = []
    for code in value:
        try:
            check_region(code)
        except ValueError as error:
            problems.append(str(error))
    if problems:
        raise ValueError("; ".join(problems))
    return value


Hours = Annotated[tuple[Interval, ...], BeforeValidator(_hours)]
Limited = Annotated[Limit, BeforeValidator(_parsed(parse_limit))]


class CalendarConfig(Section):
    zone: Annotated[str, AfterValidator(_zone_or_shop)] = ""
    mon: Hours = ()
    tue: Hours = ()
    wed: Hours = ()
    thu: Hours = ()
    fri: Hours = ()
    sat: Hours = ()
    sun: Hours = ()
    holidays: Annotated[tuple[str, ...], AfterValidator(_regions)] = ()
    closed: dict[date, str] = Field(default_factory=dict)
    open: dict[date, Hours] = Field(default_factory=dict)

    def calendar(self, name: str, shop_zone: ZoneInfo) -> Calendar:
        """What it says, ready to be counted with."""
        return Calendar(
            name,
            parse_zone(self.zone) if self.zone else shop_zone,
            tuple(getattr(self, day) for day in WEEKDAYS),
            self.holidays,
            tuple(sorted(self.closed.items())),
            tuple(sorted(self.open.items())),
        )


class ClockConfig(Section):
    limit: Limited
    calendar: str = "always"
    warn: Span


class FirstAnswer(ClockConfig):
    limit: Limited = Limit(timedelta(hours=24))
    warn: Span = timedelta(hours=2)


class Settled(ClockConfig):
    limit: Limited = Limit(timedelta(hours=48))
    warn: Span = timedelta(hours=4)


class ReturnAgreed(ClockConfig):
    limit: Limited = Limit(timedelta(days=7))
    warn: Span = timedelta(days=1)


class Cancellation(ClockConfig):
    limit: Limited = Limit(days=3)
    calendar: str = "weekdays"
    warn: Span = timedelta(hours=12)


class RefundPaid(ClockConfig):
    limit: Limited = Limit(days=10)
    calendar: str = "weekdays"
    warn: Span = timedelta(days=2)


class Dispute(ClockConfig):
    limit: Limited = Limit(timedelta(days=5))
    warn: Span = timedelta(days=1)


class ClocksConfig(Section):
    first_answer: FirstAnswer = FirstAnswer()
    settled: Settled = Settled()
    return_agreed: ReturnAgreed = ReturnAgreed()
    cancellation: Cancellation = Cancellation()
    refund_paid: RefundPaid = RefundPaid()
    dispute: Dispute = Dispute()


def office_problems(calendars: dict[str, CalendarConfig], clocks: ClocksConfig, shop_zone: ZoneInfo) -> list[str]:
    """What the sections say against each other: every mistake with its key."""
    problems = []
    for name, one in calendars.items():
        if name in BUILT_IN:
            problems.append(f"calendars.{name}: this name is built in; choose another")
        elif not one.calendar(name, shop_zone).is_ever_open():
            problems.append(f"calendars.{name}: there is a year without any open time; give it hours, as in mon")
    for name in ClocksConfig.model_fields:
        problems += _clock_problems(f"replies.clocks.{name}", getattr(clocks, name), calendars)
    return problems


def _clock_problems(key: str, clock: ClockConfig, calendars: dict[str, CalendarConfig]) -> list[str]:
    problems = []
    if clock.calendar not in calendars and clock.calendar not in BUILT_IN:
        known = ", ".join([*BUILT_IN, *calendars])
        problems.append(f'{key}.calendar: there is no calendar "{clock.calendar}"; there are {known}')
    if clock.limit.days and clock.calendar == "always":
        problems.append(f'{key}.calendar: "always" has no working days; name another, as "weekdays"')
    if clock.warn < timedelta():
        problems.append(f"{key}.warn: this is before nothing")
    if not clock.limit.days and clock.warn >= clock.limit.span:
        problems.append(f"{key}.warn: {clock.limit} is the whole limit; warn later")
    return problems
