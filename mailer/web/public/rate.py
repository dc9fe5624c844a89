"""/rate/TOKEN: one question, one answer. GET shows the chosen answer with one button; POST keeps it."""

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import Response

from mailer.feedback.survey import Answer, is_low, rate, rating_of, values_of
from mailer.feedback.visit import by_robot
from mailer.model import Rating
from mailer.web.public.forms import number, read_form, text
from mailer.web.public.site import Here, Opened, Site, opened

router = APIRouter()


@router.api_route("/rate/{token}", methods=["GET", "HEAD"])
async def show_rating(request: Request, here: Here, token: str, value: str = "") -> Response:
    """The question; nothing is recorded but the visit."""
    seen = await opened(here, request, token, "rate", value=value)
    so_far = await here.db.read(rating_of, seen.link)
    chosen = number(value, values_of(seen.link.question))
    return _form(here, seen, so_far.value if chosen is None and so_far else chosen, so_far)


@router.post("/rate/{token}")
async def post_rating(request: Request, here: Here, token: str) -> Response:
    """The answer."""
    seen = await opened(here, request, token, "rate")
    form = await read_form(request)
    value = number(form.get("value"), values_of(seen.link.question))
    if value is None:
        return _form(here, seen, None, None, problem=True)
    rating = await here.db.run(_keep, here, seen, value, text(form.get("comment")))
    here.wake()
    low = is_low(rating.question, rating.value)
    return here.page("thanks.html", seen.words, seen=seen, low=low, rest=())


def _keep(session: Session, here: Site, seen: Opened, value: int, comment: str) -> Rating:
    robot = by_robot(session, here.keys, seen.link, now=seen.now)
    return rate(session, seen.link, Answer(value, comment, "page", robot), now=seen.now)


def _form(here: Site, seen: Opened, chosen: int | None, so_far: Rating | None, *, problem: bool = False) -> Response:
    status = 400 if problem else 200
    values = values_of(seen.link.question)
    return here.page(
        "rate.html", seen.words, status=status, seen=seen, values=values, chosen=chosen, so_far=so_far, problem=problem
    )
