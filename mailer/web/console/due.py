"""By when an answer is due, here and where the customer is, and how that moment came about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from starlette.responses import Response

from mailer.hours import Stretch
from mailer.model import ClockKind
from mailer.replies.clocks import Clocks
from mailer.replies.explain import Explained, explain
from mailer.replies.queue import Item
from mailer.web.console.forms import Id
from mailer.web.desk import Here, Reader
from mailer.web.languages import N_
from mailer.zones import zones_of

router = APIRouter()

_A_DAY = timedelta(days=1)

KINDS = {
    ClockKind.FIRST_ANSWER: N_("First answer"),
    ClockKind.SETTLED: N_("Question settled"),
    ClockKind.RETURN_AGREED: N_("Return agreed on"),
    ClockKind.CANCELLATION: N_("Cancellation answered"),
    ClockKind.REFUND_PAID: N_("Refund paid"),
    ClockKind.DISPUTE: N_("Dispute answered"),
}


@dataclass(frozen=True)
class Due:
    """The deadline that breaks first. `there` is the customer's zone, empty where nobody knows it."""

    at: datetime
    there: str
    # Within a day the time says it all; else the date does too.
    within_a_day: bool


@dataclass(frozen=True)
class Counted:
    """One stretch of a clock with the open time that had run at its end."""

    part: Stretch
    sum: timedelta


@dataclass(frozen=True)
class Told:
    """One clock, counted out."""

    found: Explained
    name: str
    zone: str
    parts: Sequence[Counted]

    @property
    def limit(self) -> timedelta:
        """The open time that it has in all."""
        return timedelta(seconds=self.found.clock.limit_seconds)

    @property
    def changed(self) -> bool:
        """Whether its calendar was changed after it had started: then the deadline was kept."""
        clock = self.found.clock
        return clock.paused_at is None and self.found.counted != self.limit


def due_of(item: Item, now: datetime) -> Due | None:
    """What the time chip says; None while no clock runs."""
    if item.clock is None:
        return None
    # The order says where it is sent to; that of a stranger says nothing of them.
    own = item.order if item.order and item.order.email == item.customer.address else None
    zones = zones_of(own.country, own.province) if own else ()
    at = item.clock.due_at
    return Due(at, zones[0].key if zones else "", abs(at - now) < _A_DAY)


@router.get("/conversations/{conversation_id}/clocks")
async def show_clocks(request: Request, here: Here, person: Reader, conversation_id: Id) -> Response:
    """Every clock of a conversation, interval by interval: from, to, counted, and the sum so far."""
    found = await here.db.read(explain, conversation_id, Clocks.of(here.settings))
    page = "item_clocks.html" if "hx-request" in request.headers else "clocks.html"
    clocks = [told(one) for one in found]
    return here.pages.render(page, person=person, now=here.clock.now(), clocks=clocks, number=conversation_id)


def told(found: Explained) -> Told:
    """A clock with its running sums."""
    run, parts = timedelta(), []
    for part in found.parts:
        run += part.open_time
        parts.append(Counted(part, run))
    return Told(found, KINDS[ClockKind(found.clock.kind)], found.calendar.zone.key, parts)
