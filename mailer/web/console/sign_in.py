"""The way in: a name and a password, or a link that works once. And the way out."""

from typing import Annotated

import structlog
from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from mailer.calendars import in_words
from mailer.web import auth
from mailer.web.console.forms import local_path
from mailer.web.desk import Desk, Here, Reader
from mailer.web.passwords import SHORTEST

log = structlog.get_logger()

router = APIRouter()

_WRONG = "The name or the password is wrong."

Field = Annotated[str, Form()]


@router.get("/sign-in")
async def show_sign_in(here: Here, next: str = "/queue") -> Response:
    """The form."""
    return _form(here, next=next)


@router.post("/session")
async def post_session(here: Here, name: Field = "", password: Field = "", next: Field = "/queue") -> Response:
    """Sign in by name and password."""
    now = here.clock.now()
    if wait := here.throttle.wait(name, now):
        problem = f"Too many tries for this name. Wait {in_words(wait)} and try again."
        return _form(here, status=429, problem=problem, name=name, next=next)
    here.throttle.count(name, now)
    found = await here.db.read(auth.credential, name.replace("\0", ""))
    right = await here.passwords.matches(found.password_hash if found else None, password)
    if found is None or not right:
        log.warning("sign_in_refused")
        return _form(here, status=401, problem=_WRONG, name=name, next=next)
    here.throttle.forget(name)
    log.info("signed_in", agent=found.agent_id)
    lasts = here.settings.web.session
    token = await here.db.run(auth.begin_session, found.agent_id, now=now, lasts=lasts)
    return _let_in(here, token, local_path(next))


@router.post("/session/end")
async def post_session_end(here: Here, person: Reader) -> Response:
    """Sign out, in this browser."""
    await here.db.run(auth.end_session, person.session_id, now=here.clock.now())
    response = RedirectResponse("/sign-in", 303)
    here.let_out(response)
    return response


@router.get("/welcome/{token}")
async def show_welcome(here: Here, token: str) -> Response:
    """What a one-time link opens. It uses nothing up: programs that look into mails follow links too."""
    return await _welcome(here, token)


@router.post("/welcome/{token}")
async def post_welcome(here: Here, token: str, password: Field = "", again: Field = "") -> Response:
    """Use the link up, and sign in."""
    invited = await here.db.read(auth.welcome, token, now=here.clock.now())
    problem = "" if invited.passwordless else choice_problem(password, again)
    if problem:
        return await _welcome(here, token, problem=problem)
    hashed = None if invited.passwordless else await here.passwords.hash(password)
    lasts = here.settings.web.session
    session = await here.db.run(auth.use_link, token, password_hash=hashed, now=here.clock.now(), lasts=lasts)
    return _let_in(here, session, "/queue")


def choice_problem(password: str, again: str) -> str:
    """What is wrong with a chosen password; nothing when it may be taken."""
    if len(password) < SHORTEST:
        return f"Choose at least {SHORTEST} characters."
    return "" if password == again else "The two passwords differ."


async def _welcome(here: Desk, token: str, problem: str = "") -> Response:
    invited = await here.db.read(auth.welcome, token, now=here.clock.now())
    status = 400 if problem else 200
    return here.pages.render("welcome.html", status=status, welcome=invited, problem=problem, shortest=SHORTEST)


def _form(here: Desk, *, status: int = 200, problem: str = "", name: str = "", next: str) -> Response:
    return here.pages.render("sign_in.html", status=status, problem=problem, name=name, next=local_path(next))


def _let_in(here: Desk, token: str, place: str) -> Response:
    response = RedirectResponse(place, 303)
    here.let_in(response, token)
    return response
