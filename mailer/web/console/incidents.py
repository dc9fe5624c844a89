"""Incidents: delays by carrier, route and day, and what agents declared themselves."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from mailer.model import Incident, Order, TroubleKind
from mailer.orders.incidents import Batch, batches, incidents_of, settle, settle_all, tell
from mailer.replies.troubles import TroubleSeen, open_troubles
from mailer.web.console.forms import Id, Text
from mailer.web.console.words import Notice
from mailer.web.desk import Decider, Here, Reader
from mailer.web.languages import N_

router = APIRouter()

Name = Annotated[str, Form(max_length=200)]

KINDS = {
    TroubleKind.CARRIER: N_("carrier"),
    TroubleKind.WAREHOUSE: N_("warehouse"),
    TroubleKind.PRODUCT: N_("product"),
    TroubleKind.COUNTRY: N_("country"),
}


@dataclass(frozen=True)
class Sight:
    """What one look at the incidents shows; `rows` are those of the batch that is open."""

    batches: list[Batch]
    troubles: list[TroubleSeen]
    rows: list[tuple[Incident, Order]]


@router.get("/incidents")
async def show_incidents(
    here: Here,
    person: Reader,
    batch: Annotated[str, Query(max_length=200)] = "",
    notice: Notice | None = None,
) -> Response:
    """Every open one as a card; of one batch the orders too."""
    sight = await here.db.read(look, batch)
    return here.pages.render(
        "incidents.html",
        person=person,
        now=here.clock.now(),
        sight=sight,
        batch=batch,
        kinds=KINDS,
        notice=notice,
    )


def look(session: Session, batch: str) -> Sight:
    """One consistent picture. Raises NotFound for a batch that is not open."""
    return Sight(batches(session), open_troubles(session), incidents_of(session, batch) if batch else [])


@router.post("/incidents/tell")
async def post_tell(request: Request, here: Here, person: Decider, batch: Name) -> Response:
    """Let the customers of a batch know."""
    request.state.back = "/incidents"
    await here.db.run(tell, batch, by=person.name, now=here.clock.now())
    here.wake()
    return RedirectResponse(f"/incidents?notice={Notice.TOLD}", 303)


@router.post("/incidents/settlements")
async def post_settle_all(request: Request, here: Here, person: Decider, batch: Name, reason: Text = "") -> Response:
    """A whole batch is over."""
    request.state.back = "/incidents"
    await here.db.run(settle_all, batch, by=person.name, reason=reason.strip()[:500], now=here.clock.now())
    here.wake()
    return RedirectResponse(f"/incidents?notice={Notice.SETTLED}", 303)


@router.post("/incidents/{incident_id}/settlement")
async def post_settle(request: Request, here: Here, person: Decider, incident_id: Id, reason: Text = "") -> Response:
    """One of them is over."""
    request.state.back = "/incidents"
    await here.db.run(settle, incident_id, by=person.name, reason=reason.strip()[:500], now=here.clock.now())
    here.wake()
    return RedirectResponse(f"/incidents?notice={Notice.SETTLED}", 303)
