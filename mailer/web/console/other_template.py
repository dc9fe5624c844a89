"""Another template, or another language: chosen from all that could answer, read first, then drafted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from mailer.errors import InputError
from mailer.model import DraftState
from mailer.rendering.where import where_to_add
from mailer.replies.case import Case
from mailer.replies.draft import Text
from mailer.replies.other import Choice, begin, case_for, choices, keys_of, take
from mailer.replies.queue import item
from mailer.web.console.chips import Run, plain_runs
from mailer.web.console.forms import Id
from mailer.web.console.words import Notice
from mailer.web.desk import Decider, Desk, Here, Reader

router = APIRouter()

_KEY, _LOCALE = "^[a-z0-9_]{0,60}$", "^[A-Za-z0-9-]{0,20}$"


@dataclass(frozen=True)
class Sight:
    """The choices, the chosen one, and how it reads; `lacks` are the facts in whose places blanks stand."""

    conversation_id: int
    choices: list[Choice]
    key: str
    locale: str
    locales: tuple[str, ...]
    text: Text | None
    runs: Sequence[Run]
    lacks: Sequence[str]
    problems: tuple[str, ...]
    # The draft that a new one would take the place of, and whether a person wrote it.
    instead: int | None
    by_person: bool


@router.get("/conversations/{conversation_id}/templates")
async def show_templates(
    request: Request,
    here: Here,
    person: Reader,
    conversation_id: Id,
    template: Annotated[str, Query(pattern=_KEY)] = "",
    locale: Annotated[str, Query(pattern=_LOCALE)] = "",
) -> Response:
    """Every template that could answer, with what one of them would say."""
    request.state.back = f"/conversations/{conversation_id}"
    case, waiting = await here.db.read(_look, conversation_id, locale, here=here)
    key = template or (waiting[2][0] if waiting and waiting[2] else "")
    sight = _sight(here, case, key, locale, waiting)
    return here.pages.render("other_template.html", person=person, sight=sight)


@router.post("/conversations/{conversation_id}/drafts")
async def post_draft(
    request: Request,
    here: Here,
    person: Decider,
    conversation_id: Id,
    template: Annotated[str, Form(pattern=_KEY)],
    locale: Annotated[str, Form(pattern=_LOCALE)] = "",
    instead: Annotated[str, Form(pattern="^[0-9]{0,9}$")] = "",
) -> Response:
    """Draft from this template, as drafting would."""
    request.state.back = f"/conversations/{conversation_id}"
    case, _ = await here.db.read(_look, conversation_id, locale, here=here)
    text = begin(case, template, here.catalog, here.house)
    by, of = person.agent_id, int(instead) if instead else None
    await here.db.run(take, case, text, here.house, agent_id=by, instead_of=of, now=here.clock.now())
    here.wake()
    return RedirectResponse(f"/conversations/{conversation_id}?notice={Notice.DRAFTED}#draft-title", 303)


_Waiting = tuple[int, bool, list[str]]


def _look(session: Session, conversation_id: int, locale: str, *, here: Desk) -> tuple[Case, _Waiting | None]:
    case = case_for(session, conversation_id, here.house, now=here.clock.now(), locale=locale)
    draft = item(session, conversation_id).draft
    if draft is None or draft.state is not DraftState.PENDING:
        return case, None
    return case, (draft.id or 0, draft.written_by is not None, keys_of(list(draft.made_from)))


def _sight(here: Desk, case: Case, key: str, locale: str, waiting: _Waiting | None) -> Sight:
    found = choices(case, here.catalog, here.house)
    text: Text | None = None
    problems: tuple[str, ...] = ()
    try:
        text = begin(case, key, here.catalog, here.house) if key else None
    except InputError as error:
        problems = tuple(error.problems)
    return Sight(
        conversation_id=case.conversation_id,
        choices=found,
        key=key,
        locale=locale or (text.rendered.locale if text else ""),
        locales=next((one.locales for one in found if one.key == key), ()),
        text=text,
        runs=plain_runs(text.rendered.text, text.marks) if text else [],
        lacks=[f"{path}: {where_to_add(path)}" for path in text.rendered.blanks] if text else [],
        problems=problems,
        instead=waiting[0] if waiting else None,
        by_person=waiting[1] if waiting else False,
    )
