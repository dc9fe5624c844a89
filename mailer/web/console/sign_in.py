"""The way in: a name and a password, or a link that works once. And the way out."""

from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

import structlog
from fastapi import APIRouter, Depends, Form, Request
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from mailer.calendars import in_words
from mailer.model import AgentSession
from mailer.web import auth
from mailer.web.auth import SignedIn
from mailer.web.console.forms import local_path
from mailer.web.desk import Desk, Here, NotSignedIn, Reader
from mailer.web.languages import N_, preferred
from mailer.web.passwords import SHORTEST
from mailer.web.second_factor import take_code

log = structlog.get_logger()

router = APIRouter()

_WRONG = N_("The name or the password is wrong.")
_WRONG_CODE = N_("This code is wrong, or was used before. Wait for the next one.")

Field = Annotated[str, Form(max_length=1000)]


async def owing(request: Request, here: Here) -> SignedIn:
    """Whoever gave a right password in this browser and owes a code. Raises NotSignedIn."""
    token = request.cookies.get(here.cookie)
    person = await here.db.read(auth.who_owes_a_code, token, now=here.clock.now()) if token else None
    if person is None:
        raise NotSignedIn("You are not signed in, or it took longer than five minutes.")
    return person


Owing = Annotated[SignedIn, Depends(owing)]


@router.get("/sign-in")
async def show_sign_in(request: Request, here: Here, next: str = "/queue") -> Response:
    """The form."""
    return _form(request, here, next=next)


@router.post("/session")
async def post_session(
    request: Request, here: Here, name: Field = "", password: Field = "", next: Field = "/queue"
) -> Response:
    """Sign in by name and password. Who has a second factor owes its code then."""
    now = here.clock.now()
    if wait := here.throttle.wait(name, now):
        problem = f"Too many tries for this name. Wait {in_words(wait)} and try again."
        return _form(request, here, status=429, problem=problem, name=name, next=next)
    here.throttle.count(name, now)
    found = await here.db.read(auth.credential, name.replace("\0", ""))
    right = await here.passwords.matches(found.password_hash if found else None, password)
    if found is None or not right:
        log.warning("sign_in_refused")
        return _form(request, here, status=401, problem=_WRONG, name=name, next=next)
    here.throttle.forget(name)
    lasts = auth.HALF_LASTS if found.owes_code else here.settings.web.session
    browser = request.headers.get("user-agent", "")
    token = await here.db.run(
        auth.begin_session, found.agent_id, now=now, lasts=lasts, half=found.owes_code, browser=browser
    )
    log.info("code_is_owed" if found.owes_code else "signed_in", agent=found.agent_id)
    return _let_in(here, token, _code_place(next) if found.owes_code else local_path(next))


@router.get("/sign-in/code")
async def show_code(here: Here, person: Owing, next: str = "/queue") -> Response:
    """Ask for the code of the second factor."""
    return here.pages.render("code.html", language=person.language, problem="", next=local_path(next))


@router.post("/session/code")
async def post_code(here: Here, person: Owing, code: Field = "", next: Field = "/queue") -> Response:
    """Give the code; the session begins anew, so that a cookie of before opens nothing."""
    now, tries = here.clock.now(), f"code of {person.agent_id}"
    if wait := here.throttle.wait(tries, now):
        problem = f"Too many tries. Wait {in_words(wait)} and try again."
        return _code_form(here, person, problem, 429, next)
    here.throttle.count(tries, now)
    if not await here.db.run(take_code, person.agent_id, code, keys=here.terms.keys, now=now):
        log.warning("code_refused", agent=person.agent_id)
        return _code_form(here, person, _WRONG_CODE, 401, next)
    here.throttle.forget(tries)
    token = await here.db.run(_whole_session, person, now=now, lasts=here.settings.web.session)
    log.info("signed_in", agent=person.agent_id)
    return _let_in(here, token, local_path(next))


@router.post("/session/end")
async def post_session_end(here: Here, person: Reader) -> Response:
    """Sign out, in this browser."""
    await here.db.run(auth.end_session, person.session_id, now=here.clock.now())
    response = RedirectResponse("/sign-in", 303)
    here.let_out(response)
    return response


@router.get("/welcome/{token}")
async def show_welcome(request: Request, here: Here, token: str) -> Response:
    """What a one-time link opens. It uses nothing up: programs that look into mails follow links too."""
    return await _welcome(request, here, token)


@router.post("/welcome/{token}")
async def post_welcome(request: Request, here: Here, token: str, password: Field = "", again: Field = "") -> Response:
    """Use the link up, and sign in."""
    invited = await here.db.read(auth.welcome, token, now=here.clock.now())
    problem = "" if invited.passwordless else choice_problem(password, again)
    if problem:
        return await _welcome(request, here, token, problem=problem)
    hashed = None if invited.passwordless else await here.passwords.hash(password)
    lasts = here.settings.web.session
    browser = request.headers.get("user-agent", "")
    session, owes_code = await here.db.run(
        auth.use_link, token, password_hash=hashed, now=here.clock.now(), lasts=lasts, browser=browser
    )
    return _let_in(here, session, _code_place("/queue") if owes_code else "/queue")


def choice_problem(password: str, again: str) -> str:
    """What is wrong with a chosen password; nothing when it may be taken."""
    if len(password) < SHORTEST:
        return f"Choose at least {SHORTEST} characters."
    return "" if password == again else "The two passwords differ."


async def _welcome(request: Request, here: Desk, token: str, problem: str = "") -> Response:
    invited = await here.db.read(auth.welcome, token, now=here.clock.now())
    status = 400 if problem else 200
    values: dict[str, Any] = {"welcome": invited, "problem": problem, "shortest": SHORTEST}
    return here.pages.render("welcome.html", status=status, language=_language(request), **values)


def _form(request: Request, here: Desk, *, status: int = 200, problem: str = "", name: str = "", next: str) -> Response:
    values: dict[str, Any] = {"problem": problem, "name": name, "next": local_path(next)}
    return here.pages.render("sign_in.html", status=status, language=_language(request), **values)


def _code_form(here: Desk, person: SignedIn, problem: str, status: int, next: str) -> Response:
    values: dict[str, Any] = {"problem": problem, "next": local_path(next)}
    return here.pages.render("code.html", status=status, language=person.language, **values)


def _code_place(next: str) -> str:
    return f"/sign-in/code?{urlencode({'next': local_path(next)})}"


def _whole_session(session: Session, person: SignedIn, *, now: datetime, lasts: timedelta) -> str:
    half = session.get_one(AgentSession, person.session_id)
    auth.end_session(session, person.session_id, now=now)
    return auth.begin_session(session, person.agent_id, now=now, lasts=lasts, browser=half.browser)


def _language(request: Request) -> str:
    return preferred(request.headers.get("accept-language", ""))


def _let_in(here: Desk, token: str, place: str) -> Response:
    response = RedirectResponse(place, 303)
    here.let_in(response, token)
    return response
