"""What waits for a person, by time left."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from mailer.model import Delivery, Hold, HoldScope
from mailer.outbound.hold import standing as standing_hold
from mailer.outbound.hold import stopped
from mailer.outbound.view import open_holds
from mailer.replies.tabs import Tab, following
from mailer.web.auth import SignedIn
from mailer.web.console.back import Back
from mailer.web.console.looking import Look, Looking
from mailer.web.console.panes import Around, Rows, around, list_values, rows, seconds_left, storefronts
from mailer.web.console.words import Notice, standing
from mailer.web.desk import Here, Reader

router = APIRouter()

# What is no conversation has a page of its own.
ELSEWHERE = {Tab.FAILED: "/failed", Tab.QUARANTINE: "/quarantine"}


@dataclass(frozen=True)
class Sight:
    """What one look at the queue shows."""

    rows: Rows
    around: Around
    undo: Delivery | None
    stop: Hold | None = None
    flows: Sequence[Hold] = ()
    catch_up: Hold | None = None


@router.get("/")
async def start(person: Reader) -> Response:
    """The console opens with the queue."""
    return RedirectResponse("/queue", 303)


@router.get("/queue")
async def show_queue(
    request: Request,
    here: Here,
    person: Reader,
    look: Look,
    undo: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    notice: Notice | None = None,
    back: Back = "",
) -> Response:
    """One tab of the queue; the list alone for a page that brings itself up to date."""
    if look.tab in ELSEWHERE:
        return RedirectResponse(f"{ELSEWHERE[look.tab]}?notice={notice}" if notice else ELSEWHERE[look.tab], 303)
    now = here.clock.now()
    if request.headers.get("x-pane") == "rows":
        found = await here.db.read(rows, look, person, now)
        return here.pages.render(
            "rows.html", headers={"x-pane": "rows"}, person=person, **list_values(look, found, now)
        )
    sight = await here.db.read(sight_of, look, person, storefronts(here), undo=undo, now=now)
    return here.pages.render(
        "queue.html",
        person=person,
        sight=sight,
        around=sight.around,
        undo=sight.undo,
        undo_standing=standing(sight.undo, now) if sight.undo else None,
        undo_seconds=seconds_left(sight.undo, now),
        notice=notice,
        back=back,
        **list_values(look, sight.rows, now),
    )


def sight_of(
    session: Session, look: Looking, person: SignedIn, brands: Sequence[str], *, undo: int | None, now: datetime
) -> Sight:
    """One consistent picture of the queue."""
    return Sight(
        rows=rows(session, look, person, now),
        around=around(session, person, brands),
        undo=session.get(Delivery, undo) if undo else None,
        stop=stopped(session),
        flows=[hold for hold in open_holds(session) if hold.scope is HoldScope.FLOW],
        catch_up=standing_hold(session, HoldScope.CATCH_UP, ""),
    )


async def on_to_next(here: Here, conversation_id: int, query: str, look: Looking | None = None) -> Response:
    """After a decision: the next item of the same list, or the list when there is none."""
    look = look or Looking()
    found = await here.db.read(following, look.tab, look.filters, conversation_id)
    place = look.item(found[0], query) if found else look.list(query)
    return RedirectResponse(place, 303)
