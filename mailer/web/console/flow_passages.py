"""One passage through a flow: why its mail came, waits or did not come; and what a person does with it by hand."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from mailer.flows.by_hand import send_now, take_out
from mailer.flows.explain import Chapter, chapter_of
from mailer.flows.passages import Listed, passage_of
from mailer.flows.terms import Terms
from mailer.web.console.flow_desk import FlowName, flows_of, in_page, terms_of, the_flow
from mailer.web.console.forms import Id, Text
from mailer.web.desk import Desk, Here, Reader, Releaser

router = APIRouter()

# A passage begins at 0.
Version = Annotated[int, Form(ge=0, le=2**31 - 1)]


@router.get("/flows/{name}/passages/{passage_id}")
async def show_passage(here: Here, person: Reader, name: FlowName, passage_id: Id) -> Response:
    """The past and the future of one passage, question by question."""
    found, chapter, flow = await here.db.read(look, here, name, passage_id, terms_of(here), now=here.story_now)
    under_way = found.enrollment.state.value in ("active", "paused")
    told = {"row": found, "passage": found.enrollment, "chapter": chapter, "flow": flow, "under_way": under_way}
    return here.pages.render("flow_passage.html", **in_page(here, person, flow_id=name, **told))


@router.post("/flows/{name}/passages/{passage_id}/exit")
async def post_exit(
    here: Here, person: Releaser, name: FlowName, passage_id: Id, version: Version, reason: Text = ""
) -> Response:
    """Take them out: no mail of this flow any more."""
    now = here.story_now
    said = reason.strip()[:500]
    await here.db.run(_take_out, name, passage_id, version=version, reason=said, by=person.name, now=now)
    return RedirectResponse(f"/flows/{name}?notice=out", 303)


@router.post("/flows/{name}/passages/{passage_id}/sending")
async def post_sending(here: Here, person: Releaser, name: FlowName, passage_id: Id, version: Version) -> Response:
    """Let the next mail go without its wait."""
    await here.db.run(_send_now, here, name, passage_id, version=version, by=person.name, now=here.story_now)
    here.wake()
    return RedirectResponse(f"/flows/{name}?notice=now", 303)


def look(
    session: Session, here: Desk, name: str, passage_id: int, terms: Terms, *, now: datetime
) -> tuple[Listed, Chapter, object]:
    """One passage as it stands. Raises NotFound."""
    found, flows = passage_of(session, name, passage_id), flows_of(session, here)
    return found, chapter_of(session, found.enrollment, flows, terms, now=now), flows.get(name)


def _take_out(
    session: Session, name: str, passage_id: int, *, version: int, reason: str, by: str, now: datetime
) -> None:
    passage_of(session, name, passage_id)
    take_out(session, passage_id, version=version, reason=reason, by=by, now=now)


def _send_now(
    session: Session, here: Desk, name: str, passage_id: int, *, version: int, by: str, now: datetime
) -> None:
    passage_of(session, name, passage_id)
    send_now(session, the_flow(session, here, name), passage_id, version=version, by=by, now=now)
