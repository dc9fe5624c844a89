"""An incident that an agent declares: the orders and conversations that fit, one text, a draft for each, settled."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Form, Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from mailer.model import Conversation, Order, Trouble, TroubleKind
from mailer.rendering.known import SAMPLES
from mailer.replies.tell import NAME, Told, check_text, concerned, fill, record, write_text
from mailer.replies.together import drafts_of_trouble
from mailer.replies.troubles import TroubleSeen, declare, gathered, seen, settle_trouble, the_trouble
from mailer.web.auth import SignedIn
from mailer.web.console.forms import Id, Text
from mailer.web.console.incidents import KINDS
from mailer.web.console.together import carousel
from mailer.web.console.words import Notice
from mailer.web.desk import Decider, Here, Reader

router = APIRouter()

_SHOWN = 100
_LANGUAGES = ("en", "de", "zh", "fr", "es", "it", "nl", "ja")


@dataclass(frozen=True)
class Sight:
    """What one look at a declared incident shows."""

    seen: TroubleSeen
    talks: list[tuple[Conversation, Order]]
    languages: dict[str, int]


@router.post("/troubles")
async def post_trouble(
    request: Request,
    here: Here,
    person: Decider,
    kind: Annotated[TroubleKind, Form()],
    subject: Annotated[str, Form(max_length=200)],
    words: Annotated[str, Form(max_length=2_000)] = "",
    since: Annotated[date | None, Form()] = None,
) -> Response:
    """Say that something is wrong."""
    request.state.back = "/incidents"
    now, by = here.clock.now(), person.agent_id
    number = await here.db.run(declare, kind, subject, words=words, since=since, agent_id=by, now=now)
    return RedirectResponse(f"/troubles/{number}?notice={Notice.DECLARED}", 303)


@router.get("/troubles/{trouble_id}")
async def show_trouble(here: Here, person: Reader, trouble_id: Id, notice: Notice | None = None) -> Response:
    """What it concerns, and what is told."""
    return await _page(here, person, trouble_id, notice=notice)


async def _page(
    here: Here,
    person: SignedIn,
    trouble_id: int,
    notice: Notice | None = None,
    left: Sequence[Told] = (),
    written: int | None = None,
) -> Response:
    sight = await here.db.read(look, trouble_id)
    return here.pages.render(
        "trouble.html",
        person=person,
        now=here.clock.now(),
        sight=sight,
        trouble=sight.seen.trouble,
        kinds=KINDS,
        choices=list(dict.fromkeys([*sight.languages, *_LANGUAGES])),
        notice=notice,
        left=left,
        written=written,
    )


def look(session: Session, trouble_id: int) -> Sight:
    """One consistent picture. Raises NotFound."""
    trouble: Trouble = the_trouble(session, trouble_id)
    talks = list(gathered(session, trouble, _SHOWN))
    languages: dict[str, int] = {}
    for talk, order in talks:
        name = (talk.language or order.language or "en").split("-")[0]
        languages[name] = languages.get(name, 0) + 1
    return Sight(seen(session, trouble), talks, languages)


@router.post("/troubles/{trouble_id}/texts")
async def post_text(
    request: Request,
    here: Here,
    person: Decider,
    trouble_id: Id,
    text: Text,
    language: Annotated[str, Form(pattern=r"^[a-z]{2,3}$")] = "en",
) -> Response:
    """Keep the text in one language; an empty one takes it out."""
    request.state.back = f"/troubles/{trouble_id}"
    check_text(text, here.settings.rendering.templates)
    # One that runs away is refused before it is kept.
    await here.renderer.fill(here.catalog, NAME, text, SAMPLES, language)
    await here.db.run(write_text, trouble_id, language, text, here.settings.rendering.templates)
    return RedirectResponse(f"/troubles/{trouble_id}?notice={Notice.KEPT_TEXT}", 303)


@router.post("/troubles/{trouble_id}/drafts")
async def post_drafts(request: Request, here: Here, person: Decider, trouble_id: Id) -> Response:
    """A draft for each conversation that it concerns; what could not be filled is told with its reason."""
    request.state.back = f"/troubles/{trouble_id}"
    now, directory = here.clock.now(), here.settings.rendering.templates
    trouble = await here.db.read(the_trouble, trouble_id)
    found = await here.db.read(concerned, trouble_id, now=now)

    def write(text: str, values: Mapping[str, object], language: str) -> str:
        return here.renderer.fill_here(here.catalog, NAME, text, values, language)

    def fill_all() -> list[Told]:
        return [fill(one, trouble.texts, directory, write) for one in found]

    told = await asyncio.to_thread(fill_all)
    written = await here.db.run(record, trouble_id, told, agent_id=person.agent_id, now=now)
    left = [one for one in told if one.why_not]
    return await _page(here, person, trouble_id, left=left, written=written)


@router.get("/troubles/{trouble_id}/mails")
async def show_mails(here: Here, person: Reader, trouble_id: Id) -> Response:
    """Each draft as its customer would get it, to be approved together."""
    trouble = await here.db.read(the_trouble, trouble_id)
    ids = await here.db.read(drafts_of_trouble, trouble_id, 500)
    return await carousel(here, person, ids, trouble=trouble, place="incidents")


@router.post("/troubles/{trouble_id}/settlement")
async def post_settlement(request: Request, here: Here, person: Decider, trouble_id: Id) -> Response:
    """It is over."""
    request.state.back = f"/troubles/{trouble_id}"
    await here.db.run(settle_trouble, trouble_id, agent_id=person.agent_id, now=here.clock.now())
    return RedirectResponse(f"/incidents?notice={Notice.SETTLED}", 303)
