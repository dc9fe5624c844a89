"""What waits for a person, by time left."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from mailer.model import Delivery, Hold, HoldScope, RawMail
from mailer.outbound.hold import standing as standing_hold
from mailer.outbound.hold import stopped
from mailer.outbound.view import open_holds
from mailer.replies.queue import Tab, Waiting, counts, quarantined, waiting
from mailer.web.console.back import Back
from mailer.web.console.words import EMPTY, TABS, Notice, standing
from mailer.web.desk import Here, Reader

PAGE = 50
REFRESH_SECONDS = 10

ELSEWHERE = {Tab.FAILED: "/failed", Tab.QUARANTINE: "/quarantine"}

router = APIRouter()


@dataclass(frozen=True)
class Sight:
    """What one look at the queue shows."""

    counts: dict[Tab, int]
    waiting: Sequence[Waiting]
    quarantined: Sequence[RawMail]
    undo: Delivery | None
    more: bool
    stop: Hold | None = None
    flows: Sequence[Hold] = ()
    catch_up: Hold | None = None


@router.get("/")
async def start(person: Reader) -> Response:
    """The console opens with the queue."""
    return RedirectResponse("/queue", 303)


@router.get("/queue")
async def show_queue(
    here: Here,
    person: Reader,
    tab: Tab = Tab.TO_APPROVE,
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
    undo: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    notice: Notice | None = None,
    still: bool = False,
    back: Back = "",
) -> Response:
    """One tab of the queue; it refreshes itself unless `still`. What is no conversation has a page of its own."""
    if tab in ELSEWHERE:
        return RedirectResponse(f"{ELSEWHERE[tab]}?notice={notice}" if notice else ELSEWHERE[tab], 303)
    sight = await here.db.read(look, tab, page=page, undo=undo)
    now = here.clock.now()
    return here.pages.render(
        "queue.html",
        person=person,
        now=now,
        tab=tab,
        tabs=TABS,
        empty=EMPTY[tab],
        sight=sight,
        page=page,
        undo=sight.undo,
        undo_standing=standing(sight.undo, now) if sight.undo else None,
        notice=notice,
        back=back,
        refresh=None if still else REFRESH_SECONDS,
    )


def look(session: Session, tab: Tab, *, page: int, undo: int | None) -> Sight:
    """One consistent picture of the queue."""
    found = waiting(session, tab, limit=PAGE + 1, offset=(page - 1) * PAGE)
    return Sight(
        counts=counts(session),
        waiting=found[:PAGE],
        quarantined=quarantined(session, limit=PAGE) if tab is Tab.QUARANTINE else [],
        undo=session.get(Delivery, undo) if undo else None,
        more=len(found) > PAGE,
        stop=stopped(session),
        flows=[hold for hold in open_holds(session) if hold.scope is HoldScope.FLOW],
        catch_up=standing_hold(session, HoldScope.CATCH_UP, ""),
    )


def next_after(session: Session, conversation_id: int) -> int | None:
    """The conversation to decide on next; None when no other waits."""
    others = (entry.conversation_id for entry in waiting(session, Tab.TO_APPROVE, limit=2))
    return next((other for other in others if other != conversation_id), None)


async def on_to_next(here: Here, conversation_id: int, query: str) -> Response:
    """After a decision: the next item, or the queue when there is none."""
    following = await here.db.read(next_after, conversation_id)
    place = "/queue" if following is None else f"/conversations/{following}"
    return RedirectResponse(f"{place}?{query}", 303)
