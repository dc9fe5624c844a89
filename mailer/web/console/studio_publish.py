"""From a draft into service: what changes is shown, warnings are confirmed, and exactly that text goes live."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from mailer.calendars import parse_zone
from mailer.errors import Conflict, InputError, NotFound
from mailer.model import Agent, TemplateRevision, TemplateState
from mailer.rendering.catalog import Catalog
from mailer.rendering.comparison import measures
from mailer.rendering.critique import remarks_of
from mailer.rendering.names import parse_name
from mailer.rendering.revision import Unconfirmed, find_revision, own_draft, unschedule
from mailer.rendering.standing import Standing, standing
from mailer.web.auth import SignedIn
from mailer.web.console.folded import difference
from mailer.web.console.forms import Id
from mailer.web.console.studio_compare import MEASURES
from mailer.web.console.studio_drafts import edit_address
from mailer.web.console.studio_look import Word, remarks_on
from mailer.web.desk import Desk, Here, Publisher, newest_templates

router = APIRouter(dependencies=[Depends(newest_templates)])

_OPEN = (TemplateState.DRAFT, TemplateState.SCHEDULED)


@router.get("/templates/publish/{name:path}")
async def show_publish(
    here: Here, person: Publisher, name: str, draft: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None
) -> Response:
    """What would change, what the checks say, and a note."""
    return await _page(here, person, await here.db.read(_draft_of, name, draft, person.agent_id))


@router.post("/templates/publish/{revision_id}")
async def publish(
    request: Request,
    here: Here,
    person: Publisher,
    revision_id: Id,
    sha256: Word,
    note: Annotated[str, Form(max_length=1000)] = "",
    confirm: Annotated[bool, Form()] = False,
    when: Word = "",
    at_once: Annotated[bool, Form()] = False,
) -> Response:
    """Now, or at a moment on the clock of whoever publishes."""
    draft = await here.db.read(find_revision, revision_id)
    request.state.back = edit_address(draft.name)
    _refuse_own(here, draft, person)
    bound: dict[str, Any] = {"sha256": sha256, "agent_id": person.agent_id, "confirm": confirm, "note": note}
    try:
        if when and not at_once:
            await here.press.schedule(
                revision_id, publish_at=_moment(when, person.zone or here.settings.shop.zone), **bound
            )
        else:
            await here.press.publish(revision_id, **bound)
    except (Unconfirmed, InputError) as error:
        problem = "" if isinstance(error, Unconfirmed) else str(error)
        return await _page(
            here, person, draft, problem=problem or "Look at the warnings and say that it goes out as it is."
        )
    return RedirectResponse(
        f"/templates/history/{draft.name}?done={'published' if at_once or not when else 'scheduled'}", 303
    )


@router.post("/templates/unschedule/{revision_id}")
async def take_back(here: Here, person: Publisher, revision_id: Id) -> Response:
    """A scheduled text becomes a draft again."""
    planned = await here.db.run(unschedule, revision_id, now=here.clock.now())
    return RedirectResponse(f"/templates/history/{planned.name}", 303)


def _draft_of(session: Session, name: str, revision_id: int | None, agent_id: int) -> TemplateRevision:
    parse_name(name)
    found = find_revision(session, revision_id) if revision_id else own_draft(session, name, agent_id)
    if found is None or found.name != name or found.state not in _OPEN:
        raise NotFound("You have no draft of this template; write one first.")
    return found


def _refuse_own(here: Desk, draft: TemplateRevision, person: SignedIn) -> None:
    if here.settings.rendering.review and draft.author_id == person.agent_id:
        raise Conflict(
            "Somebody else has to look at this text and publish it: config.toml asks for that ([rendering] review)."
        )


async def _page(here: Desk, person: SignedIn, draft: TemplateRevision, *, problem: str = "") -> Response:
    now_served, author = await here.db.read(_beside, here.catalog, draft)
    try:
        remarks = await remarks_on(here, person, draft.name, draft.text)
    except InputError as error:
        remarks = remarks_of(error, draft.name, draft.text)
    return here.pages.render(
        "studio_publish.html",
        status=409 if problem else 200,
        person=person,
        now=here.clock.now(),
        draft=draft,
        author=author,
        served=now_served,
        changes=difference(now_served.text, draft.text),
        remarks=remarks,
        problem=problem,
        measures={one.value: MEASURES[one] for one in measures(draft.name)},
        may=not (here.settings.rendering.review and draft.author_id == person.agent_id),
    )


def _beside(session: Session, catalog: Catalog, draft: TemplateRevision) -> tuple[Standing, str]:
    author = session.get(Agent, draft.author_id)
    return standing(session, catalog, draft.name), author.name if author else ""


def _moment(text: str, zone: str) -> datetime:
    """A time of a form, on the wall of the zone in which it was typed. Raises InputError."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=parse_zone(zone)).astimezone(UTC)
    except ValueError:
        raise InputError("when", [f'"{text}" is no day and time']) from None
