"""What somebody types is kept as versions, and one can go back to each."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from mailer.errors import Conflict
from mailer.model import Conversation, Draft
from mailer.rendering.marked import moved, of_stored
from mailer.rendering.tone import Finding, lint
from mailer.replies.unresolved import gaps
from mailer.replies.versions import drop, history, keep, restore
from mailer.web.console.forms import Id, Text
from mailer.web.desk import Decider, Desk, Here, Unnoted

router = APIRouter()

# No draft is an own reply; a browser sends an empty field for it.
DraftId = Annotated[str, Form(pattern="^[0-9]{0,9}$")]


@router.post("/conversations/{conversation_id}/versions", dependencies=[Unnoted])
async def post_version(
    request: Request,
    here: Here,
    person: Decider,
    conversation_id: Id,
    text: Text,
    base: Annotated[int, Form(ge=0, le=2**31 - 1)],
    draft: DraftId = "",
) -> Response:
    """Keep what was typed, on top of the version that its author saw."""
    request.state.back = f"/conversations/{conversation_id}"
    of, now, by = int(draft) if draft else None, here.clock.now(), person.agent_id
    asked = "hx-request" in request.headers
    try:
        number = await here.db.run(keep, conversation_id, draft_id=of, base=base, text=text, agent_id=by, now=now)
    except Conflict as error:
        if not asked:
            raise
        newest = (await here.db.read(history, conversation_id))[0]
        return _notes(
            here, person, status=409, other={"words": str(error), "text": newest.text, "number": newest.number}
        )
    if not asked:
        return _to_editor(conversation_id, of)
    findings, missing = await here.db.read(_heard, conversation_id, of, text)
    answer = _notes(here, person, findings=findings, gaps=missing, kept_at=now)
    answer.headers["x-version"] = str(number)
    return answer


@router.post("/conversations/{conversation_id}/versions/{number}/restoration")
async def post_restoration(
    request: Request, here: Here, person: Decider, conversation_id: Id, number: Id, draft: DraftId = ""
) -> Response:
    """Go back to a version, to write on from it."""
    request.state.back = f"/conversations/{conversation_id}"
    of, by = int(draft) if draft else None, person.agent_id
    await here.db.run(restore, conversation_id, number, draft_id=of, agent_id=by, now=here.clock.now())
    return _to_editor(conversation_id, of)


@router.post("/conversations/{conversation_id}/versions/drop")
async def post_drop(
    request: Request, here: Here, person: Decider, conversation_id: Id, draft: DraftId = ""
) -> Response:
    """Back to the text that is saved."""
    request.state.back = f"/conversations/{conversation_id}"
    of, by = int(draft) if draft else None, person.agent_id

    def back(session: Session) -> None:
        row = session.get(Draft, of) if of else None
        drop(session, conversation_id, draft_id=of, text=row.text if row else "", agent_id=by, now=now)

    now = here.clock.now()
    await here.db.run(back)
    return _to_editor(conversation_id, of)


def _to_editor(conversation_id: int, draft_id: int | None) -> Response:
    query = "?edit=true#text" if draft_id else "#own-reply"
    return RedirectResponse(f"/conversations/{conversation_id}{query}", 303)


def _heard(session: Session, conversation_id: int, draft_id: int | None, text: str) -> tuple[list[Finding], list[str]]:
    """How a text sounds, and what is missing in it."""
    talk, draft = session.get_one(Conversation, conversation_id), session.get(Draft, draft_id) if draft_id else None
    marks = moved(of_stored(draft.marks), draft.drafted, text) if draft else []
    missing = list(dict.fromkeys(gap.words for gap in gaps(text, marks)))
    return lint(text, (draft.locale if draft else "") or talk.language or "en"), missing


def _notes(here: Desk, person: Decider, *, status: int = 200, **values: Any) -> Response:
    told: dict[str, Any] = {"findings": [], "gaps": [], "kept_at": None, "other": None, **values}
    return here.pages.render("item_editor_notes.html", status=status, person=person, **told)
