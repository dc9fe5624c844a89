"""A person's own text of a template, saved while they write: each save names the version that it rests on."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from starlette.datastructures import URL
from starlette.responses import JSONResponse, RedirectResponse, Response

from mailer.errors import Conflict, InputError
from mailer.rendering.begin import begin_locale, begin_template
from mailer.rendering.names import made_name
from mailer.rendering.revision import discard, find_revision, save_draft
from mailer.rendering.tree import entries
from mailer.web.console.forms import Id, Text
from mailer.web.console.studio_look import Word
from mailer.web.desk import Here, Publisher, Unnoted, newest_templates

router = APIRouter(dependencies=[Depends(newest_templates)])

Seen = Annotated[int, Form(ge=0, le=2**31 - 1)]


@router.post("/templates/edit/{name:path}", dependencies=[Unnoted])
async def save(request: Request, here: Here, person: Publisher, name: str, text: Text, version: Seen = 0) -> Response:
    """Keep the text. A script gets the new version, a browser the page again."""
    request.state.back = edit_address(name)
    draft = await here.db.run(
        save_draft,
        name,
        text,
        agent_id=person.agent_id,
        expected_version=version,
        catalog=here.catalog,
        now=here.clock.now(),
    )
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"version": draft.version, "draft": draft.id, "sha256": draft.sha256})
    return RedirectResponse(f"{edit_address(name)}?saved=true", 303)


@router.post("/templates/discard/{revision_id}")
async def throw_away(here: Here, person: Publisher, revision_id: Id, version: Seen) -> Response:
    """Let go of one's own draft; it stays readable in the history."""
    draft = await here.db.read(find_revision, revision_id)
    if draft.author_id != person.agent_id:
        raise Conflict("This draft is somebody else's; they can let go of it.")
    await here.db.run(discard, revision_id, agent_id=person.agent_id, expected_version=version, now=here.clock.now())
    return RedirectResponse(edit_address(draft.name), 303)


@router.get("/templates/new")
async def show_new(here: Here, person: Publisher, key: str = "", locale: str = "", like: str = "") -> Response:
    """What it is to be: a new template, or one that exists in another language."""
    return await _new(
        here, person, {"use": "replies", "key": key, "locale": locale, "like": like, "storefront": "main"}
    )


@router.post("/templates/new")
async def make(
    here: Here,
    person: Publisher,
    use: Word = "replies",
    key: Word = "",
    locale: Word = "",
    storefront: Word = "main",
    like: Word = "",
) -> Response:
    """Begin it as a draft: with the words of another language, or with a form to fill in."""
    typed = {"use": use, "key": key.strip().lower().replace(" ", "_"), "locale": locale.strip(), "like": like}
    typed["storefront"] = storefront.strip() or "main"
    told: dict[str, Any] = {"catalog": here.catalog, "agent_id": person.agent_id, "now": here.clock.now()}
    try:
        if like:
            draft = await here.db.run(begin_locale, like, typed["locale"], **told)
        else:
            name = made_name(use, typed["key"], typed["locale"], typed["storefront"])
            draft = await here.db.run(begin_template, name, **told)
    except (InputError, Conflict) as error:
        return await _new(here, person, typed, problem=str(error))
    return RedirectResponse(edit_address(draft.name), 303)


def edit_address(name: str) -> str:
    """Where a template is edited."""
    return URL(f"/templates/edit/{name}").path


async def _new(here: Here, person: Publisher, typed: dict[str, str], *, problem: str = "") -> Response:
    others = [one for one in entries(here.catalog) if one.place != "frame"]
    return here.pages.render(
        "studio_new.html",
        status=400 if problem else 200,
        person=person,
        problem=problem,
        typed=typed,
        others=others,
    )
