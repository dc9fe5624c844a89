"""/review/TOKEN: stars, words, fit and photos for one product of an order; then the next."""

from typing import Any

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.datastructures import FormData
from starlette.responses import Response

from mailer.errors import InputError
from mailer.feedback.photo import Photo
from mailer.feedback.review import FITS, Said, key_of, lines_of, review, reviews_of
from mailer.model import Order, OrderLine, Review
from mailer.web.public.forms import keep_photos, number, read_form_with_photos, text
from mailer.web.public.site import Closed, Here, Opened, Site, opened

router = APIRouter()


@router.api_route("/review/{token}", methods=["GET", "HEAD"])
async def show_review(request: Request, here: Here, token: str, stars: str = "", item: str = "") -> Response:
    """The form for one item: the one that is asked for, else the first without a review."""
    seen = await opened(here, request, token, "review", value=stars)
    lines, said = await here.db.read(_of_order, seen)
    line = _wanted(lines, said, item)
    before = said.get(key_of(line))
    chosen = number(stars, range(1, 6)) or (before.stars if before else None)
    typed = {"stars": chosen, "words": before.words if before else "", "fit": before.fit if before else ""}
    return _form(here, seen, line, typed)


@router.post("/review/{token}")
async def post_review(request: Request, here: Here, token: str) -> Response:
    """What the customer says of it."""
    seen = await opened(here, request, token, "review")
    form, photos, wrong = await read_form_with_photos(here, request)
    lines, said = await here.db.read(_of_order, seen)
    line = _wanted(lines, said, str(form.get("item") or ""))
    typed = _typed(form)
    problem = f"photo.{wrong}" if wrong else "" if typed["stars"] else "review.choose_stars"
    if problem:
        return _form(here, seen, line, typed, problem=problem)
    await here.db.run(_keep, seen, line, typed, photos)
    here.wake()
    rest = [one for one in lines if one.id != line.id and key_of(one) not in said]
    return here.page("thanks.html", seen.words, seen=seen, low=False, rest=rest)


def _of_order(session: Session, seen: Opened) -> tuple[list[OrderLine], dict[str, Review]]:
    order = _order(seen)
    lines = lines_of(session, order)
    if not lines:
        raise Closed(410, "gone", seen.words.language)
    return lines, reviews_of(session, order)


def _wanted(lines: list[OrderLine], said: dict[str, Review], item: str) -> OrderLine:
    named = next((line for line in lines if str(line.id) == item), None)
    return named or next((line for line in lines if key_of(line) not in said), lines[0])


def _typed(form: FormData) -> dict[str, Any]:
    fit = str(form.get("fit") or "")
    return {
        "stars": number(form.get("stars"), range(1, 6)),
        "words": text(form.get("words")),
        "fit": fit if fit in FITS else "",
    }


def _keep(session: Session, seen: Opened, line: OrderLine, typed: dict[str, Any], photos: list[Photo]) -> None:
    said = Said(line.id or 0, typed["stars"], typed["words"], typed["fit"], keep_photos(session, photos))
    try:
        review(session, _order(seen), seen.link, said, now=seen.now)
    except InputError:
        raise Closed(410, "gone", seen.words.language) from None


def _form(here: Site, seen: Opened, line: OrderLine, typed: dict[str, Any], *, problem: str = "") -> Response:
    terms = here.settings.feedback
    status = 400 if problem else 200
    return here.page(
        "review.html", seen.words, status=status, seen=seen, line=line, typed=typed, problem=problem, terms=terms
    )


def _order(seen: Opened) -> Order:
    if seen.about.order is None:
        raise Closed(410, "gone", seen.words.language)
    return seen.about.order
