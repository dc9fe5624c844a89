"""A person's own matters: how they see the console, password, second factor, the browsers that are signed in."""

from datetime import datetime
from typing import Annotated, Any
from zoneinfo import available_timezones

from fastapi import APIRouter, Form, Query
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from mailer.errors import InputError, NotFound
from mailer.model import Agent, AgentSession
from mailer.web import auth, people, second_factor
from mailer.web.auth import SignedIn
from mailer.web.console.forms import Id
from mailer.web.console.sign_in import choice_problem
from mailer.web.desk import Desk, Here, Reader
from mailer.web.passwords import SHORTEST

router = APIRouter()

Word = Annotated[str, Form(max_length=200)]


@router.get("/account")
async def show_account(here: Here, person: Reader, saved: bool = False) -> Response:
    """Everything about the person who looks."""
    return await _account(here, person, saved=saved)


@router.post("/account/sight")
async def post_sight(
    here: Here,
    person: Reader,
    language: Word = "en",
    zone: Word = "",
    single_keys: Annotated[bool, Form()] = False,
) -> Response:
    """Language, zone and keys."""
    chosen: dict[str, Any] = {"language": language, "zone": zone.strip(), "single_keys": single_keys}
    try:
        await here.db.run(people.set_sight, person.agent_id, **chosen)
    except InputError as error:
        return await _account(here, person, problem=" ".join(error.problems), typed=chosen)
    return RedirectResponse("/account?saved=true", 303)


@router.post("/account/password")
async def post_password(
    here: Here,
    person: Reader,
    current: Annotated[str, Form(max_length=1000)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    again: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Another password; the one of now is asked for, and other browsers are signed out."""
    problem = await _wrong_password(here, person, current) or choice_problem(password, again)
    if problem:
        return await _account(here, person, problem=problem)
    hashed = await here.passwords.hash(password)
    now = here.clock.now()
    await here.db.run(people.set_password, person.agent_id, hashed, but=person.session_id, now=now)
    return RedirectResponse("/account?saved=true", 303)


@router.get("/account/second-factor")
async def show_second_factor(here: Here, person: Reader) -> Response:
    """The picture for an authenticator app, or how to remove it."""
    return await _second_factor(here, person, second_factor.fresh_nonce())


@router.get("/account/second-factor/picture")
async def show_picture(here: Here, person: Reader, nonce: Annotated[str, Query(max_length=100)]) -> Response:
    """The secret as a QR code, for whoever is signed in and has none yet."""
    if person.has_second_factor:
        raise NotFound("You have a second factor already.")
    picture = second_factor.picture(
        here.terms.keys, person.agent_id, nonce, name=person.name, shop=here.settings.shop.name
    )
    return Response(picture, media_type="image/svg+xml")


@router.post("/account/second-factor")
async def post_second_factor(here: Here, person: Reader, nonce: Word = "", code: Word = "") -> Response:
    """Switch it on, proven by a first code; the recovery codes are shown once."""
    typed = "".join(code.split())
    try:
        codes = await here.db.run(
            second_factor.enable, person.agent_id, nonce=nonce, code=typed, keys=here.terms.keys, now=here.clock.now()
        )
    except InputError as error:
        return await _second_factor(here, person, nonce, problem=" ".join(error.problems))
    return here.pages.render("second_factor.html", person=person, codes=codes, has=True, problem="")


@router.post("/account/second-factor/removal")
async def post_removal(here: Here, person: Reader, current: Annotated[str, Form(max_length=1000)] = "") -> Response:
    """Ask for no code any more; the password is asked for."""
    if problem := await _wrong_password(here, person, current):
        return await _second_factor(here, person, "", problem=problem)
    await here.db.run(second_factor.disable, person.agent_id)
    return RedirectResponse("/account?saved=true", 303)


@router.post("/account/sessions/{session_id}/end")
async def post_end(here: Here, person: Reader, session_id: Id) -> Response:
    """Sign one browser out."""
    await here.db.run(people.end_one, session_id, agent_id=person.agent_id, now=here.clock.now())
    return RedirectResponse("/account", 303)


@router.post("/account/sessions/end-others")
async def post_end_others(here: Here, person: Reader) -> Response:
    """Sign all other browsers out."""
    await here.db.run(people.end_others, agent_id=person.agent_id, but=person.session_id, now=here.clock.now())
    return RedirectResponse("/account", 303)


async def _account(
    here: Desk, person: SignedIn, *, problem: str = "", saved: bool = False, typed: dict[str, Any] | None = None
) -> Response:
    row, sessions, left = await here.db.read(_look, person.agent_id, now=here.clock.now())
    sight = {"language": row.language, "zone": row.zone, "single_keys": row.single_keys}
    return here.pages.render(
        "account.html",
        status=400 if problem else 200,
        person=person,
        now=here.clock.now(),
        sight=typed or sight,
        address=row.address,
        sessions=sessions,
        has_password=row.password_hash is not None,
        recovery_left=left,
        zones=sorted(available_timezones()),
        shortest=SHORTEST,
        problem=problem,
        saved=saved,
    )


def _look(session: Session, agent_id: int, *, now: datetime) -> tuple[Agent, list[AgentSession], int]:
    found = people.sessions_of(session, agent_id, now=now)
    return people.account(session, agent_id), list(found), second_factor.recovery_left(session, agent_id)


async def _wrong_password(here: Desk, person: SignedIn, current: str) -> str:
    now, tries = here.clock.now(), f"password of {person.agent_id}"
    if here.throttle.wait(tries, now):
        return "Too many tries. Wait a while and try again."
    here.throttle.count(tries, now)
    found = await here.db.read(auth.credential, person.name)
    if found is None:
        # Whoever came by a link without a password has none to give.
        return ""
    if not await here.passwords.matches(found.password_hash, current):
        return "Your password of now is wrong."
    here.throttle.forget(tries)
    return ""


async def _second_factor(here: Desk, person: SignedIn, nonce: str, problem: str = "") -> Response:
    values: dict[str, Any] = {"person": person, "has": person.has_second_factor, "codes": [], "problem": problem}
    if not person.has_second_factor:
        secret = second_factor.secret(here.terms.keys, person.agent_id, nonce)
        values |= {"nonce": nonce, "secret": secret}
    return here.pages.render("second_factor.html", status=400 if problem else 200, **values)
