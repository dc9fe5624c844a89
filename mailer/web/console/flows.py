"""All flows at a glance: what each does, who is in it, what it sent and kept back, and what goes out next."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter
from sqlmodel import Session
from starlette.responses import Response

from mailer.calendars import parse_zone
from mailer.flows.coming import Week, week
from mailer.flows.definition import Flow
from mailer.flows.overview import Lately, lately
from mailer.flows.terms import Terms
from mailer.web.console import flow, flow_batches, flow_editor, flow_passages, flow_publish, simulator
from mailer.web.console.flow_desk import broken_files, flows_of, in_page, terms_of
from mailer.web.desk import Desk, Here, Reader

router = APIRouter()
for part in (flow, flow_passages, flow_batches, flow_editor, flow_publish, simulator):
    router.include_router(part.router)


@dataclass(frozen=True)
class Sight:
    """What one look at all flows shows."""

    flows: Mapping[str, Flow]
    lately: Lately
    week: Week


@router.get("/flows")
async def show_flows(here: Here, person: Reader) -> Response:
    """Each flow as a card: live ones first."""
    sight = await here.db.read(look, here, terms_of(here), person.zone, now=here.story_now)
    ranks = {"live": 0, "manual": 1, "draft": 2}
    shown = sorted(sight.flows.values(), key=lambda flow: (ranks[flow.status], flow.name))
    broken = broken_files(here)
    lost = {flow_id: told for flow_id, told in broken.items() if flow_id not in sight.flows}
    return here.pages.render("flows.html", **in_page(here, person, sight=sight, flows=shown, broken=broken, lost=lost))


def look(session: Session, here: Desk, terms: Terms, zone: str, *, now: datetime) -> Sight:
    """One consistent picture of all flows."""
    flows = flows_of(session, here)
    on_wall = parse_zone(zone) if zone else terms.zone
    return Sight(flows, lately(session, now=now), week(session, flows, terms, zone=on_wall, now=now))
