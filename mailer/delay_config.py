"""[orders.delay] of config.toml: after what time an order or a parcel is late, for all routes and for single ones."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from mailer.calendars import parse_span
from mailer.hours import Limit, parse_limit
from mailer.office import BUILT_IN
from mailer.sections import Section, Span

# The word of config.toml for an alarm that is switched off.
_NEVER_SAID = "never"
NEVER = timedelta(days=36_500)


def _patience(value: object) -> object:
    if value == _NEVER_SAID:
        return NEVER
    return parse_span(value) if isinstance(value, str) else value


def _limit(value: object) -> object:
    if value == _NEVER_SAID:
        return Limit(NEVER)
    return parse_limit(value) if isinstance(value, str) else value


def _country(value: str) -> str:
    if value and not (len(value) == 2 and value.isascii() and value.isupper()):
        raise ValueError(f'"{value}" is not a country; write two capitals, as in DE')
    return value


Patience = Annotated[timedelta, BeforeValidator(_patience)]
Deadline = Annotated[Limit, BeforeValidator(_limit)]
Country = Annotated[str, AfterValidator(_country)]


class DelayRoute(Section):
    """What differs on one way; a blank word stands for any, and what is left out is as for all."""

    origin: Country = ""
    destination: Country = ""
    carrier: str = ""
    service: str = ""
    not_shipped: Deadline | None = None
    not_scanned: Patience | None = None
    silent: Patience | None = None
    eta_slip: Patience | None = None
    overdue: Patience | None = None
    exception: Deadline | None = None


class DelayConfig(Section):
    calendar: str = "weekdays"
    not_shipped: Deadline = Limit(timedelta(hours=72))
    not_scanned: Patience = timedelta(days=5)
    silent_home: Patience = timedelta(days=3)
    silent_abroad: Patience = timedelta(days=7)
    eta_slip: Patience = timedelta(days=1)
    overdue: Patience = timedelta()
    exception: Deadline = Limit(days=1)
    forget_after: Span = timedelta(days=30)
    routes: tuple[DelayRoute, ...] = ()


class OrdersConfig(Section):
    delay: DelayConfig = Field(default_factory=DelayConfig)


def delay_problems(delay: DelayConfig, calendars: Iterable[str]) -> list[str]:
    """What [orders.delay] says against the rest: every mistake with its key."""
    known = [*BUILT_IN, *calendars]
    problems = []
    if delay.calendar not in known:
        problems.append(f'orders.delay.calendar: there is no calendar "{delay.calendar}"; there are {", ".join(known)}')
    ways = [(one.origin, one.destination, one.carrier.casefold(), one.service.casefold()) for one in delay.routes]
    if len(set(ways)) < len(ways):
        problems.append("orders.delay.routes: two routes are the same way; make one of them")
    if delay.calendar == "always" and any(limit.days for limit in (delay.not_shipped, delay.exception)):
        problems.append('orders.delay.calendar: "always" has no working days; name another, as "weekdays"')
    return problems
