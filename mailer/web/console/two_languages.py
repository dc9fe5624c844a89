"""A draft in the customer's language beside the same template in the reader's, paragraph by paragraph."""

from dataclasses import dataclass
from itertools import zip_longest

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import Response

from mailer.errors import Conflict, InputError, NotFound
from mailer.model import Draft
from mailer.rendering.catalog import chain
from mailer.rendering.equal import Difference, Said, differences
from mailer.replies.case import Case, House
from mailer.replies.draft import compose
from mailer.replies.other import case_for, keys_of
from mailer.web.console.forms import Id
from mailer.web.desk import Desk, Here, Reader
from mailer.web.languages import N_

router = APIRouter()

# Facts that are names: the same in each language.
_NAMES = ("customer.first_name", "customer.name", "parcels.", "items.", "agent.name", "shop.name")
_WORDS = ("carrier", "title", "name", "first_name")
KINDS = {
    "links": N_("Links"),
    "names": N_("Names"),
    "order numbers": N_("Order and parcel numbers"),
    "days": N_("Days"),
    "times": N_("Times"),
    "numbers": N_("Numbers"),
}


@dataclass(frozen=True)
class Sides:
    """Both texts, their paragraphs side by side, and what only one of them says."""

    locale: str
    other: str
    rows: list[tuple[str, str]]
    mistakes: list[Difference]


@router.get("/drafts/{draft_id}/beside")
async def show_beside(request: Request, here: Here, person: Reader, draft_id: Id) -> Response:
    """The two languages: a part of the page for htmx, else a page of their own."""
    draft, case = await here.db.read(_asked, draft_id, here.house, person.language.split("-")[0], here=here)
    sides, problem = None, ""
    try:
        sides = _beside(here, draft, case, person.language.split("-")[0])
    except InputError as error:
        problem = str(error)
    page = "beside_part.html" if "hx-request" in request.headers else "beside.html"
    return here.pages.render(page, person=person, draft=draft, sides=sides, problem=problem, kinds=KINDS)


def _asked(session: Session, draft_id: int, house: House, language: str, *, here: Desk) -> tuple[Draft, Case]:
    draft = session.get(Draft, draft_id)
    if draft is None or not draft.made_from:
        raise NotFound(f"draft {draft_id}: there is no draft from a template of that number")
    return draft, case_for(session, draft.conversation_id, house, now=here.clock.now(), locale=language)


def _beside(here: Desk, draft: Draft, case: Case, language: str) -> Sides:
    """Raises InputError where no template is in the reader's language, or a fact for it is missing."""
    text = compose(case, keys_of(list(draft.made_from)), here.catalog, here.house)
    if text.rendered.locale not in chain([language]):
        raise InputError("templates", [f"there is none in {language} for all that this draft says"])
    left, right = Said(draft.text, draft.locale or "en"), Said(text.rendered.text, text.rendered.locale)
    if draft.disclosure is not case.disclosure:
        raise Conflict("what may be told of the order changed since; draft again")
    rows = list(zip_longest(_paragraphs(left.text), _paragraphs(right.text), fillvalue=""))
    return Sides(left.locale, right.locale, rows, differences(left, right, _names(here, draft)))


def _paragraphs(text: str) -> list[str]:
    return [one.strip("\n") for one in text.strip().split("\n\n")]


def _names(here: Desk, draft: Draft) -> list[str]:
    told = [str(kept["value"]) for path, kept in draft.facts.items() if path.startswith(_NAMES) and _is_name(path)]
    return [*told, here.house.name, here.house.agent]


def _is_name(path: str) -> bool:
    return path.rpartition(".")[2] in _WORDS
