"""Mails that did not arrive: the tray, one delivery with all that is known of it, and what stands against sending."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query
from sqlmodel import Session
from starlette.responses import Response

from mailer.model import DeliveryState, Hold
from mailer.outbound.tray import Entry, tray, tray_counts, ways
from mailer.outbound.view import Seen, one, open_holds
from mailer.replies.queue import Tab, counts
from mailer.web.console.forms import Id
from mailer.web.console.words import TABS, Notice, standing
from mailer.web.desk import Here, Reader
from mailer.web.languages import N_

PAGE = 50

router = APIRouter()

STATES = {
    DeliveryState.UNKNOWN: N_("Unknown"),
    DeliveryState.FAILED: N_("Failed"),
    DeliveryState.EXPIRED: N_("Expired"),
    DeliveryState.BOUNCED: N_("Bounced"),
    DeliveryState.WITHHELD: N_("Withheld"),
    DeliveryState.HELD: N_("Held"),
    DeliveryState.QUEUED: N_("Queued"),
    DeliveryState.SENT: N_("Accepted"),
}


@dataclass(frozen=True)
class Sight:
    """What one look at the tray shows."""

    counts: dict[Tab, int]
    of_state: dict[DeliveryState, int]
    entries: list[Entry]
    more: bool
    holds: list[Hold]


@router.get("/failed")
async def show_failed(
    here: Here,
    person: Reader,
    state: DeliveryState | None = None,
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
    notice: Notice | None = None,
) -> Response:
    """What waits for a person, or every delivery in one state."""
    now = here.clock.now()
    sight = await here.db.read(look, state, page=page)
    shown = [(entry, standing(entry.delivery, now), ways(entry.delivery)) for entry in sight.entries]
    return here.pages.render(
        "failed.html",
        person=person,
        now=now,
        tab=Tab.FAILED,
        tabs=TABS,
        sight=sight,
        shown=shown,
        states=STATES,
        state=state,
        page=page,
        notice=notice,
    )


def look(session: Session, state: DeliveryState | None, *, page: int) -> Sight:
    """One consistent picture of the tray."""
    found = tray(session, state=state, limit=PAGE + 1, offset=(page - 1) * PAGE)
    return Sight(
        counts=counts(session),
        of_state=tray_counts(session, list(STATES)),
        entries=found[:PAGE],
        more=len(found) > PAGE,
        holds=open_holds(session),
    )


@router.get("/deliveries/{delivery_id}")
async def show_delivery(here: Here, person: Reader, delivery_id: Id, notice: Notice | None = None) -> Response:
    """One mail on its way: each try in the server's words, what holds it, and what comes next."""
    seen, found = await here.db.read(_delivery, delivery_id)
    now = here.clock.now()
    return here.pages.render(
        "delivery.html",
        person=person,
        now=now,
        tabs=TABS,
        counts=found,
        seen=seen,
        standing=standing(seen.delivery, now),
        ways=ways(seen.delivery),
        notice=notice,
    )


def _delivery(session: Session, delivery_id: int) -> tuple[Seen, dict[Tab, int]]:
    return one(session, delivery_id), counts(session)
