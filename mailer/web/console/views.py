"""Views: a way of looking at the queue that a person keeps under a name, for themselves or for everybody."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Form, Request
from sqlmodel import Session, col, or_, select
from starlette.responses import RedirectResponse, Response

from mailer.errors import InputError, NotFound
from mailer.model import SavedView
from mailer.web.console.forms import Id, plain_text
from mailer.web.console.looking import Looking
from mailer.web.desk import Decider, Here

router = APIRouter()

_LONGEST_NAME = 60
_MOST = 50


@dataclass(frozen=True)
class View:
    """A kept view as one person sees it."""

    id: int
    name: str
    looking: Looking
    shared: bool
    own: bool


@router.post("/views")
async def post_view(
    request: Request,
    here: Here,
    person: Decider,
    query: Annotated[str, Form(max_length=1000)],
    name: Annotated[str, Form(max_length=200)] = "",
    shared: Annotated[bool, Form()] = False,
) -> Response:
    """Keep a view; one of the same name takes its place."""
    seen = Looking.read(dict(parse_qsl(query)))
    request.state.back = seen.address
    name = " ".join(plain_text(name).split())
    await here.db.run(keep, seen, name, agent_id=person.agent_id, shared=shared, now=here.clock.now())
    return RedirectResponse(seen.address, 303)


@router.post("/views/{view_id}/end")
async def post_end(request: Request, here: Here, person: Decider, view_id: Id) -> Response:
    """Forget a view of one's own."""
    await here.db.run(forget, view_id, agent_id=person.agent_id)
    return RedirectResponse("/queue", 303)


def views(session: Session, agent_id: int) -> list[View]:
    """The views that a person sees: their own first, then what others share."""
    mine = col(SavedView.agent_id) == agent_id
    rows = session.exec(
        select(SavedView)
        .where(or_(mine, col(SavedView.shared)))
        .order_by(mine.desc(), col(SavedView.name))
        .limit(_MOST)
    )
    return [
        View(
            row.id or 0,
            row.name,
            Looking.read(dict(parse_qsl(row.query)), agent_id),
            row.shared,
            row.agent_id == agent_id,
        )
        for row in rows
    ]


def keep(session: Session, seen: Looking, name: str, *, agent_id: int, shared: bool, now: datetime) -> None:
    """Under this name, as its owner's. Raises InputError."""
    if not 0 < len(name) <= _LONGEST_NAME:
        raise InputError("view", [f"give it a name of at most {_LONGEST_NAME} characters"])
    own = select(SavedView).where(SavedView.agent_id == agent_id)
    view = session.exec(own.where(SavedView.name == name)).first()
    if view is None:
        if len(session.exec(own).all()) >= _MOST:
            raise InputError("view", [f"{_MOST} views are kept already; forget one first"])
        view = SavedView(agent_id=agent_id, name=name, query="", created_at=now)
    view.query, view.shared = seen.turned(1).full_query, shared
    session.add(view)


def forget(session: Session, view_id: int, *, agent_id: int) -> None:
    """Raises NotFound for what is not their own."""
    view = session.get(SavedView, view_id)
    if view is None or view.agent_id != agent_id:
        raise NotFound(f"there is no view {view_id} of yours")
    session.delete(view)
