"""People, tokens, webhooks and the audit log: what admins look after."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from mailer.errors import Conflict, InputError
from mailer.model import Role
from mailer.web import audit, auth, people, tokens, webhooks
from mailer.web.auth import SignedIn
from mailer.web.console.forms import Id
from mailer.web.desk import Admin, Desk, Here
from mailer.web.tokens import Scope

router = APIRouter()

PAGE = 100

Name = Annotated[str, Form(max_length=200)]
Page = Annotated[int, Query(ge=1, le=10_000)]


@router.get("/people")
async def show_people(here: Here, person: Admin) -> Response:
    """Everybody, with what they may do."""
    return await _people(here, person)


@router.post("/people")
async def post_person(
    here: Here, person: Admin, name: Name = "", role: Annotated[Role, Form()] = Role.AGENT, address: Name = ""
) -> Response:
    """Invite somebody; the link is shown once."""
    try:
        token = await here.db.run(people.invite, name.strip(), role, address.strip(), now=here.clock.now())
    except (InputError, Conflict) as error:
        return await _people(here, person, problem=str(error), name=name, address=address)
    return await _people(here, person, link=auth.welcome_address(here.settings.web, token), invited=name.strip())


@router.post("/people/{agent_id}/link")
async def post_link(request: Request, here: Here, person: Admin, agent_id: Id) -> Response:
    """A new link for somebody who lost theirs or forgot the password; shown once."""
    request.state.back = "/people"
    token = await here.db.run(people.link_anew, agent_id, now=here.clock.now())
    row = await here.db.read(people.account, agent_id)
    return await _people(here, person, link=auth.welcome_address(here.settings.web, token), invited=row.name)


@router.post("/people/{agent_id}/role")
async def post_role(
    request: Request, here: Here, person: Admin, agent_id: Id, role: Annotated[Role, Form()]
) -> Response:
    """Let somebody do more or less."""
    request.state.back = "/people"
    await here.db.run(people.change_role, agent_id, role)
    return _back()


@router.post("/people/{agent_id}/address")
async def post_address(request: Request, here: Here, person: Admin, agent_id: Id, address: Name = "") -> Response:
    """Where somebody reads mail: their test mails may go there."""
    request.state.back = "/people"
    await here.db.run(people.set_address, agent_id, address.strip())
    return _back()


@router.post("/people/{agent_id}/exit")
async def post_exit(request: Request, here: Here, person: Admin, agent_id: Id) -> Response:
    """Let somebody in no more; every browser of theirs is signed out."""
    request.state.back = "/people"
    await here.db.run(people.disable, agent_id, now=here.clock.now())
    return _back()


@router.post("/people/{agent_id}/return")
async def post_return(request: Request, here: Here, person: Admin, agent_id: Id) -> Response:
    """Let somebody in again."""
    request.state.back = "/people"
    await here.db.run(people.enable, agent_id)
    return _back()


@router.post("/people/{agent_id}/second-factor/removal")
async def post_removal_for(request: Request, here: Here, person: Admin, agent_id: Id) -> Response:
    """For somebody who lost their device and the recovery codes."""
    request.state.back = "/people"
    await here.db.run(people.drop_second_factor, agent_id, now=here.clock.now())
    return _back()


@router.post("/people/{agent_id}/sessions/end")
async def post_sessions_end(here: Here, person: Admin, agent_id: Id) -> Response:
    """Sign somebody out everywhere."""
    await here.db.run(auth.end_all_sessions, agent_id, here.clock.now())
    return _back()


@router.get("/people/tokens")
async def show_tokens(here: Here, person: Admin) -> Response:
    """What the shop's systems show to the API; none is shown itself."""
    return await _tokens(here, person)


@router.post("/people/tokens")
async def post_token(
    here: Here,
    person: Admin,
    name: Name = "",
    scope: Annotated[list[Scope], Form()] = [],  # noqa: B006  # FastAPI copies it
    days: Annotated[int, Form(ge=0, le=3650)] = 0,
) -> Response:
    """Make a token; it is shown once."""
    lasts = timedelta(days=days) if days else None
    try:
        token = await here.db.run(tokens.add_token, name.strip(), *scope, now=here.clock.now(), lasts=lasts)
    except (InputError, Conflict) as error:
        return await _tokens(here, person, problem=str(error), name=name)
    return await _tokens(here, person, token=token)


@router.post("/people/tokens/revocation")
async def post_revocation(request: Request, here: Here, person: Admin, name: Name) -> Response:
    """Let a token open nothing from now on."""
    request.state.back = "/people/tokens"
    await here.db.run(tokens.revoke, name, now=here.clock.now())
    return RedirectResponse("/people/tokens", 303)


@router.get("/people/webhooks")
async def show_webhooks(here: Here, person: Admin) -> Response:
    """Each source with its address, whether it has a secret, and what it delivered last."""
    found = await here.db.read(webhooks.doors, here.settings)
    return here.pages.render("people_webhooks.html", person=person, now=here.clock.now(), doors=found, part="webhooks")


@router.get("/people/audit")
async def show_audit(
    here: Here, person: Admin, page: Page = 1, who: Annotated[int, Query(ge=0)] = 0, at: str = ""
) -> Response:
    """Who did what, the newest first."""
    skipped = (page - 1) * PAGE
    found = await here.db.read(audit.entries, agent_id=who or None, place=at.strip(), limit=PAGE + 1, offset=skipped)
    everybody = await here.db.read(auth.all_agents)
    values: dict[str, Any] = {"entries": found[:PAGE], "more": len(found) > PAGE, "page": page, "who": who, "at": at}
    return here.pages.render("people_audit.html", person=person, people=everybody, part="audit", **values)


@router.get("/people/approvals")
async def show_approvals(here: Here, person: Admin, page: Page = 1) -> Response:
    """Who approved which bytes, by digest."""
    found = await here.db.read(audit.agreed, limit=PAGE + 1, offset=(page - 1) * PAGE)
    values: dict[str, Any] = {"agreed": found[:PAGE], "more": len(found) > PAGE, "page": page}
    return here.pages.render("people_approvals.html", person=person, part="approvals", **values)


async def _people(
    here: Desk,
    person: SignedIn,
    *,
    problem: str = "",
    name: str = "",
    address: str = "",
    link: str = "",
    invited: str = "",
) -> Response:
    now = here.clock.now()
    found = await here.db.read(people.people, now=now)
    values: dict[str, Any] = {
        "people": found,
        "roles": list(Role),
        "problem": problem,
        "name": name,
        "address": address,
        "link": link,
        "invited": invited,
    }
    status = 400 if problem else 200
    return here.pages.render("people.html", status=status, person=person, now=now, part="people", **values)


async def _tokens(here: Desk, person: SignedIn, *, problem: str = "", name: str = "", token: str = "") -> Response:
    found = await here.db.read(tokens.all_tokens)
    values: dict[str, Any] = {"tokens": found, "scopes": list(Scope), "problem": problem, "name": name, "token": token}
    status = 400 if problem else 200
    now = here.clock.now()
    return here.pages.render("people_tokens.html", status=status, person=person, now=now, part="tokens", **values)


def _back() -> Response:
    return RedirectResponse("/people", 303)
