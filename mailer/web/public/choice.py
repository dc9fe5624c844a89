"""/choice/TOKEN: wait for a late order, or cancel it. A wish to cancel goes to a person."""

from fastapi import APIRouter, Request
from sqlmodel import Session
from starlette.responses import Response

from mailer.feedback.choice import ANSWERS, choice_of, choose
from mailer.feedback.visit import by_robot
from mailer.model import Choice, Incident, Order
from mailer.web.public.forms import read_form, text
from mailer.web.public.site import Closed, Here, Opened, Site, opened

router = APIRouter()


@router.api_route("/choice/{token}", methods=["GET", "HEAD"])
async def show_choice(request: Request, here: Here, token: str, answer: str = "") -> Response:
    """Both answers, one of them chosen."""
    seen = await opened(here, request, token, "choice", value=answer)
    incident, _ = _late(seen)
    so_far = await here.db.read(choice_of, incident.id or 0)
    chosen = answer if answer in ANSWERS else so_far.answer if so_far else ""
    return _form(here, seen, chosen)


@router.post("/choice/{token}")
async def post_choice(request: Request, here: Here, token: str) -> Response:
    """What the customer wants."""
    seen = await opened(here, request, token, "choice")
    form = await read_form(request)
    answer = str(form.get("answer") or "")
    if answer not in ANSWERS:
        return _form(here, seen, "", problem=True)
    made = await here.db.run(_keep, here, seen, answer, text(form.get("comment")))
    here.wake()
    return here.page("chosen.html", seen.words, seen=seen, answer=made.answer)


def _keep(session: Session, here: Site, seen: Opened, answer: str, comment: str) -> Choice:
    incident, order = _late(seen)
    robot = by_robot(session, here.keys, seen.link, now=seen.now)
    return choose(session, incident, order, answer, comment, robot=robot, now=seen.now)


def _form(here: Site, seen: Opened, chosen: str, *, problem: bool = False) -> Response:
    incident, _ = _late(seen)
    status = 400 if problem else 200
    return here.page(
        "choice.html", seen.words, status=status, seen=seen, incident=incident, chosen=chosen, problem=problem
    )


def _late(seen: Opened) -> tuple[Incident, Order]:
    """What is late. Raises Closed when it is canceled already."""
    if seen.about.incident is None or seen.about.order is None or seen.about.order.canceled_at:
        raise Closed(410, "gone", seen.words.language)
    return seen.about.incident, seen.about.order
